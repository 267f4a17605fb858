"""What unequal rates are said to be: outcomes, small groups, pictures, and nothing of single rows."""

import json

import numpy as np
import pandas as pd
import pytest

from redan.measures.fairness import answers, group_findings
from redan.tables import table_of
from redan.terms import Outcome


def rows(n=3000, missed=None, seed=0, groups="nsew", weights=None):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"region": rng.choice(list(groups), n, p=weights), "y": rng.random(n) < 0.4})
    rate = frame.region.map(lambda g: (missed or {}).get(g, 0.1))
    frame["p"] = np.where(frame.y, rng.random(n) >= rate, rng.random(n) < 0.1)
    return frame


def told(frame, columns=("region",), margin=0.1, seed=0):
    found = answers(table_of(frame), "y", "p")
    return list(group_findings("C/x", "data", found, columns, margin=margin, rng=np.random.default_rng(seed)))


@pytest.mark.parametrize("seed", range(5))
def test_outcomes(seed):
    """A region that is missed is broken, equal ones hold, a hundred rows could not be told."""
    assert [f.outcome for f in told(rows(missed={"w": 0.6}, seed=seed))] == [Outcome.BROKEN]
    assert [f.outcome for f in told(rows(seed=seed))] == [Outcome.HOLDS]
    assert {f.outcome for f in told(rows(100, seed=seed))} == {Outcome.NOT_RUN}


def test_equal_groups_alarm_rarely():
    """Twenty clean sets of four regions: no alarm."""
    assert not any(f.outcome is Outcome.BROKEN for s in range(20) for f in told(rows(800, seed=s), seed=s))


def test_a_small_group_is_named_and_the_others_are_judged():
    """A region of a few rows has no answer; the rest holds."""
    found = told(rows(weights=[0.45, 0.3, 0.24, 0.01]))
    assert [(f.part, f.outcome) for f in found] == [
        ("region", Outcome.HOLDS),
        ("region: small groups", Outcome.NOT_RUN),
    ]
    assert "w (" in found[1].message


def test_margin_is_what_was_agreed():
    """A wide margin makes the same rates acceptable."""
    frame = rows(missed={"w": 0.4})
    assert told(frame, margin=0.1)[0].outcome is Outcome.BROKEN
    assert told(frame, margin=0.5)[0].outcome is Outcome.HOLDS


def test_columns_that_cannot_be_compared_are_said():
    """A constant column and one of too many values are not run; the other is judged."""
    frame = rows().assign(same="x", street=[f"s{i}" for i in range(3000)])
    outcomes = {f.part: f.outcome for f in told(frame, ("same", "street", "region"))}
    assert outcomes == {"same": Outcome.NOT_RUN, "street": Outcome.NOT_RUN, "region": Outcome.HOLDS}


def test_detail_is_json_with_pictures():
    """Rates, intervals and the confusion of each group; both gaps; all of it strict JSON."""
    finding = told(rows(missed={"w": 0.6}))[0]
    detail = json.loads(json.dumps(finding.detail, allow_nan=False))
    assert [p["kind"] for p in detail["pictures"]] == ["shares", "shares", "grid"]
    assert detail["equality_of_opportunity"]["observed"] == detail["equality_of_odds"]["observed"]
    assert sum(g["n"] for g in detail["groups"]) == 3000
    assert "w" in detail["pictures"][0]["flagged"]


def test_empty_cells_are_drawn_as_none():
    """A group without any row of a class has no rate, not a broken picture."""
    frame = pd.concat([rows(), pd.DataFrame({"region": ["z"] * 30, "y": [False] * 30, "p": [False] * 30})])
    json.dumps([f.to_json() for f in told(frame)], allow_nan=False)
