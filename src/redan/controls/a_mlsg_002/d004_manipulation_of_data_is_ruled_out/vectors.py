"""Sealed datasets that were changed afterwards, each kind of change once, and the ones that were left alone.

The seals are made at run time: a private key in the repository would be one more secret that is none.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from redan.controls.a_mlsg_002.d004_manipulation_of_data_is_ruled_out import (
    flipped_vectors,
    planted_vectors,
    trigger_vectors,
)
from redan.controls.contract import Vector
from redan.seal.keys import Signer, generate
from redan.terms import Outcome

_CHECK = "A-MLSG-002-D004/seal-covers-all-content"
_NOTE = "A few chosen rows are enough to bend a model; whoever trains must notice that they were exchanged."
_TWIN = "A seal that cries wolf is taken off."
_ROWS = [b"%d,%d,%s" % (10 + i, i * 37 % 90, b"yes" if i % 4 == 0 else b"no") for i in range(60)]
_HEAD = b"tenure,charges,churn"
_SYSTEM = """[system]
name = "churn"
stage = "training"

[[dataset]]
name = "train"
role = "train"
path = "train.csv"
label = "churn"
"""
_DECLARED = 'seal = "train.csv.sig"\nkey = "release.pub"\n'


def vectors() -> tuple[Vector, ...]:
    """One changed label, an added, a removed and a moved row, other keys, other files, damaged files; and twins."""
    whole, lines = _csv(_ROWS), list(_ROWS)
    signer = generate("p256")
    files, other = _sealed(whole, signer), _sealed(_csv(_ROWS[:30]), generate("p256"))
    twin = _sealed(_csv(_ROWS[:30]), signer)
    lines[16] = lines[16].replace(b"yes", b"no")
    added, removed = [*_ROWS[:40], _ROWS[3], *_ROWS[40:]], [*_ROWS[:10], *_ROWS[11:]]
    moved = [*_ROWS[1:20], _ROWS[0], *_ROWS[20:]]
    found = [
        _case("left as it was sealed", Outcome.HOLDS, files, note=_TWIN),
        _case("one changed label", Outcome.BROKEN, {**files, "train.csv": _csv(lines)}),
        _case("one row added", Outcome.BROKEN, {**files, "train.csv": _csv(added)}),
        _case("one row removed", Outcome.BROKEN, {**files, "train.csv": _csv(removed)}),
        _case("one row moved", Outcome.BROKEN, {**files, "train.csv": _csv(moved)}),
        _case(
            "written again with other line ends", Outcome.BROKEN, {**files, "train.csv": whole.replace(b"\n", b"\r\n")}
        ),
        _case("another key is declared", Outcome.BROKEN, {**files, "release.pub": other["release.pub"]}),
        _case("the seal of another file", Outcome.BROKEN, {**other, "train.csv": whole}),
        _case("the content of another seal", Outcome.BROKEN, _mixed(files, twin)),
        _case("no seal is declared", Outcome.BROKEN, {"train.csv": whole}, declared=""),
        _case("a seal without a key", Outcome.BROKEN, files, declared=_DECLARED.splitlines()[0] + "\n"),
        _case("a row changed and no key of the rows", Outcome.BROKEN, _keyless({**files, "train.csv": _csv(lines)})),
        _case("left alone, and no key of the rows", Outcome.HOLDS, _keyless(files), note=_TWIN),
    ]
    for name in (".sig", ".sig.content.json", ".sig.rows"):
        damaged = {**files, f"train.csv{name}": _flipped(files[f"train.csv{name}"])}
        found.append(_case(f"a flipped bit in train.csv{name}", Outcome.BROKEN, damaged))
    for name in (".sig.content.json", ".sig.rows"):
        less = {key: data for key, data in files.items() if key != f"train.csv{name}"}
        found.append(_case(f"train.csv{name} is gone", Outcome.BROKEN, less))
    found.extend(flipped_vectors.vectors())
    found.extend(planted_vectors.vectors())
    found.extend(trigger_vectors.vectors())
    return tuple(found)


def _case(
    name: str, expect: Outcome, files: Mapping[str, bytes], *, declared: str = _DECLARED, note: str = _NOTE
) -> Vector:
    system = {"redan.toml": (_SYSTEM + declared).encode()}
    modes = {"train.csv.sig.rows.key": 0o600}
    return Vector(
        name=name,
        files={**system, **files},
        check=_CHECK,
        expect=expect,
        subject="dataset:train",
        note=note,
        modes=modes,
    )


def _csv(rows: list[bytes]) -> bytes:
    return b"\n".join([_HEAD, *rows]) + b"\n"


def _sealed(data: bytes, signer: Signer) -> dict[str, bytes]:
    """A table with its seal."""
    from redan.content import seal_dataset

    with tempfile.TemporaryDirectory() as place:
        table = Path(place) / "train.csv"
        table.write_bytes(data)
        seal_dataset(table, signer, table.with_name("train.csv.sig"))
        files = {file.name: file.read_bytes() for file in Path(place).iterdir()}
    return {**files, "release.pub": signer.public.pem.encode()}


def _mixed(files: Mapping[str, bytes], other: Mapping[str, bytes]) -> dict[str, bytes]:
    names = ("train.csv.sig.content.json", "train.csv.sig.rows", "train.csv.sig.rows.key")
    return {**files, **{name: other[name] for name in names}}


def _keyless(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if not name.endswith(".rows.key")}


def _flipped(data: bytes) -> bytes:
    place = len(data) // 2
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
