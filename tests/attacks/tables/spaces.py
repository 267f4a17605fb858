"""Spaces and rows for tests: every kind of rule at once, drawn from a seed."""

import numpy as np

from redan.attacks.tables import parse_rules, space_of
from redan.attacks.tables.distance import scaled
from redan.attacks.tables.space import allowed
from redan.attacks.threat import parse

ALL = """
[columns.age]
type = "integer"
low = 18
high = 90
direction = "up"
[columns.income]
low = 1
high = 200
[columns.loan]
low = 0
high = 900
scale = 50
[columns.share]
low = 0
high = 1000
[columns.spent]
low = 0
high = 200
direction = "down"
[columns.saved]
low = 0
high = 200
[columns.kids]
type = "integer"
low = 0
high = 9
[columns.adults]
type = "integer"
low = 1
high = 9
[columns.job]
type = "category"
levels = ["a", "b", "c", "d"]
cost = 0.3
[columns.member]
type = "bool"
cost = 0.2
[columns.born]
type = "category"
levels = ["here", "there"]
mutable = false
[[one_hot]]
columns = ["red", "green", "blue"]
cost = 0.25
[[linear]]
terms = { spent = 1, saved = 1, income = -1 }
at_most = 0
[[linear]]
terms = { kids = 1, adults = 1 }
at_most = 12
[[ratio]]
numerator = "loan"
denominator = "income"
equals = "share"
[[ratio]]
numerator = "kids"
denominator = "adults"
at_most = 4
"""
COLUMNS = (
    "age",
    "income",
    "loan",
    "share",
    "spent",
    "saved",
    "kids",
    "adults",
    "job",
    "member",
    "born",
    "red",
    "green",
    "blue",
)


def everything():
    """A space with rules of every kind."""
    return space_of(parse_rules(ALL), COLUMNS)


def drawn(n, rng):
    """Rows that break no rule of it."""
    income = rng.uniform(1, 200, n)
    loan = rng.uniform(0, 4, n) * income
    parts = rng.dirichlet([1, 1, 1], n) * income[:, None]
    adults = rng.integers(1, 9, n)
    kids = np.minimum(rng.integers(0, 4, n), 4 * adults)
    columns = [rng.integers(18, 91, n), income, loan, loan / income, parts[:, 0], parts[:, 1], kids, adults]
    columns += [rng.integers(0, 4, n), rng.integers(0, 2, n), rng.integers(0, 2, n)]
    rows = np.column_stack([*columns, np.eye(3)[rng.integers(0, 3, n)]]).astype(np.float32)
    return rows[allowed(everything(), rows, rows)]


def numbers(n, low=0.0, high=1.0):
    """A space of plain numbers between two bounds, scale 1."""
    text = "".join(f"[columns.x{i}]\nlow = {low}\nhigh = {high}\nscale = 1\n" for i in range(n))
    return space_of(parse_rules(text), [f"x{i}" for i in range(n)])


def within(space, text):
    """A threat model in the scales of a space."""
    return scaled(parse(text), space)
