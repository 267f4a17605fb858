"""Shifts of one feature, of the light, of the mix of classes, of one class, of one week, of a correlation; and twins.

Every twin holds one planted row of a million: single rows must neither raise the alarm nor, in the plants, silence it.
"""

import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from redan.controls.a_mlsg_004.d006_environment_is_protected_and_shift_is_noticed.service_vectors import service_vectors
from redan.controls.contract import Vector
from redan.controls.planted import known_signer
from redan.terms import Outcome

_FEATURES = "A-MLSG-004-D006/features-keep-their-distribution"
_JOINT = "A-MLSG-004-D006/joint-distribution-is-kept"
_NOTE = "A model is right only where it was trained; whoever moves its surroundings moves its answers."
_TWIN = "An alarm that rings on quiet days is switched off before the day that matters."
_SYSTEM = """[system]
name = "churn"
stage = "operation"

[[dataset]]
name = "reference"
role = "reference"
path = "{old}"
label = "churn"
{seal}
[[dataset]]
name = "today"
role = "current"
path = "{new}"
label = "churn"
{more}
"""
_WEEK = 2  # of four, from 0
_REFERS = 'reference = "reference"\n'
_SEALED = 'seal = "{old}.sig"\nkey = "release.pub"\n'


class _Made(NamedTuple):
    """How current data differs from the reference."""

    rows: int = 500
    moved: float = 0.0
    slope: float = 0.8
    leaving: float = 0.3
    plans: tuple[str, ...] = ("monthly", "yearly", "prepaid")
    in_class: float = 0.0
    in_week: float = 0.0
    planted: float | None = 1e6


