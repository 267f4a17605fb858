"""A fraud model that looks away in one region, its repaired twins, and data from which nobody can tell."""

from collections.abc import Mapping

import numpy as np

from redan.controls.contract import Vector
from redan.terms import Outcome

_GROUPS = "A-MLSG-002-D003/error-rates-are-equal-across-groups"
_SLICES = "A-MLSG-002-D003/no-slice-is-an-easy-target"
_FRAUD = 0.4
_REGIONS = ("north", "south", "east", "west")
_INVITED = "A detector that misses most fraud in one region invites the attacker to move there."
_LUCK = "An alarm on luck, or a pass without power, teaches people to ignore the answer."


def _files(
    rows: int,
    missed: Mapping[str, float],
    *,
    alarms: Mapping[str, float] | None = None,
    dear: float | None = None,
    coded: bool = False,
    extra: str = "",
    column: str = "answer",
) -> dict[str, bytes]:
    """A test set with answers; `missed` and `alarms` are rates by region, `dear` that of large amounts in the west."""
    rng = np.random.default_rng(20260601)
    region, fraud = rng.choice(_REGIONS, rows), rng.random(rows) < _FRAUD
    amount, hour = rng.gamma(2.0, 120.0, rows), rng.integers(0, 24, rows)
    rate = np.array([missed.get(one, 0.1) for one in region])
    if dear is not None:
        rate = np.where((region == "west") & (amount > np.quantile(amount, 0.5)), dear, rate)
    alarm = np.array([(alarms or {}).get(one, 0.08) for one in region])
    said = np.where(fraud, rng.random(rows) >= rate, rng.random(rows) < alarm)
    words = ("0", "1") if coded else ("genuine", "fraud")
    lines = [f"{region[i]},{amount[i]:.2f},{hour[i]},{words[int(fraud[i])]},{words[int(said[i])]}" for i in range(rows)]
    text = f"""[system]
name = "payments"
stage = "training"

[[dataset]]
name = "test"
role = "test"
path = "test.csv"
label = "truth"
prediction = "{column}"
sensitive = ["region"]
{"" if coded else 'positive = "fraud"'}
{extra}
"""
    table = "\n".join(["region,amount,hour,truth,answer", *lines]) + "\n"
    return {"redan.toml": text.encode(), "test.csv": table.encode()}


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""

    def case(check: str, name: str, outcome: Outcome, files: dict[str, bytes]) -> Vector:
        note = _INVITED if outcome is Outcome.BROKEN else _LUCK
        return Vector(name=name, files=files, check=check, expect=outcome, subject="dataset:test", note=note)

    strict = '[controls."A-MLSG-002-D003"]\nthreshold = 0.6\n'
    return (
        case(_GROUPS, "misses 60 % of fraud in one region", Outcome.BROKEN, _files(1600, {"east": 0.6})),
        case(_GROUPS, "the same in numbers instead of words", Outcome.BROKEN, _files(1600, {"east": 0.6}, coded=True)),
        case(_GROUPS, "many false alarms in one region", Outcome.BROKEN, _files(1600, {}, alarms={"west": 0.5})),
        case(_GROUPS, "judges all regions alike", Outcome.HOLDS, _files(1600, {})),
        case(_GROUPS, "a wide margin was agreed", Outcome.HOLDS, _files(1600, {"east": 0.5}, extra=strict)),
        case(_GROUPS, "a hundred rows tell nothing", Outcome.NOT_RUN, _files(100, {"east": 0.6})),
        case(_GROUPS, "the column of answers is missing", Outcome.NOT_RUN, _files(400, {}, column="score")),
        case(_SLICES, "misses 60 % of fraud in one region", Outcome.BROKEN, _files(1600, {"south": 0.6})),
        case(_SLICES, "misses large amounts in the west", Outcome.BROKEN, _files(2000, {}, dear=0.8)),
        case(_SLICES, "misses fraud evenly", Outcome.HOLDS, _files(1600, {})),
        case(_SLICES, "a hundred rows give no power", Outcome.NOT_RUN, _files(100, {"south": 0.6})),
    )
