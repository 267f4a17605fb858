"""Words of the reports: what the required questions came to."""

import re
from dataclasses import replace

from redan.reports.words import tally
from redan.terms import Outcome


def with_all_broken_known(material):
    """The same material, with everything that is broken in the baseline."""
    rows = tuple(
        replace(
            row,
            findings=tuple(replace(j, known=j.finding.outcome is Outcome.BROKEN) for j in row.findings),
            required=True,
        )
        for row in material.judgement.rows
    )
    return replace(material, judgement=replace(material.judgement, rows=rows))


def test_accepted_breaks_are_counted_apart(small_material):
    """What is broken and accepted is said to be so, lest a met gate seem to contradict itself."""
    broken = re.search(r"(\d+) broken", tally(small_material))
    assert broken
    assert "accepted" not in tally(small_material)
    assert f"{broken[1]} broken ({broken[1]} accepted)" in tally(with_all_broken_known(small_material))
