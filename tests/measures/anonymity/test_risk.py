"""Risk of recognition: exact figures, the estimate from a sample, and intervals that cover."""

import numpy as np
import pandas as pd
import pytest

from redan.errors import UsageError
from redan.measures.anonymity import k_anonymity, reidentification_risk
from redan.measures.anonymity.findings import group_finding, risk_finding
from redan.terms import Outcome


def people(rng, n, kinds=400, power=1.2):
    """Persons whose quasi-identifier is frequent or rare, as names of places are."""
    weights = 1.0 / np.arange(1, kinds + 1) ** power
    return pd.DataFrame({"q": rng.choice(kinds, n, p=weights / weights.sum())})


def test_figures_of_a_small_table():
    """Groups of 1, 2 and 7: three of ten guesses are right, three persons of ten are exposed, one is alone."""
    found = reidentification_risk(pd.DataFrame({"q": [0] + [1] * 2 + [2] * 7}), ["q"])
    assert found.recognised == pytest.approx(0.3)
    assert (found.exposed, found.unique, found.highest) == pytest.approx((0.3, 0.1, 1.0))


def test_intervals_cover_what_other_tables_of_the_same_people_show():
    """In 300 draws both 95 % intervals hold the mean over 2,000 draws at least 285 times."""
    rng = np.random.default_rng(5)
    drawn = [reidentification_risk(people(rng, 600), ["q"]) for _ in range(300)]
    truth = [np.bincount(people(rng, 600)["q"]) for _ in range(2000)]
    recognised = np.mean([(sizes > 0).sum() / 600 for sizes in truth])
    exposed = np.mean([sizes[sizes < 5].sum() / 600 for sizes in truth])
    assert sum(f.interval.low <= recognised <= f.interval.high for f in drawn) >= 285
    assert sum(f.exposed_interval.low <= exposed <= f.exposed_interval.high for f in drawn) >= 285


def test_range_of_the_options():
    """A group of nobody is refused."""
    with pytest.raises(UsageError):
        reidentification_risk(pd.DataFrame({"q": [1]}), ["q"], k=0)


def test_findings_tell_suppressed_rows_and_refuse_without_rows():
    """Suppressed rows are counted in words; when all are suppressed nothing is claimed."""
    some = k_anonymity(pd.DataFrame({"q": ["a"] * 9 + [None]}), ["q"])
    finding = group_finding("x", some, ["q"])
    assert finding.outcome is Outcome.HOLDS
    assert "1 row of 10 (10.0%) are suppressed" in finding.message
    none = pd.DataFrame({"q": [None, None]}, dtype=object)
    assert group_finding("x", k_anonymity(none, ["q"]), ["q"]).outcome is Outcome.NOT_RUN
    assert risk_finding("x", reidentification_risk(none, ["q"]), ["q"]).outcome is Outcome.NOT_RUN


def test_pictures_hold_shares_that_sum_to_one():
    """The picture of group sizes has every person once, and flags the classes below k."""
    found = k_anonymity(people(np.random.default_rng(1), 900), ["q"])
    picture = group_finding("x", found, ["q"], k=11).detail["pictures"][0]
    assert sum(picture["values"]) == pytest.approx(1.0)
    assert "5 to 9" in picture["names"] or "5 to 10" in picture["names"]
    assert set(picture["flagged"]) <= set(picture["names"])
