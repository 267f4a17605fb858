"""Scores from answers, matrices, and their files."""

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.inference.membership.plants import drawn
from redan.attacks.inference.membership import (
    matrix_from,
    phi_of_logits,
    phi_of_probabilities,
    read_matrix,
    save_matrix,
)
from redan.attacks.inference.membership.matrix_file import matrix_of
from redan.attacks.inference.membership.scores import floor_of, phi_of_answers
from redan.errors import InputError

sys.path.insert(0, str(Path(__file__).parents[4] / "fuzz"))


@given(st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_logits_and_probabilities_agree(classes, seed):
    """Both ways to the log-odds agree, and adding a constant to logits changes nothing."""
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(0, 5, (8, classes)), rng.integers(0, classes, 8)
    shares = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    ours = phi_of_logits(logits, labels)
    np.testing.assert_allclose(ours, phi_of_probabilities(shares, labels, 1e-300), atol=1e-9)
    np.testing.assert_allclose(ours, phi_of_logits(logits + 100, labels), atol=1e-9)
    np.testing.assert_allclose(ours, phi_of_answers(logits, labels), atol=1e-12)


def test_far_logits_lose_nothing():
    """A probability that rounds to one still has its own log-odds."""
    assert phi_of_logits(np.array([[500.0, 0.0]]), np.array([0]))[0] == 500.0


def test_coarse_answers_have_a_coarse_floor():
    """A forest's probability of nothing stands for half of the least it shows; labels are right or wrong."""
    forest = np.array([[1.0, 0.0], [0.99, 0.01]])
    assert floor_of(forest) == pytest.approx(0.001)
    told = phi_of_answers(forest, np.array([0, 0]))
    assert told[0] == pytest.approx(np.log(1000))
    assert phi_of_answers(np.array([1, 0]), np.array([1, 1])).tolist() == [1.0, -1.0]


@pytest.mark.parametrize(
    ("scores", "labels"),
    [
        (np.zeros((2, 1)), np.zeros(2, int)),
        (np.zeros((2, 3)), np.array([0, 3])),
        (np.zeros((2, 3)), np.array([0.5, 1])),
        (np.full((1, 2), np.nan), np.array([0])),
        (np.zeros((2, 2)), np.zeros(3, int)),
    ],
)
def test_misfits_are_refused(scores, labels):
    """One class, labels that are no class, NaN and other lengths are refused."""
    with pytest.raises(InputError):
        phi_of_logits(scores, labels)


@pytest.mark.parametrize(
    ("phi", "inside", "targets"),
    [
        (np.zeros((2, 3)), np.zeros((3, 2)), (0,)),
        (np.full((2, 3), np.nan), np.zeros((2, 3)), (0,)),
        (np.zeros((2, 3)), np.full((2, 3), 2), (0,)),
        (np.zeros((2, 3)), np.zeros((2, 3)), (2,)),
        (np.zeros((2, 3)), np.zeros((2, 3)), (0, 0)),
        (np.zeros((2, 3)), np.zeros((2, 3)), ()),
        (np.zeros((0, 3)), np.zeros((0, 3)), (0,)),
        (np.array([["a"]]), np.zeros((1, 1)), (0,)),
    ],
)
def test_matrices_that_do_not_fit_are_refused(phi, inside, targets):
    """Shapes, values and targets are looked at."""
    with pytest.raises(InputError):
        matrix_from(phi, inside, targets=targets)


def test_infinite_scores_are_cut():
    """Scores beyond a million have no mean otherwise."""
    assert matrix_from(np.array([np.inf, -np.inf]), np.array([0, 1])).phi.tolist() == [[1e6, -1e6]]


def test_files_come_back(tmp_path):
    """What was saved is read again, in single precision; targets and model may be missing."""
    made = drawn(targets=(1, 2))
    digest = "ab" * 32
    whole = matrix_from(made.phi, made.inside, targets=made.targets, model=digest)
    save_matrix(tmp_path / "s.npz", whole)
    found = read_matrix(tmp_path / "s.npz")
    np.testing.assert_allclose(found.phi, made.phi, rtol=1e-6)
    assert (found.inside == made.inside).all()
    assert (found.targets, found.model) == ((1, 2), digest)
    np.savez(tmp_path / "bare.npz", phi=made.phi, inside=made.inside.astype(np.uint8))
    assert read_matrix(tmp_path / "bare.npz").targets == (0,)


def test_fewer_shadows_are_the_first_ones():
    """A smaller budget keeps the targets and the first shadows."""
    made = drawn(targets=(3,))
    few = made.among(4)
    assert few.models == 5
    np.testing.assert_array_equal(few.phi[1:], made.phi[made.shadows[:4]])
    with pytest.raises(InputError, match="target"):
        drawn(targets=range(17)).among(2)


def packed(**arrays):
    held = io.BytesIO()
    np.savez(held, **arrays)
    return held.getvalue()


GOOD = {"phi": np.zeros((2, 3), np.float32), "inside": np.zeros((2, 3), bool)}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04" + b"\0" * 50,
        packed(phi=GOOD["phi"]),
        packed(**GOOD, targets=np.zeros((1, 1), int)),
        packed(**GOOD, targets=np.zeros(1)),
        packed(**GOOD, model=np.zeros(3, np.uint8)),
        packed(phi=np.array([object()], dtype=object), inside=np.zeros((1, 1), bool)),
        packed(**GOOD)[:-40],
    ],
)
def test_hostile_files_are_refused(data):
    """Objects, missing arrays and damage are one refusal."""
    with pytest.raises((InputError, zipfile.BadZipFile)) as raised:
        matrix_of(io.BytesIO(data))
    assert raised.type is InputError


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 700), st.binary(max_size=20))
def test_bytes_are_a_matrix_or_a_refusal(data, at, patch):
    """The fuzz target's function holds for any bytes, and for a good file with some of them changed."""
    from fuzz_shadows import TestOneInput

    TestOneInput(data)
    good = bytearray(packed(**GOOD, targets=np.zeros(1, np.int64)))
    good[at : at + len(patch)] = patch
    TestOneInput(bytes(good))
