"""Persons who stand alone, crowds of one person's rows, groups without variety, each with its repaired twin."""

import datetime as dt

import numpy as np

from redan.controls.a_mlsg_003.c002_training_data_is_anonymised_or_pseudonymised import pseudonym_vectors
from redan.controls.contract import Vector
from redan.terms import Outcome

_GROUPS = "A-MLSG-003-C002/groups-are-large-enough"
_VARIETY = "A-MLSG-003-C002/sensitive-values-vary-within-groups"
_RISK = "A-MLSG-003-C002/re-identification-risk-is-low"
_ROWS = 600
_SUBJECT = "dataset:train"
_ALONE = "Birth date, postcode and sex single out most people; names need not be in the data."
_SAME = "Where all who share what is known have the same illness, nobody needs to be singled out."
_PLAIN = ("age", "region", "sex")
_EXACT = ("born", "postcode", "sex")


def _columns() -> dict[str, list[str]]:
    rng = np.random.default_rng(20260602)
    born = [dt.date(1940, 1, 1) + dt.timedelta(days=int(d)) for d in rng.integers(0, 23_000, _ROWS)]
    region = rng.choice(["north", "south"], _ROWS)
    age = np.array([f"{(2026 - day.year) // 20 * 20} and over" for day in born])
    sex = rng.choice(["f", "m"], _ROWS)
    group = np.char.add(np.char.add(age, region), sex)
    ill = rng.choice(["none", "asthma", "diabetes"], _ROWS)
    return {
        "born": [str(day) for day in born],
        "postcode": [str(code) for code in rng.integers(10_000, 99_999, _ROWS)],
        "sex": sex.tolist(),
        "age": age.tolist(),
        "region": region.tolist(),
        "illness": ill.tolist(),
        "homogeneous": np.where(group == group[0], "diabetes", ill).tolist(),
        "constant": ["none"] * _ROWS,
        "person": [f"p{number:05d}" for number in rng.permutation(_ROWS)],
        "household": [f"{g}-{i % 2}" for i, g in enumerate(group)],
        "label": rng.choice(["0", "1"], _ROWS).tolist(),
    }


def _files(keys: str, columns: tuple[str, ...], change: dict[str, list[str]] | None = None) -> dict[str, bytes]:
    held = {**_columns(), **(change or {})}
    shown = {name: held[name] for name in (*columns, "label")}
    rows = [",".join(shown), *(",".join(cells) for cells in zip(*shown.values(), strict=True))]
    text = f"""[system]
name = "clinic"
stage = "training"

[[dataset]]
name = "train"
role = "train"
path = "train.csv"
label = "label"
{keys}
"""
    return {"redan.toml": text.encode(), "train.csv": ("\n".join(rows) + "\n").encode()}


def _keys(quasi: tuple[str, ...], **others: tuple[str, ...]) -> str:
    named = {"quasi_identifiers": quasi, **others}
    return "\n".join(f"{key} = {list(names)}".replace("'", '"') for key, names in named.items() if names)


def _with_gaps(every: int) -> dict[str, list[str]]:
    """Some rows in which everything outsiders know was taken out."""
    held = _columns()
    return {name: ["*" if i % every == 0 else v for i, v in enumerate(held[name])] for name in _PLAIN}


def _few(alone: int) -> dict[str, list[str]]:
    """Some persons alone in their region."""
    return {"region": [f"village {i}" if i < alone else v for i, v in enumerate(_columns()["region"])]}


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""

    def case(check: str, name: str, outcome: Outcome, files: dict[str, bytes]) -> Vector:
        note = _SAME if check == _VARIETY else _ALONE
        return Vector(name=name, files=files, check=check, expect=outcome, subject=_SUBJECT, note=note)

    broken, holds, open_ = Outcome.BROKEN, Outcome.HOLDS, Outcome.NOT_RUN
    exact, plain = _files(_keys(_EXACT), _EXACT), _files(_keys(_PLAIN), _PLAIN)
    undeclared = _files(_keys(("region", "sex")), ("born", *_PLAIN))
    unstated = _files(_keys((), sensitive=("sex",)), _PLAIN)
    one = _files(_keys(_PLAIN, pseudonyms=("household",)), (*_PLAIN, "household"))
    each = _files(_keys(_PLAIN, pseudonyms=("person",)), (*_PLAIN, "person"))
    suppressed = _files(_keys(_PLAIN), _PLAIN, _with_gaps(10))
    empty = _files(_keys(_PLAIN), _PLAIN, _with_gaps(1))
    stricter = _files(_keys(_PLAIN) + '\n\n[controls."A-MLSG-003-C002"]\nthreshold = 200', _PLAIN)
    ill = _files(_keys(_PLAIN, sensitive=("illness",)), (*_PLAIN, "illness"))
    same = _files(_keys(_PLAIN, sensitive=("homogeneous",)), (*_PLAIN, "homogeneous"))
    constant = _files(_keys(_PLAIN, sensitive=("constant",)), (*_PLAIN, "constant"))
    return (
        *pseudonym_vectors.vectors(),
        case(_GROUPS, "birth date, postcode and sex", broken, exact),
        case(_GROUPS, "decade, region and sex", holds, plain),
        case(_GROUPS, "a birth date that nobody declared", broken, undeclared),
        case(_GROUPS, "rows of two households in each group", broken, one),
        case(_GROUPS, "a pseudonym per row", holds, each),
        case(_GROUPS, "one in ten rows suppressed", holds, suppressed),
        case(_GROUPS, "every row suppressed", open_, empty),
        case(_GROUPS, "one village with one inhabitant", broken, _files(_keys(_PLAIN), _PLAIN, _few(1))),
        case(_GROUPS, "larger groups were agreed", broken, stricter),
        case(_GROUPS, "quasi-identifiers are not stated", open_, unstated),
        case(_VARIETY, "one group with one illness", broken, same),
        case(_VARIETY, "illnesses vary in every group", holds, ill),
        case(_VARIETY, "nobody is ill", open_, constant),
        case(_RISK, "birth date, postcode and sex", broken, exact),
        case(_RISK, "decade, region and sex", holds, plain),
        case(_RISK, "one person in six alone", broken, _files(_keys(_PLAIN), _PLAIN, _few(100))),
        case(_RISK, "three persons alone of 600", holds, _files(_keys(_PLAIN), _PLAIN, _few(3))),
        case(_RISK, "quasi-identifiers are not stated", open_, unstated),
    )
