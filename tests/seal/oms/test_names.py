"""Names: what a seal can list, and what neither a signer nor a verifier touches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import InvalidError, UsageError
from redan.seal.oms import names

BAD = {
    "empty": "",
    "absolute": "/etc/passwd",
    "drive": "C:/x",
    "drive relative": "c:x",
    "parent": "..",
    "parent first": "../secret.txt",
    "parent inside": "a/../../b",
    "parent last": "a/..",
    "dot": ".",
    "dot first": "./a",
    "dot inside": "a/./b",
    "double": "a//b",
    "trailing": "a/",
    "NUL": "a\0b",
    "newline": "a\nb",
    "return": "a\rb",
    "escape": "a\x1b[2Jb",
    "delete": "a\x7f",
    "C1": "a\x9bb",
    "line separator": "a\u2028b",
    "backslash": "a\\b",
    "backslash parent": "..\\secret",
    "UNC": "\\\\host\\share",
    "surrogate": "a\udcffb",
    "long part": "a" * 256,
    "long": "/".join(["a" * 200] * 25),
}
GOOD = [
    "a",
    "a/b",
    "...",
    "..a",
    "a..",
    ".hidden",
    ".cache/x",
    "a b",
    "file (copy).bin",
    "模型.bin",
    "ab:0:10",
    "*?[x]",
    "é",
    "e\u0301",
    "C",
    "👩‍🔬",
]


@pytest.mark.parametrize("case", BAD)
def test_tricky_names_are_refused(case):
    """Every way to leave the folder, to be two names at once or to steer a terminal has its sentence."""
    assert names.fault(BAD[case])
    with pytest.raises(InvalidError, match="the seal lists a name that"):
        names.listed([BAD[case]])


@pytest.mark.parametrize("name", GOOD)
def test_ordinary_names_are_accepted(name):
    """Spaces, dots, letters of any script and signs that only a shell minds are names like others."""
    assert names.fault(name) is None
    names.listed([name])


def test_a_name_stands_once():
    """A list that names a file twice could give it two digests."""
    with pytest.raises(InvalidError, match="lists 'a' twice"):
        names.listed(["b", "a", "a"])


@given(st.text(max_size=60))
def test_accepted_names_stay_below_any_folder(name):
    """What is accepted joins to a path whose parts are exactly those of the name, none of them special."""
    if names.fault(name) is None:
        parts = name.split("/")
        assert all(part not in {"", ".", ".."} and "\0" not in part and "\\" not in part for part in parts)
        assert not name.startswith("/")
        assert name.encode().decode() == name
        assert name.isprintable() or not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in name)


def test_ignored_paths_are_exact():
    """Globs, absolute and climbing paths are refused; a trailing slash, an order and a repetition do not matter."""
    assert names.checked_ignore(["b/", "a", "b"]) == ("a", "b")
    for path in ("*.txt", "a[1]", "x?", "/a", "../a", "./a", "", "a\nb"):
        with pytest.raises(UsageError, match="cannot ignore"):
            names.checked_ignore([path])


def test_under_means_the_path_or_what_is_below_it():
    """`cache` covers `cache/x`, and neither `cached` nor `sub/cache`."""
    assert names.under("cache", ["cache"]) == "cache"
    assert names.under("cache/x/y", ["a", "cache"]) == "cache"
    assert names.under("cached", ["cache"]) is None
    assert names.under("sub/cache", ["cache"]) is None
