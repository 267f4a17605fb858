"""The memo of the walker holds what a plain table would hold."""

from hypothesis import given
from hypothesis import strategies as st

from redan.scan.pickles.memo import Memo

KEYS = st.one_of(st.integers(0, 6), st.integers(0, 1 << 62))


@given(st.lists(st.one_of(KEYS, st.none()), max_size=40))
def test_a_memo_is_a_table(keys):
    """Whatever the order of keys, each holds what was last put there, and the count is that of a dict."""
    memo, plain = Memo(), {}
    for value, key in enumerate(keys):
        where = len(plain) if key is None else key
        memo[where] = value
        plain[where] = value
        assert len(memo) == len(plain)
    assert all(key in memo and memo[key] == value for key, value in plain.items())
    assert all((key in memo) == (key in plain) for key in range(-3, 50))
    copied = memo.copy()
    copied[0] = "other"
    assert 0 not in plain or memo[0] == plain[0]