def _table(made: _Made, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    leaves = rng.random(made.rows) < made.leaving
    day = np.arange(made.rows) * 28 // made.rows
    usage = rng.normal(made.moved, 1.0, made.rows)
    calls = made.slope * usage + np.sqrt(1 - made.slope**2) * rng.normal(size=made.rows)
    tenure = rng.integers(0, 72, made.rows) + (made.in_class * leaves).astype(int)
    signal = rng.gamma(4.0, 2.0, made.rows) + made.in_week * (day // 7 == _WEEK)
    if made.planted is not None:
        usage[0] = made.planted
    cells = zip(usage, calls, tenure, signal, rng.choice(made.plans, made.rows), leaves, day, strict=True)
    lines = [
        f"{u:.4f},{c:.4f},{t},{s:.4f},{plan},{'yes' if leave else 'no'},2026-05-{1 + d:02}"
        for u, c, t, s, plan, leave, d in cells
    ]
    return ("\n".join(["usage,calls,tenure,signal,plan,churn,day", *lines]) + "\n").encode()


def _without_answer(table: bytes) -> bytes:
    return b"".join(
        b",".join(cells[:5] + cells[6:]) + b"\n" for cells in (line.split(b",") for line in table.splitlines())
    )


def _pictures(light: float, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    shapes = rng.random((300, 12, 12, 3)) * np.linspace(0.2, 1.0, 12)[None, :, None, None]
    file = io.BytesIO()
    np.savez(file, x=np.clip(shapes * light, 0, 1).astype(np.float32))
    return file.getvalue()


def _pixels(light: float, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    grey = np.clip(rng.normal(0.5, 0.15, (400, 9)) * light, 0, 1)
    lines = [",".join(f"{v:.3f}" for v in row) for row in grey]
    return ("\n".join([",".join(f"p{i}" for i in range(9)), *lines]) + "\n").encode()


def _files(old: bytes, new: bytes, *, kind: str = "csv", more: str = _REFERS, sealed: bool = True) -> dict[str, bytes]:
    names = f"reference.{kind}", f"today.{kind}"
    seal = _SEALED.format(old=names[0]) if sealed else ""
    text = _SYSTEM.format(old=names[0], new=names[1], seal=seal, more=more)
    if kind == "npz":
        text = text.replace('label = "churn"\n', "")
    files = {"redan.toml": text.encode(), names[0]: old, names[1]: new}
    return {**files, **_seal(old, names[0])} if sealed else files


def _seal(data: bytes, name: str) -> Mapping[str, bytes]:
    from redan.content import seal_dataset

    signer = known_signer("reference")
    with tempfile.TemporaryDirectory() as place:
        table = Path(place) / name
        table.write_bytes(data)
        seal_dataset(table, signer, table.with_name(f"{name}.sig"))
        files = {file.name: file.read_bytes() for file in Path(place).iterdir()}
    return {**files, "release.pub": signer.public.pem.encode()}


def _case(check: str, name: str, expect: Outcome, files: Mapping[str, bytes]) -> Vector:
    note = _NOTE if expect is Outcome.BROKEN else _TWIN
    modes = {name: 0o600 for name in files if name.endswith(".rows.key")}
    return Vector(name=name, files=files, check=check, expect=expect, subject="dataset:today", note=note, modes=modes)


def vectors() -> tuple[Vector, ...]:
    """Planted shifts and their twins."""
    old = _table(_Made(rows=600, planted=None), 1)

    def case(check: str, name: str, expect: Outcome, made: _Made, more: str = "") -> Vector:
        return _case(check, name, expect, _files(old, _table(made, 2), more=_REFERS + more))

    timed = 'time = "day"\n'
    broken, kept, untold = Outcome.BROKEN, Outcome.HOLDS, Outcome.NOT_RUN
    changed = _files(old, _table(_Made(), 2))
    changed["reference.csv"] = changed["reference.csv"].replace(b"yearly", b"weekly")
    strict, loose = (f'\n[controls."A-MLSG-004-D006"]\nthreshold = {share}\n' for share in (0.3, 0.9))
    return (
        *service_vectors(),
        case(_FEATURES, "one standard deviation, and a row of a million", broken, _Made(moved=1.0)),
        case(_FEATURES, "the same days, and a row of a million", kept, _Made()),
        case(_FEATURES, "another mix of classes", broken, _Made(leaving=0.7)),
        case(_FEATURES, "levels that the reference does not have", broken, _Made(plans=("monthly", "weekly", "daily"))),
        case(_FEATURES, "only those who leave are other people", broken, _Made(rows=1500, in_class=60)),
        case(_FEATURES, "one week of four is different", broken, _Made(rows=1200, in_week=9.0), timed),
        case(_FEATURES, "four weeks alike", kept, _Made(rows=1200), timed),
        _case(_FEATURES, "the truth is not known yet", kept, _files(old, _without_answer(_table(_Made(), 2)))),
        case(_FEATURES, "twenty rows", untold, _Made(rows=20)),
        case(_FEATURES, "half moved, and nine tenths may", kept, _Made(moved=1.5), loose),
        case(_FEATURES, "half moved, and three tenths may", broken, _Made(moved=2.0), strict),
        _case(_FEATURES, "darker columns of pixels", broken, _files(_pixels(1.0, 1), _pixels(0.6, 2))),
        _case(_FEATURES, "columns of pixels in the same light", kept, _files(_pixels(1.0, 1), _pixels(1.0, 2))),
        _case(
            _FEATURES,
            "darker pictures",
            broken,
            _files(_pictures(1.0, 1), _pictures(0.7, 2), kind="npz", sealed=False),
        ),
        _case(_FEATURES, "a reference without a seal", untold, _files(old, _table(_Made(), 2), sealed=False)),
        _case(_FEATURES, "a reference that was changed after it was sealed", untold, changed),
        case(_JOINT, "a correlation turned round", broken, _Made(slope=-0.8)),
        case(_JOINT, "the same correlation, and a row of a million", kept, _Made()),
        case(_JOINT, "one standard deviation, and a row of a million", broken, _Made(moved=1.0)),
        case(_JOINT, "twenty rows", untold, _Made(rows=20)),
        _case(
            _JOINT,
            "darker pictures",
            broken,
            _files(_pictures(1.0, 1), _pictures(0.7, 2), kind="npz", sealed=False),
        ),
        _case(
            _JOINT,
            "pictures in the same light",
            kept,
            _files(_pictures(1.0, 1), _pictures(1.0, 2), kind="npz", sealed=False),
        ),
    )
