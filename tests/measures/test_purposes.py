"""Purposes by their words: the same, other endings, several, and none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.measures.purposes import covered


@pytest.mark.parametrize(
    ("use", "purposes", "share"),
    [
        ("predict churn", "churn prediction", 1.0),
        ("Predicts which customers churn.", "billing, prevention of churn", 1.0),
        ("planning of networks", "network planning", 1.0),
        ("predict churn", "billing and network planning", 0.0),
        ("predict churn", "data analysis", None),
        ("predict", "churn", None),
        ("", "churn", None),
        ("churn", "", None),
        ("credit risk of new contracts", "contracts management, fraud", 0.5),
    ],
)
def test_uses_against_purposes(use, purposes, share):
    """The share of telling words in common with the nearest purpose."""
    assert covered(use, purposes) == share


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_words_have_an_answer(use, purposes):
    """A share between 0 and 1, or none; a text covers itself wholly."""
    share = covered(use, purposes)
    assert share is None or 0 <= share <= 1
    assert covered(use, use) in {None, 1.0} or "," in use or ";" in use or "/" in use or "|" in use or " " in use
