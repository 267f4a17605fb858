"""Checks of transfer on systems that lack something, or hold something strange: a verdict with its reason, no traceback."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest

from redan.controls.a_mlsg_001.c004_models_are_trained_for_their_site import sites
from redan.controls.a_mlsg_001.c004_models_are_trained_for_their_site.vectors import vectors as of_sites
from redan.controls.a_mlsg_001.n001_redundancy_is_not_counted_on.vectors import vectors as of_votes
from redan.controls.aips_ora.ora_03_public_base_does_not_keep_the_door_open.vectors import vectors as of_bases
from redan.controls.planted_networks import linear, samples_csv, samples_npz, task
from redan.system.read import read
from redan.terms import Outcome
from redan.testing import answer
from redan.testing.vectors import write_vector


def npz(x, y):
    """An `.npz` of arrays."""
    held = io.BytesIO()
    np.savez(held, x=x, y=y)
    return held.getvalue()


def vector(found, check, name):
    """One of the vectors."""
    return next(v for v in found if check in v.check and name in v.name)


VOTE = vector(of_votes(), "examples-do-not-transfer", "look-alikes")
JOINT = vector(of_votes(), "joint-attack", "look-alikes")
BASE = vector(of_bases(), "base-attacks", "last layer")
LOWERS = vector(of_sites(), "lowers", "hardly")
MADE = task(30, columns=24, classes=3, seed=7)


def described(start, change, **files):
    """A vector with another description and other files."""
    text = change(start.files["redan.toml"].decode())
    assert text != start.files["redan.toml"].decode() or files
    named = {name.replace("_", "."): data for name, data in files.items()}
    return replace(start, files={**start.files, **named, "redan.toml": text.encode()})


def same(text):
    """No other description."""
    return text


def without(pattern):
    """A description without what matches."""
    return lambda text: re.sub(pattern, "", text)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (described(VOTE, without(r"threats = .*\n")), "declares no threat model"),
        (described(VOTE, without(r'path = "m1.onnx"\n')), "no path is declared"),
        (described(VOTE, without(r'path = "test.npz"\n')), "no data"),
        (
            described(VOTE, lambda text: text.replace("test.npz", "test.csv"), test_csv=samples_csv(MADE)),
            "the data is a table",
        ),
        (described(JOINT, same, m1_onnx=linear(MADE.frail[:, :2])), "classes"),
        (described(JOINT, same, test_npz=npz(MADE.x + 3.0, MADE.y)), "the box is from"),
        (described(VOTE, same, test_npz=npz(MADE.x, MADE.y + 5)), "model of 3 classes"),
        (described(VOTE, lambda text: text.replace("linf:", "l1:")), "no steps for l1"),
        (described(BASE, without(r'base = "downloaded"\n')), "is not described"),
        (described(BASE, same, test_npz=samples_npz(task(30, seed=3))), "too few"),
        (described(LOWERS, without(r'base = "shared"\n')), "name no shared model"),
        (described(LOWERS, same, north_npz=npz(MADE.x[:1] * np.nan, MADE.y[:1])), ""),
    ],
    ids=lambda value: value if isinstance(value, str) else value.check.rpartition("/")[2],
)
def test_what_is_missing_is_said(changed, reason, tmp_path):
    """Not run, with the reason and at a line of the description; never an error, never a pass."""
    found = answer(changed, tmp_path)
    assert {one.outcome for one in found} == {Outcome.NOT_RUN}, [one.message for one in found]
    assert all(reason in one.message for one in found), [one.message for one in found]
    assert all(one.location is not None for one in found)


def test_members_that_rest_on_different_things_do_not_make_a_vote_safe(tmp_path):
    """Nothing carries from one to another, and all fall at once: the one question holds, the other is broken."""
    made = task(30, columns=36, classes=3, seed=7)
    kept = np.arange(36) // 3 % 3
    parts = [np.where((kept == place)[:, None], 3.0 * made.frail, 0.0).astype(np.float32) for place in range(3)]
    files = {f"m{place}_onnx": linear(part) for place, part in enumerate(parts)}
    smaller = described(JOINT, lambda text: text.replace("linf:0.06", "linf:0.02"), test_npz=samples_npz(made), **files)
    assert {one.outcome for one in answer(smaller, tmp_path)} == {Outcome.BROKEN}


def test_a_bound_of_the_description_decides(tmp_path):
    """All of a vote may fall where the description agrees to all."""
    tolerant = described(JOINT, lambda text: text + '\n[controls."A-MLSG-001-N001"]\nthreshold = 1.0\n')
    found = answer(tolerant, tmp_path)
    assert Outcome.BROKEN not in {one.outcome for one in found}
    assert {one.measure.threshold for one in found} == {1.0}


def test_the_same_seed_gives_the_same_findings(tmp_path):
    """Byte for byte, the pictures included."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = (answer(VOTE, tmp_path / name) for name in ("a", "b"))
    assert [one.to_json() for one in first] == [one.to_json() for one in second]
    assert {picture["kind"] for one in first for picture in one.detail["pictures"]} == {"transfer"}


def test_models_are_grouped_by_what_they_were_made_from(tmp_path):
    """A model that serves two sites is shared; two of one base with sites of their own are a group; one alone is none."""
    write_vector(LOWERS, tmp_path)
    system = read(tmp_path / "redan.toml")
    assert [sorted(m.name for m in group.models) for group in sites.groups(system)] == [["north-model", "south-model"]]
    assert sites.groups(system)[0].base.name == "shared"
    assert sites.shared(system) == ()
    text = (tmp_path / "redan.toml").read_text(encoding="utf-8")
    both = '\n[[endpoint]]\nname = "{0}"\nmodel = "north-model"\nsite = "{0}"\n'
    (tmp_path / "redan.toml").write_text(text + both.format("north") + both.format("south"), encoding="utf-8")
    served = read(tmp_path / "redan.toml")
    assert [model.name for model in sites.shared(served)] == ["north-model"]
    assert sites.groups(served) == ()
