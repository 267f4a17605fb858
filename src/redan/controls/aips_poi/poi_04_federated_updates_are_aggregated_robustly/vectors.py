"""Federations whose rule promises nothing, whose assumption fails, or whose updates are moved; and repaired twins."""

import io

import numpy as np
from numpy.typing import NDArray

from redan.controls.contract import Vector
from redan.terms import Outcome

_WITHSTANDS = "AIPS-POI-04/aggregation-withstands-bad-updates"
_ASSUMPTION = "AIPS-POI-04/assumption-about-participants-holds"
_ROUNDS, _WIDTH = 12, 30
_NOTE = "One participant must not decide what all participants get."
_TWIN = "A rule whose assumption holds must be left in peace."
_SYSTEM = """[system]
name = "wards"
stage = "training"

[[model]]
name = "triage"

[[federation]]
name = "hospitals"
model = "triage"
participants = {n}
bad = {bad}
aggregation = "{rule}"
"""


def vectors() -> tuple[Vector, ...]:
    """Each rule with enough and too few participants, bad updates that stand out, and files that are none."""
    good, loud = _updates(15), _updates(15)
    loud[:, :4] *= 30.0
    absent = _updates(15)
    absent[2, 5:] = np.nan
    return (
        _case(_ASSUMPTION, "a mean, and one may be bad", Outcome.BROKEN, "mean", 1),
        _case(_ASSUMPTION, "nobody is assumed to be bad", Outcome.BROKEN, "krum", 0),
        _case(_ASSUMPTION, "krum of 8 with 3 bad", Outcome.BROKEN, "krum", 3, n=8),
        _case(_ASSUMPTION, "krum of 9 with 3 bad", Outcome.HOLDS, "krum", 3, n=9, note=_TWIN),
        _case(_ASSUMPTION, "bulyan of 14 with 3 bad", Outcome.BROKEN, "bulyan", 3, n=14),
        _case(_ASSUMPTION, "bulyan of 15 with 3 bad", Outcome.HOLDS, "bulyan", 3, note=_TWIN),
        _case(_ASSUMPTION, "median, half are bad", Outcome.BROKEN, "median", 5, n=10),
        _case(_ASSUMPTION, "a round with few participants", Outcome.BROKEN, "krum", 3, updates=absent),
        _case(_ASSUMPTION, "four stand out, three are assumed", Outcome.BROKEN, "krum", 3, updates=loud),
        _case(_ASSUMPTION, "four stand out, four are assumed", Outcome.HOLDS, "krum", 4, updates=loud, note=_TWIN),
        _case(_ASSUMPTION, "recorded rounds are complete", Outcome.HOLDS, "krum", 3, updates=good, note=_TWIN),
        _case(_WITHSTANDS, "a mean on recorded updates", Outcome.BROKEN, "mean", 2, updates=good),
        _case(_WITHSTANDS, "krum with too many bad", Outcome.BROKEN, "krum", 7, updates=good),
        _case(_WITHSTANDS, "a trimmed mean", Outcome.HOLDS, "trimmed-mean", 3, updates=good, note=_TWIN),
        _case(_WITHSTANDS, "multi-krum", Outcome.HOLDS, "multi-krum", 3, updates=good, note=_TWIN),
        _case(_WITHSTANDS, "bulyan", Outcome.HOLDS, "bulyan", 3, updates=good, note=_TWIN),
        _case(
            _WITHSTANDS, "honest updates have little in common", Outcome.BROKEN, "krum", 3, updates=_updates(15, 6.0)
        ),
        _case(_WITHSTANDS, "nothing is recorded", Outcome.NOT_RUN, "krum", 3),
        _case(_WITHSTANDS, "all updates are alike", Outcome.NOT_RUN, "krum", 3, updates=np.ones((3, 15, 4))),
    )


def _updates(participants: int, noise: float = 0.5) -> NDArray[np.float64]:
    rng = np.random.default_rng(20260601)
    way = rng.normal(size=(_ROUNDS, 1, _WIDTH))
    return np.asarray(way + noise * rng.normal(size=(_ROUNDS, participants, _WIDTH)))


def _case(
    check: str,
    name: str,
    expect: Outcome,
    rule: str,
    bad: int,
    *,
    n: int = 15,
    updates: NDArray[np.float64] | None = None,
    note: str = _NOTE,
) -> Vector:
    text = _SYSTEM.format(n=n, bad=bad, rule=rule)
    files = {"redan.toml": text.encode()}
    if updates is not None:
        buffer = io.BytesIO()
        np.savez(buffer, updates=updates)
        files = {"redan.toml": (text + 'updates = "updates.npz"\n').encode(), "updates.npz": buffer.getvalue()}
    return Vector(name=name, files=files, check=check, expect=expect, subject="federation:hospitals", note=note)
