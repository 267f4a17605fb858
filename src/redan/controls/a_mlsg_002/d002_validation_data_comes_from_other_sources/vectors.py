"""Held-out rows copied, nudged or re-encoded from training, shared contributors, sources and periods, each with its twin."""

import random
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from redan.controls.contract import Vector
from redan.terms import Outcome

_CHECK = "A-MLSG-002-D002/"
_TRAIN, _TEST = 300, 120
_REGIONS = ("north", "south", "east", "west")
_NUMBERS = ("age", "tenure_months", "monthly_charge", "total_charge", "calls", "data_gb", "tickets", "signal_dbm")
_SUBJECT = "dataset:test+dataset:train"

Row: TypeAlias = dict[str, object]
Change: TypeAlias = Callable[[Row, random.Random], Row]


def _row(rng: random.Random, number: int) -> Row:
    months, charge = rng.randint(1, 72), round(rng.uniform(15, 110), 2)
    return {
        "age": rng.randint(18, 90),
        "tenure_months": months,
        "monthly_charge": charge,
        "total_charge": round(months * charge * rng.uniform(0.9, 1.1), 2),
        "calls": rng.randint(0, 900),
        "data_gb": round(rng.expovariate(0.1), 3),
        "tickets": round(rng.gauss(20, 5), 1),
        "signal_dbm": round(rng.gauss(-85, 9), 1),
        "region": rng.choices(_REGIONS, (0.5, 0.25, 0.15, 0.1))[0],
        "churn": rng.choices(("no", "yes"), (0.73, 0.27))[0],
        "agent": f"agent-{number % 40:02}",
        "seen": f"2025-{1 + number * 6 // _TRAIN:02}-{1 + number % 28:02}",
    }


