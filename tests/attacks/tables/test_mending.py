"""Repair: what comes out breaks no rule, is inside of the ball, and each row depends on itself alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from attacks.tables.spaces import drawn, everything, numbers, within
from redan.attacks.tables import parse_rules, repair, space_of
from redan.attacks.tables.space import allowed, broken

THREATS = ["linf:0.3", "linf:0.01", "l2:0.4", "l1:0.5", "l0:3", "linf:0", "l0:0"]
SPACE = everything()


@given(st.integers(0, 2**32 - 1), st.sampled_from(THREATS), st.sampled_from([0.1, 1.0, 30.0, 1e6, np.inf]))
@settings(deadline=None)
def test_repaired_rows_break_nothing(seed, text, noise):
    """Whatever is proposed, all rules hold afterwards and the row is within the radius."""
    rng = np.random.default_rng(seed)
    x0 = drawn(20, rng)
    with np.errstate(invalid="ignore", over="ignore"):
        wild = x0 + rng.normal(size=x0.shape) * noise * rng.integers(0, 2, x0.shape)
    threat = within(SPACE, text)
    found = repair(threat, x0, wild)
    assert found.dtype == np.float32
    assert {name: int(hit.sum()) for name, hit in broken(SPACE, x0, found).items() if hit.any()} == {}
    assert (threat.sizes(found - x0) <= threat.radii(len(x0)) + 1e-6).all()


@pytest.mark.parametrize("text", THREATS)
def test_each_row_is_repaired_by_itself(text):
    """Rows together and rows one by one give the same bytes."""
    rng = np.random.default_rng(1)
    x0 = drawn(40, rng)
    wild = x0 + rng.normal(size=x0.shape) * 5
    threat = within(SPACE, text)
    whole = repair(threat, x0, wild)
    alone = np.concatenate([repair(threat, x0[i : i + 1], wild[i : i + 1]) for i in range(len(x0))])
    assert np.array_equal(whole, alone)


@pytest.mark.parametrize("text", THREATS)
def test_what_is_right_stays(text):
    """A row that was repaired is repaired to itself, and so is the start."""
    rng = np.random.default_rng(2)
    x0 = drawn(60, rng)
    threat = within(SPACE, text)
    assert np.array_equal(repair(threat, x0, x0), x0)
    once = repair(threat, x0, x0 + rng.normal(size=x0.shape))
    twice = repair(threat, x0, once)
    assert np.abs(threat.sizes(twice - once)).max() < 1e-5


def test_repair_moves_what_it_can():
    """With a generous radius most rows move although five rules tie their columns."""
    rng = np.random.default_rng(3)
    x0 = drawn(300, rng)
    found = repair(within(SPACE, "linf:0.3"), x0, x0 + rng.normal(size=x0.shape) * SPACE.scale)
    assert (found != x0).any(axis=1).mean() > 0.95


@pytest.mark.parametrize(("text", "order"), [("l2:0.5", 2), ("l1:0.5", 1)])
def test_numbers_are_projected_to_the_nearest_point(text, order):
    """For plain numbers the projection is the one a solver finds."""
    space, rng = numbers(4, -10, 10), np.random.default_rng(4)
    x0 = np.zeros((6, 4), dtype=np.float32)
    wild = rng.normal(size=(6, 4))
    found = repair(within(space, text), x0, wild)
    for aim, got in zip(wild, found, strict=True):
        limit = {"type": "ineq", "fun": lambda d: 0.5 - np.linalg.norm(d, ord=order)}
        best = minimize(lambda d, aim=aim: ((d - aim) ** 2).sum(), aim * 0.1, constraints=limit, method="SLSQP")
        assert ((got - aim) ** 2).sum() <= best.fun + 1e-3


def test_l0_keeps_the_largest_moves():
    """Of four moves the two largest in their scale stay."""
    space = numbers(4, -10, 10)
    found = repair(within(space, "l0:2"), np.zeros((1, 4), np.float32), np.array([[1.0, -3.0, 2.0, 0.5]]))
    assert found.tolist() == [[0.0, -3.0, 2.0, 0.0]]


def test_a_derived_column_follows():
    """The quotient is reckoned anew when the loan moves."""
    x0 = drawn(50, np.random.default_rng(5))
    wild = x0.copy()
    wild[:, 2] *= 1.05
    found = repair(within(SPACE, "linf:2"), x0, wild)
    moved = found[:, 2] != x0[:, 2]
    assert moved.mean() > 0.8
    assert np.allclose(found[:, 3], found[:, 2] / found[:, 1], rtol=1e-5)


def test_the_first_column_of_a_relation_gives_way():
    """Of a sum that must stay equal the first column is changed."""
    text = "".join(f"[columns.{c}]\nlow = 0\nhigh = 10\n" for c in "abc")
    text += "[[linear]]\nterms = { c = 1, a = -1, b = -1 }\nequals = 0\n"
    space = space_of(parse_rules(text), ["a", "b", "c"])
    found = repair(within(space, "linf:1"), np.array([[1.0, 2.0, 3.0]], np.float32), np.array([[2.0, 2.0, 3.0]]))
    assert found.tolist() == [[2.0, 2.0, 4.0]]


def test_dear_choices_are_taken_back():
    """A group that costs more than the radius stays; a cheap category moves."""
    text = '[columns.a]\ntype = "category"\nlevels = ["x", "y"]\ncost = 0.1\n[[one_hot]]\ncolumns = ["p", "q"]\ncost = 0.6\n'
    space = space_of(parse_rules(text), ["a", "p", "q"])
    for threat in ("linf:0.5", "l2:0.5", "l1:0.5"):
        found = repair(within(space, threat), np.array([[0, 1, 0]], np.float32), np.array([[1.0, 0.0, 1.0]]))
        assert found.tolist() == [[1.0, 1.0, 0.0]]


def test_each_kind_of_breach_is_told():
    """A planted breach of each rule is found under its name, and nothing else is."""
    x0 = drawn(1, np.random.default_rng(6))
    plants = {
        "finite": (1, np.nan),
        "bounds": (4, -1.0),
        "whole": (7, 1.5),
        "immutable": (10, 1 - x0[0, 10]),
        "direction": (0, x0[0, 0] - 1),
        "one_hot[0]": (11, 1 - x0[0, 11]),
        "linear[0]": (5, x0[0, 1] + 1),
        "linear[1]": (6, 9.0),
        "ratio[0]": (3, x0[0, 3] + 1),
        "ratio[1]": (6, 9.0),
    }
    for name, (place, value) in plants.items():
        bad = x0.copy()
        bad[0, place] = value
        if name in {"linear[1]", "ratio[1]"}:
            bad[0, 7] = 9 if name == "linear[1]" else 2
        assert broken(SPACE, x0, bad)[name][0], name
        assert not allowed(SPACE, x0, bad)[0]
    assert allowed(SPACE, x0, x0).all()
