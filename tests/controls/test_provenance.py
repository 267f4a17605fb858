"""Published digests: which of them bind a file, and which words pass for one."""

import datetime as dt
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.artifacts.history import History
from redan.controls.a_mlsg_002.n001_no_dataset_of_unknown_provenance.published import DIGEST
from redan.controls.announced import malformed
from redan.runner.answer import World
from redan.runner.plan import plan
from redan.runner.run import run
from redan.system.read import read
from redan.terms import Outcome

A, B = b"a\n1\n", b"a\n2\n"
SHA = {"a": hashlib.sha256(A).hexdigest(), "b": hashlib.sha256(B).hexdigest(), "raw": hashlib.sha256(A + B).hexdigest()}


def outcomes(folder, sources, datasets):
    (folder / "a.csv").write_bytes(A)
    (folder / "b.csv").write_bytes(B)
    parts = ['[system]\nname = "x"\nstage = "training"']
    for name, digest in sources.items():
        stated = f'published_sha256 = "{digest}"' if digest else ""
        parts.append(f'[[source]]\nname = "{name}"\nkind = "public"\n{stated}')
    for name, (feeds, digest) in datasets.items():
        stated = f'sha256 = "{digest}"' if digest else ""
        listed = ", ".join(f'"{s}"' for s in feeds)
        parts.append(
            f'[[dataset]]\nname = "{name}"\nrole = "train"\npath = "{name}.csv"\nsources = [{listed}]\n{stated}'
        )
    (folder / "redan.toml").write_text("\n".join(parts))
    world = World(now=dt.datetime(2026, 6, 1, tzinfo=dt.UTC), history=History(), seed=0, tool="0")
    results = run(plan(read(folder), only=[DIGEST]), world, {})
    found = [f for c in results.controls for f in c.findings if f.check == DIGEST]
    return {f.subject.partition(":")[2]: f.outcome for f in found}


def test_two_files_split_from_one_published_file_need_digests_of_their_own(tmp_path):
    """Neither half equals what was published: broken, until each states its own digest."""
    raw = {"site": SHA["raw"]}
    found = outcomes(tmp_path, raw, {"a": (["site"], None), "b": (["site"], SHA["b"])})
    assert found == {"a": Outcome.BROKEN, "b": Outcome.HOLDS}


def test_two_datasets_of_one_source_hold_when_one_is_the_published_file(tmp_path):
    """The one that equals the published digest holds; the other is not vouched for."""
    found = outcomes(tmp_path, {"site": SHA["a"]}, {"a": (["site"], None), "b": (["site"], None)})
    assert found == {"a": Outcome.HOLDS, "b": Outcome.BROKEN}


def test_a_join_of_two_sources_is_bound_by_its_own_digest(tmp_path):
    """Published digests of the parts do not bind the join; its own does."""
    sources = {"one": SHA["raw"], "two": None}
    assert outcomes(tmp_path, sources, {"a": (["one", "two"], SHA["a"])}) == {"a": Outcome.HOLDS}
    assert outcomes(tmp_path, sources, {"a": (["one", "two"], SHA["b"])}) == {"a": Outcome.BROKEN}


def test_a_malformed_digest_of_a_source_is_found_beside_a_good_one(tmp_path):
    """A pinned digest does not hide that the source states a digest of the wrong length."""
    assert outcomes(tmp_path, {"one": SHA["a"][:40]}, {"a": (["one"], SHA["a"])}) == {"a": Outcome.BROKEN}


@pytest.mark.parametrize(
    ("digits", "said"), [(32, "an MD5"), (40, "a SHA-1"), (63, "63 hex digits"), (128, "a SHA-512")]
)
def test_wrong_lengths_are_named(digits, said):
    """The message says which digest has that length."""
    assert said in (malformed("a" * digits) or "")


@given(st.binary())
def test_every_sha256_is_well_formed(data):
    """In either case, with or without prefix."""
    digest = hashlib.sha256(data).hexdigest()
    assert malformed(digest) is None
    assert malformed(f" sha256:{digest.upper()} ") is None


@given(st.text(max_size=70))
def test_any_other_text_is_refused_or_hexadecimal(text):
    """Only 64 hex digits pass."""
    if malformed(text) is None:
        assert len([c for c in text.lower() if c in "0123456789abcdef"]) >= 64
