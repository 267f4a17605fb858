"""Names of targets and what is said about releases: one way to write each, and hostile ones refused."""

import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import InvalidError, UsageError
from redan.seal.distribution.names import check_word, fault, parse, target_path
from redan.seal.distribution.records import Target
from redan.seal.distribution.releases import newest, releases_of

ROOT = Path(__file__).resolve().parents[3]
WORDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,20}", fullmatch=True)
DIGEST = "ab" * 32


def fuzz_target():
    spec = importlib.util.spec_from_file_location("fuzz_distribution", ROOT / "fuzz" / "fuzz_distribution.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TestOneInput


@given(WORDS, WORDS, st.text(min_size=1, max_size=40))
def test_a_name_is_read_back_as_it_was_written(name, version, path):
    """Every path that can be published comes back from its target's name; the others are refused."""
    if fault(path) is not None:
        with pytest.raises((InvalidError, UnicodeEncodeError)):
            parse(target_path(name, version, "file", path))
        return
    target = target_path(name, version, "file", path)
    assert target.isascii()
    assert parse(target) == (name, version, "file", path)


@given(st.binary(max_size=200))
def test_no_bytes_confuse_the_reader(data):
    """The fuzz target holds for whatever hypothesis thinks of."""
    fuzz_target()(data)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "releases/churn/1/seal.json",
                "releases/churn/1/key.pub",
                "releases/churn/1/files/a",
                "releases/churn/1/files/a/b",
            ]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(["name", "version", "number", "root", "kind", "key_id"]), inner, max_size=6
                )
            ),
            max_leaves=8,
        ),
    )
)
def test_no_description_confuses_the_reader(said):
    """Descriptions of any shape are read or refused."""
    fuzz_target()(json.dumps(said).encode())


@pytest.mark.parametrize("word", ["", "..", ".hidden", "a/b", "a b", "a\0", "é", "a" * 81, "v1.", "-x", "a\n"])
def test_words_that_name_nothing(word):
    """A name or version that is not one plain segment is refused."""
    with pytest.raises(UsageError, match="of a release"):
        check_word(word, "name")


def described(**changes):
    said = {"name": "churn", "version": "1", "number": 4, "root": DIGEST, "kind": "folder", "key_id": DIGEST}
    start = "releases/churn/1/"
    return {
        f"{start}seal.json": Target(path=f"{start}seal.json", length=9, sha256=DIGEST, custom={**said, **changes}),
        f"{start}key.pub": Target(path=f"{start}key.pub", length=9, sha256=DIGEST),
        f"{start}files/a": Target(path=f"{start}files/a", length=5, sha256=DIGEST),
    }


def test_a_release_is_read():
    """What is said about a release, and its files, are one record."""
    release = newest(described(), "churn")
    assert (release.version, release.number, release.size) == ("1", 4, 5)
    assert [file.path for file in release.files] == ["a"]
    assert newest(described(), "other") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"number": True},
        {"number": 0},
        {"number": 2**60},
        {"number": "4"},
        {"root": "ab"},
        {"root": None},
        {"key_id": DIGEST.upper()},
        {"kind": "link"},
        {"name": "other"},
        {"version": "2"},
        {"more": 1},
    ],
)
def test_values_that_cannot_be(changes):
    """A description that is malformed, or is of another release, is refused."""
    with pytest.raises(InvalidError, match="malformed"):
        releases_of(described(**changes), "churn")


@pytest.mark.parametrize("gone", ["seal.json", "key.pub", "files/a"])
def test_a_release_without_a_part(gone):
    """Seal, key and files belong together."""
    targets = {path: target for path, target in described().items() if not path.endswith(gone)}
    with pytest.raises(InvalidError, match="lacks its seal, its key or its files"):
        releases_of(targets, "churn")


def test_a_file_that_is_a_folder_too():
    """`a` and `a/b` cannot both be."""
    targets = described()
    path = "releases/churn/1/files/a/b"
    with pytest.raises(InvalidError, match="a file that is a folder too"):
        releases_of({**targets, path: Target(path=path, length=1, sha256=DIGEST)}, "churn")


def test_a_seal_that_is_too_large():
    """A length that no seal has is not downloaded."""
    targets = described()
    seal = next(path for path in targets if path.endswith("seal.json"))
    targets[seal] = Target(path=seal, length=1 << 40, sha256=DIGEST, custom=targets[seal].custom)
    with pytest.raises(InvalidError, match="too large"):
        releases_of(targets, "churn")