def _csv(rows: Sequence[Row]) -> bytes:
    lines = [",".join(rows[0]), *(",".join(str(v) for v in row.values()) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def _later(row: Row, rng: random.Random) -> Row:
    return {**row, "agent": f"agent-{60 + rng.randrange(20)}", "seen": f"2025-{rng.randint(8, 12):02}-11"}


def _toml(train: str = "", test: str = "", sources: str = "") -> bytes:
    return f"""[system]
name = "churn"
stage = "training"
{sources}
[[dataset]]
name = "train"
role = "train"
path = "train.csv"
label = "churn"
{train}
[[dataset]]
name = "test"
role = "test"
path = "test.csv"
label = "churn"
{test}
[[model]]
name = "churn"
trained_on = ["train"]
validated_on = ["test"]
""".encode()


def _files(change: Change | None, copied: int = _TEST, toml: bytes | None = None) -> dict[str, bytes]:
    """Training rows, and test rows of which the first `copied` are changed training rows and the rest are new."""
    rng = random.Random(2002)  # noqa: S311 - made-up rows, not secrets
    train = [_row(rng, i) for i in range(_TRAIN)]
    test = [_later(_row(rng, i), rng) for i in range(_TEST)]
    if change is not None:
        test[:copied] = [change(row, rng) for row in train[:copied]]
    return {"redan.toml": toml or _toml(), "train.csv": _csv(train), "test.csv": _csv(test)}


def _same(row: Row, _rng: random.Random) -> Row:
    return dict(row)


def _two_changed(row: Row, rng: random.Random) -> Row:
    fresh, columns = _row(rng, 0), rng.sample(_NUMBERS, 2)
    return {**row, **{c: fresh[c] for c in columns}}


def _nudged(row: Row, rng: random.Random) -> Row:
    return {k: round(float(str(v)) * rng.uniform(0.999, 1.001), 4) if k in _NUMBERS else v for k, v in row.items()}


def _other_units(row: Row, _rng: random.Random) -> Row:
    code = {"north": 3, "south": 0, "east": 2, "west": 1, "no": 1, "yes": 0}
    scaled = {c: round(float(str(row[c])) * (i + 2) / 7 - 3 * i, 6) for i, c in enumerate(_NUMBERS)}
    return {**scaled, **{c: code[str(row[c])] for c in ("region", "churn")}}


def _other_names(row: Row, rng: random.Random) -> Row:
    return {f"f{i}": value for i, value in enumerate(_other_units(row, rng).values())}


def _recoded_files(change: Change, *, copies: bool) -> dict[str, bytes]:
    """A test set in another encoding, of training rows or of new ones."""
    files = _files(None)
    rng = random.Random(7 if copies else 8)  # noqa: S311 - made-up rows, not secrets
    made = random.Random(2002 if copies else 2003)  # noqa: S311 - 2002 makes the training rows again
    rows = [_row(made, i) for i in range(_TEST)]
    return {**files, "test.csv": _csv([change(row, rng) for row in rows])}


def vectors() -> tuple[Vector, ...]:
    """Bad systems, their repaired twins, and files that are not tables."""
    return (*_copies(), *_disguised(), *_small(), *_recoded(), *_people(), *_sources(), *_times(), *_undeclared())


def _case(name: str, check: str, expect: Outcome, files: dict[str, bytes], note: str) -> Vector:
    return Vector(name=name, files=files, check=_CHECK + check, expect=expect, subject=_SUBJECT, note=note)


def _copies() -> tuple[Vector, ...]:
    rows, near = "rows-are-not-shared", "no-near-duplicates"
    note = "A model that learned its test rows by heart scores well and knows nothing."
    keyed = _toml('identifiers = ["agent"]', 'identifiers = ["agent"]')
    return (
        _case("every test row copied", rows, Outcome.BROKEN, _files(_same), note),
        _case("three rows copied", rows, Outcome.BROKEN, _files(_same, 3), note),
        _case("new rows", rows, Outcome.HOLDS, _files(None), note),
        _case("same identifiers", rows, Outcome.BROKEN, _files(_two_changed, 30, keyed), note),
        _case("other identifiers", rows, Outcome.HOLDS, _files(None, 0, keyed), note),
        _case("two columns changed", near, Outcome.BROKEN, _files(_two_changed, 40), note),
        _case("all numbers nudged", near, Outcome.BROKEN, _files(_nudged, 40), note),
        _case("new rows", near, Outcome.HOLDS, _files(None), note),
    )


def _keyed(files: dict[str, bytes], *, measured: bool = False) -> dict[str, bytes]:
    """The same files with a key for each row, made anew for each set; with a fine measurement as well, if asked."""
    rng = random.Random(11)  # noqa: S311 - made-up rows, not secrets

    def fresh() -> str:
        return f"t{rng.getrandbits(64):016x}" + (f",{rng.uniform(0, 9):.9f}" if measured else "")

    def with_keys(content: bytes) -> bytes:
        head, *rows = content.decode().splitlines()
        names = f"{head},ticket" + (",warmth" if measured else "")
        return "\n".join((names, *(f"{row},{fresh()}" for row in rows), "")).encode()

    return {name: with_keys(content) if name.endswith(".csv") else content for name, content in files.items()}


def _disguised() -> tuple[Vector, ...]:
    rows = "rows-are-not-shared"
    note = "What a copier changes in passing must not hide the copy, and what cannot be compared must not pass."
    left_out = _toml().replace(b'validated_on = ["test"]', b'validated_on = ["other"]')
    other = b'[[dataset]]\nname = "other"\nrole = "test"\npath = "other.csv"\nlabel = "churn"\n'
    clean = _files(None)
    split = {**_files(_same, toml=left_out.replace(b"[[model]]", other + b"[[model]]")), "other.csv": clean["test.csv"]}
    renamed = clean["test.csv"].split(b"\n", 1)
    head = b",".join(b"x_" + name if i > 2 else name for i, name in enumerate(renamed[0].split(b",")))  # noqa: PLR2004
    return (
        _case("copies under fresh keys", rows, Outcome.BROKEN, _keyed(_files(_same, 30)), note),
        _case("new rows under fresh keys", rows, Outcome.HOLDS, _keyed(clean), note),
        _case(
            "copies under fresh keys and measurements",
            rows,
            Outcome.BROKEN,
            _keyed(_files(_same, 30), measured=True),
            note,
        ),
        _case("new rows under fresh keys and measurements", rows, Outcome.HOLDS, _keyed(clean, measured=True), note),
        _case("a test set left out of validated_on", rows, Outcome.BROKEN, split, note),
        _case("columns renamed", rows, Outcome.NOT_RUN, {**clean, "test.csv": head + b"\n" + renamed[1]}, note),
    )


def _small() -> tuple[Vector, ...]:
    rows, near = "rows-are-not-shared", "no-near-duplicates"
    note = "A small table is no excuse: either its copies are seen, or the question stays open."
    two = b"dose,site,churn\n1.5,north,no\n2.25,south,yes\n"
    flags = b"flag,churn\n" + b"0,no\n1,yes\n" * 10
    few = {"redan.toml": _toml(), "train.csv": flags, "test.csv": flags}
    return (
        _case(
            "both rows of two", rows, Outcome.BROKEN, {"redan.toml": _toml(), "train.csv": two, "test.csv": two}, note
        ),
        _case("two columns of two values", rows, Outcome.NOT_RUN, few, note),
        _case("nothing but exact copies", near, Outcome.NOT_APPLICABLE, few, note),
    )


def _recoded() -> tuple[Vector, ...]:
    check = "no-reencoded-copies"
    note = "Scaling columns hides a copy from every comparison of values, not from the model."
    cases = (("other units", _other_units), ("other units, codes and names", _other_names))
    return tuple(
        _case(
            f"{name}: {'copies' if copies else 'new rows'}", check, expect, _recoded_files(change, copies=copies), note
        )
        for name, change in cases
        for copies, expect in ((True, Outcome.BROKEN), (False, Outcome.HOLDS))
    )


def _people() -> tuple[Vector, ...]:
    check, declared = "contributors-are-disjoint", 'contributor = "agent"'
    note = "Who feeds both sets can bend the model and the ruler in the same direction."

    def same_agent(row: Row, rng: random.Random) -> Row:
        return {**_row(rng, 0), "agent": row["agent"]}

    return (
        _case("one contributor in both", check, Outcome.BROKEN, _files(same_agent, 1, _toml(declared, declared)), note),
        _case("other contributors", check, Outcome.HOLDS, _files(None, 0, _toml(declared, declared)), note),
        _case("no name in the rows", check, Outcome.NOT_RUN, _nameless(_toml(declared, declared)), note),
        _case("declared on one side", check, Outcome.NOT_RUN, _files(None, 0, _toml(declared)), note),
    )


def _nameless(toml: bytes) -> dict[str, bytes]:
    """The files of new rows with the name of every contributor taken out."""
    files = _files(None, 0, toml)
    return {n: re.sub(rb"agent-[0-9]+", b"", c) if n.endswith(".csv") else c for n, c in files.items()}


def _sources() -> tuple[Vector, ...]:
    check = "sources-are-disjoint"
    note = "Poison in one source reaches both the model and its examination."

    def files(test: str, host: str) -> dict[str, bytes]:
        described = "".join(
            f'[[source]]\nname = "{name}"\nkind = "internal"\nhost = "{where}"\n'
            for name, where in (("crm", "Billing"), ("survey", host))
        )
        return _files(None, 0, _toml('sources = ["crm"]', test, described))

    survey = 'sources = ["survey"]'
    return (
        _case("same source", check, Outcome.BROKEN, files('sources = ["survey", "crm"]', "Panel"), note),
        _case("same host under two names", check, Outcome.BROKEN, files(survey, "billing "), note),
        _case("same host under two addresses", check, Outcome.BROKEN, files(survey, "https://www.billing/panel"), note),
        _case("other source", check, Outcome.HOLDS, files(survey, "Panel"), note),
        _case("no source named", check, Outcome.NOT_RUN, files("", "Panel"), note),
        _case("a source without a known host", check, Outcome.NOT_RUN, files(survey, "unknown"), note),
    )


def _times() -> tuple[Vector, ...]:
    check, declared = "times-do-not-overlap", 'time = "seen"'
    note = "Rows of the same weeks share what happened in them; the future will not."
    both = _toml(declared, declared)
    return (
        _case("one row of the same month", check, Outcome.BROKEN, _files(_same, 1, both), note),
        _case("a later period", check, Outcome.HOLDS, _files(None, 0, both), note),
        _case(
            "the column tells no time",
            check,
            Outcome.NOT_RUN,
            _files(None, 0, _toml(declared, 'time = "region"')),
            note,
        ),
    )


def _undeclared() -> tuple[Vector, ...]:
    note = "A question that does not arise is said to be so, never passed."
    names = ("contributors-are-disjoint", "times-do-not-overlap")
    return tuple(_case("nothing declared", name, Outcome.NOT_APPLICABLE, _files(None), note) for name in names)
