"""Authors of feedback: counted as persons, whatever they write around their names."""

from collections import Counter

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.errors import InputError
from redan.measures.feedback import voices
from redan.measures.feedback.voices import named
from redan.tables import table_of


@pytest.mark.parametrize("name", [None, "", "  ", "Anonymous", "n/a", "UNKNOWN", "null", float("nan")])
def test_nobody_is_nobody(name):
    """Words that stand where a name is missing are no author."""
    assert named(name) is None


def test_one_person_is_one_voice():
    """Capitals and blanks do not make two people of one."""
    found = voices(table_of(pd.DataFrame({"who": ["Ann", "ann ", " ANN", "bob", None]})), "who", cap=2)
    assert (found.contributors, found.unnamed, found.most, found.over, found.beyond) == (2, 1, 3, 1, 1)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c", None]), st.sampled_from(["a", "r", None])), min_size=1, max_size=50
    ),
    st.integers(1, 20),
)
def test_counts_are_those_of_a_naive_twin(rows, cap):
    """Any entries: authors, those over the cap, those not reviewed, and those reviewed by their author."""
    found = voices(table_of(pd.DataFrame(rows, columns=["who", "by"], dtype="string")), "who", cap=cap, reviewer="by")
    counts = Counter(who for who, _ in rows if who)
    assert found.entries == len(rows)
    assert sorted(v.entries for v in found.loudest) == sorted(counts.values())
    assert (found.over, found.beyond) == (
        sum(n > cap for n in counts.values()),
        sum(max(0, n - cap) for n in counts.values()),
    )
    assert found.unreviewed == sum(by is None for _, by in rows)
    assert found.own == sum(by is not None and by == who for who, by in rows)


def test_names_are_not_shown():
    """Only short digests leave, the same for the same name."""
    found = voices(table_of(pd.DataFrame({"who": ["carol.jones@example.org"] * 3 + ["dave"]})), "who")
    assert "carol" not in repr(found)
    assert len({v.name for v in found.loudest}) == 2


def test_numbers_are_names_and_columns_must_exist():
    """Account numbers count as authors; an unknown column is refused."""
    data = table_of(pd.DataFrame({"who": [7, 7, 8]}))
    assert voices(data, "who").most == 2
    with pytest.raises(InputError, match="no column"):
        voices(data, "by")


def test_no_entries():
    """An empty file has no voice."""
    found = voices(table_of(pd.DataFrame({"who": pd.Series([], dtype="string")})), "who", cap=1)
    assert (found.entries, found.most, found.over) == (0, 0, 0)
