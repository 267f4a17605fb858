"""What the first classes with their probabilities tell lies between the classes alone and all probabilities."""

from hypothesis import given
from hypothesis import strategies as st

from redan.guards.leak import Form, told


@given(st.integers(2, 50), st.integers(1, 50), st.integers(0, 8))
def test_the_first_classes_tell_more_than_their_names_and_no_more_than_everything(size, top, digits):
    """At any number of classes and digits."""
    shown = told(Form("shown", size, digits, min(top, size)))
    assert 0 < shown <= told(Form("probabilities", size, digits)) + 1e-12
    assert shown >= told(Form("shown", size, digits, 1)) - 1e-12
