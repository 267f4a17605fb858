"""Strangers, forgers, replays and unreliable participants, each with the twin that is what it says.

Keys are made at run time: a private key in the repository would be one more secret that is none.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from redan.controls.contract import Vector
from redan.controls.planted import known_signer
from redan.measures.participants.message import message_rows, signed_bytes
from redan.measures.participants.register import parse_register
from redan.seal.encoding import encode
from redan.seal.keys import Signer
from redan.terms import Outcome

_AUTHORISED, _AUTHENTIC, _RELIABLE = (
    f"AIPS-POI-01/{name}"
    for name in ("participants-are-authorised", "messages-are-authentic", "participants-are-reliable")
)
_NOTE = "Where anybody may send under any name, one person is as many as it likes."
_NONE: Mapping[str, bytes] = MappingProxyType({})
_COLUMNS = '[columns]\nat = "time"\nspeed = "number"\nicy = "text"\n'
Row = dict[str, Any]


def vectors() -> tuple[Vector, ...]:
    """All three questions."""
    return (*_registers(), *_messages(), *_standing())


def _register(signers: Mapping[str, Signer], more: str = "", *, context: str = "roads", columns: str = _COLUMNS) -> str:
    entries = (f'[[participant]]\nid = "{name}"\nkey = """{s.public.pem}"""\n' for name, s in signers.items())
    return f'context = "{context}"\n{columns}{"".join(entries)}{more}'


def _registers() -> tuple[Vector, ...]:
    signers = {f"p{i}": known_signer(f"participant {i}") for i in range(3)}
    good = _register(signers)
    twice = _register({**signers, "p9": signers["p1"]})
    keyless = '[[participant]]\nid = "p8"\n'
    ended = _register(
        {},
        "".join(e + "until = 2026-01-31\n" for e in good.split("[[participant]]")[1:2]).replace(
            "id", "[[participant]]\nid", 1
        ),
    )

    def case(
        name: str, outcome: Outcome, register: str | None, stated: str = "authenticated = true\n", kind: str = "crowd"
    ) -> Vector:
        named = 'participants = "people.toml"\n' if register is not None else ""
        files = {} if register is None else {"people.toml": register.encode()}
        toml = f'[system]\nname = "roads"\n[[source]]\nname = "drivers"\nkind = "{kind}"\n{named}{stated}'
        return Vector(
            name=name,
            files={"redan.toml": toml.encode(), **files},
            check=_AUTHORISED,
            expect=outcome,
            subject="source:drivers",
            note=_NOTE,
        )

    return (
        case("anybody may send", Outcome.BROKEN, None, ""),
        case("a source that says it authenticates, and not whom", Outcome.BROKEN, None),
        case("a source that does not authenticate", Outcome.BROKEN, good, "authenticated = false\n"),
        case("two accounts with one key", Outcome.BROKEN, twice),
        case("a participant without a key or login", Outcome.BROKEN, good + keyless, ""),
        case("every authority ended", Outcome.BROKEN, ended),
        case("everybody has a key", Outcome.HOLDS, good, ""),
        case("one of them logs in", Outcome.HOLDS, good + keyless),
        case("sensors with a key each", Outcome.HOLDS, good, "", "sensor"),
        case("a vendor is asked elsewhere", Outcome.NOT_APPLICABLE, None, "", "vendor"),
    )


def _messages() -> tuple[Vector, ...]:
    signers = {f"p{i}": known_signer(f"participant {i}") for i in range(3)}
    stranger = known_signer("stranger")
    register, rows = _register(signers), _signed(signers)
    withdrawn = register.replace('id = "p2"\n', 'id = "p2"\nwithdrawn = true\n')
    late = register.replace('id = "p2"\n', 'id = "p2"\nuntil = 2026-03-01\n')
    thin = _register(signers, columns='[columns]\nat = "time"\nspeed = "number"\n')

    def case(
        name: str,
        outcome: Outcome,
        rows: Sequence[Row],
        register: str | None = register,
        more: str = 'signature = "sig"\n',
    ) -> Vector:
        return _case(name, _AUTHENTIC, outcome, rows, register, more)

    def changed(place: int, **cells: object) -> list[Row]:
        return [{**row, **cells} if i == place else row for i, row in enumerate(rows)]

    forged = _signed({"p1": stranger}, register=_register({"p1": stranger}))[0]
    elsewhere = _signed(signers, register=_register(signers, context="rails"))
    return (
        case("one label changed", Outcome.BROKEN, changed(4, icy="yes" if rows[4]["icy"] == "no" else "no")),
        case("one row without a signature", Outcome.BROKEN, changed(2, sig="")),
        case("a stranger's row", Outcome.BROKEN, changed(3, who="p7")),
        case("one participant's row under another's name", Outcome.BROKEN, changed(1, who="p2")),
        case("a row signed with another key", Outcome.BROKEN, [*rows, forged]),
        case("one message sent twice", Outcome.BROKEN, [*rows, rows[5]]),
        case("messages for another product", Outcome.BROKEN, elsewhere),
        case("a credential that was withdrawn", Outcome.BROKEN, rows, withdrawn),
        case("rows after the authority ended", Outcome.BROKEN, rows, late),
        case("the label is not signed", Outcome.BROKEN, _signed(signers, register=thin), thin),
        case("no register", Outcome.BROKEN, rows, None),
        case("no column of signatures", Outcome.BROKEN, rows, more=""),
        case("one stray text in a column of numbers accuses nobody else", Outcome.BROKEN, changed(0, speed="fast")),
        case("every row verifies", Outcome.HOLDS, rows),
        case("every row verifies in another order", Outcome.HOLDS, rows[::-1]),
    )


def _standing() -> tuple[Vector, ...]:
    rng = np.random.default_rng(5)
    rows = _observed(rng)
    bad = [
        {**row, "icy": "no" if row["icy"] == "yes" else "yes"} if row["who"] == "p3" and i % 2 else row
        for i, row in enumerate(rows)
    ]
    few = [{**row, "who": f"p{i // 3}"} for i, row in enumerate(rows)]
    known = [{**row, "icy": row["truth"]} for row in rows]
    trusted = '[[dataset]]\nname = "checked"\nrole = "reference"\npath = "checked.csv"\nlabel = "icy"\ntrusted = true\n'
    keys = 'identifiers = ["row"]\n'
    held = {"checked.csv": _csv(known)}

    def case(  # noqa: PLR0917 - a table of cases
        name: str,
        outcome: Outcome,
        rows: Sequence[Row],
        more: str = "",
        after: str = "",
        files: Mapping[str, bytes] = _NONE,
    ) -> Vector:
        return _case(name, _RELIABLE, outcome, rows, None, more, after=after, files=files)

    return (
        case(
            "one participant wrong in half of its rows, by what a model answers",
            Outcome.BROKEN,
            bad,
            'prediction = "truth"\n',
        ),
        case("the same against a trusted set", Outcome.BROKEN, bad, keys, trusted, held),
        case("everybody as good as the others", Outcome.HOLDS, rows, 'prediction = "truth"\n'),
        case("everybody as good as the others, against a trusted set", Outcome.HOLDS, rows, keys, trusted, held),
        case("three rows of each tell nothing", Outcome.NOT_RUN, few, 'prediction = "truth"\n'),
    )


def _observed(rng: np.random.Generator) -> list[Row]:
    rows: list[Row] = []
    for i in range(720):
        truth = "yes" if rng.random() < 0.4 else "no"  # noqa: PLR2004 - a share of icy roads
        said = truth if rng.random() < 0.93 else ("no" if truth == "yes" else "yes")  # noqa: PLR2004 - honest mistakes
        rows.append(
            {"row": i, "at": _at(i), "speed": i % 90, "icy": said, "who": f"p{i % 9}", "truth": truth, "sig": ""}
        )
    return rows


def _at(place: int) -> str:
    return (dt.datetime(2026, 3, 1, tzinfo=dt.UTC) + dt.timedelta(hours=4 * place)).strftime("%Y-%m-%dT%H:%M:%S")


def _signed(signers: Mapping[str, Signer], register: str | None = None) -> list[Row]:
    """Rows of each participant with its signature, as the contributor's half of the product makes them."""
    import pyarrow as pa

    from redan.tables import table_of

    known = parse_register((register or _register(signers)).encode(), where="register")
    rows: list[Row] = []
    for name, signer in signers.items():
        mine: list[Row] = [{"at": _at(i), "speed": 30 + i, "icy": "yes" if i % 3 else "no"} for i in range(8)]
        frame = pa.table(
            {
                "at": [dt.datetime.fromisoformat(r["at"]) for r in mine],
                **{k: [r[k] for r in mine] for k in ("speed", "icy")},
            }
        )
        for block in message_rows(table_of(frame), known.columns):
            for row, digest in zip(mine, block.digests, strict=True):
                message = signed_bytes(digest.tobytes(), name, known.context, known.columns)
                rows.append({**row, "who": name, "sig": encode(signer.sign(message))})
    return rows


def _csv(rows: Sequence[Row]) -> bytes:
    names = list(rows[0])
    return "\n".join([",".join(names), *(",".join(str(row[n]) for n in names) for row in rows), ""]).encode()


def _case(  # noqa: PLR0917 - a table of cases
    name: str,
    check: str,
    expect: Outcome,
    rows: Sequence[Row],
    register: str | None,
    more: str,
    *,
    after: str = "",
    files: Mapping[str, bytes] = _NONE,
) -> Vector:
    named = "" if register is None else 'participants = "people.toml"\n'
    toml = (
        f'[system]\nname = "roads"\n[[source]]\nname = "drivers"\nkind = "crowd"\n{named}'
        '[[dataset]]\nname = "train"\nrole = "train"\npath = "train.csv"\nlabel = "icy"\ntime = "at"\n'
        f'contributor = "who"\nsources = ["drivers"]\n{more}{after}'
    )
    everything = {"redan.toml": toml.encode(), "train.csv": _csv(rows), **files}
    if register is not None:
        everything["people.toml"] = register.encode()
    return Vector(name=name, files=everything, check=check, expect=expect, subject="dataset:train", note=_NOTE)
