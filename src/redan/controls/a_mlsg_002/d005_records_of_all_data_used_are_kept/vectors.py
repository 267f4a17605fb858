"""Planted gaps between a model and its record: none, older data, outside the ledger, forged, undeclared reads."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from functools import cache

from redan.artifacts.history import Event, History
from redan.canon import digest
from redan.controls.contract import Vector
from redan.recording import form
from redan.recording.digests import State
from redan.recording.keep import sealed
from redan.recording.observation import BLIND, Method
from redan.seal.keys import Signer, parse_public
from redan.seal.strict import DigestSet
from redan.terms import Outcome

_ON_RECORD = "A-MLSG-002-D005/training-data-is-on-record"
_UNDECLARED = "A-MLSG-002-D005/no-undeclared-file-is-read"
_AT = dt.datetime(2026, 5, 1, 12, 0, 0, tzinfo=dt.UTC)
_NOTE = "A poisoned or unlawful source cannot be traced to the models that learned from it."
_TOML = b"""[system]
name = "shop"
stage = "training"

[[dataset]]
name = "train"
role = "train"
path = "train.csv"

[[dataset]]
name = "val"
role = "validation"
path = "val.csv"

[[model]]
name = "churn"
path = "churn.bin"
trained_on = ["train"]
validated_on = ["val"]
code = ["train.py"]
"""
_SCRIPT = b'import csv\nrows = list(csv.reader(open("train.csv"))) + list(csv.reader(open("val.csv")))\n'
_DATA = {"train.csv": b"a,b\n1,2\n3,4\n", "val.csv": b"a,b\n5,6\n", "train.py": _SCRIPT, "churn.bin": b"a model\n"}
_INPUTS = ("redan.toml", "train.csv", "train.py", "val.csv")


@cache
def _signer(seed: str = "the project's key") -> Signer:
    """A key that follows from a word; it seals nothing but these vectors."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return Signer(parse_public(pem), private)


def _input(name: str, data: bytes, state: State = State.UNCHANGED) -> form.FileResource:
    note = form.FileNote(use="read", state=state, size=len(data), declared=())
    return form.FileResource(name=name, digest=DigestSet(sha256=digest(data)), annotations=note)


def _record(
    files: Mapping[str, bytes],
    *,
    reads: Mapping[str, bytes] | None = None,
    changed: frozenset[str] = frozenset(),
    method: Method = Method.STRACE,
    gaps: tuple[str, ...] = (),
    unwatched: tuple[str, ...] = (),
    status: int = 0,
    signer: Signer | None = None,
    writes: str = "churn.bin",
) -> bytes:
    read = {name: files[name] for name in _INPUTS} if reads is None else reads
    inputs = tuple(
        _input(name, data, State.CHANGED if name in changed else State.UNCHANGED) for name, data in sorted(read.items())
    )
    seen = form.Seen(
        method=method,
        fallback="",
        blind_to=BLIND[method],
        gaps=gaps,
        unwatched=unwatched,
        exit_status=status,
        wall_seconds=2.0,
        own_seconds=0.1,
        processes=1,
        addresses=0,
        counted={},
        unlisted=(),
    )
    definition = form.Definition(
        external_parameters=form.External(command=("python", "train.py"), directory=".", models=("churn",)),
        internal_parameters=form.Internal(python="3.11.9", platform="Linux x86_64", variables=(), settings={}),
        resolved_dependencies=inputs,
    )
    when = form.Metadata(
        invocation_id="1", started_on="2026-05-01T11:59:58Z", finished_on=_AT.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    made = form.Output(
        name=writes,
        digest=DigestSet(sha256=digest(files[writes])),
        annotations=form.OutputNote(size=len(files[writes])),
    )
    details = form.RunDetails(
        builder=form.Builder(version={"redan": "0.1.0", "watcher": "strace 6.1"}),
        metadata=when,
        byproducts=(form.Observation(annotations=seen),),
    )
    record = form.TrainingRecord(
        subject=(made,), predicate=form.Provenance(build_definition=definition, run_details=details)
    )
    return sealed(record, signer or _signer())


def _vector(
    name: str,
    outcome: Outcome,
    *envelopes: bytes,
    check: str = _ON_RECORD,
    files: Mapping[str, bytes] | None = None,
    logged: tuple[bytes, ...] | None = None,
    toml: bytes = _TOML,
) -> Vector:
    kept = {f".redan/records/{digest(item)}.json": item for item in envelopes}
    anchored = envelopes if logged is None else logged
    events = tuple(Event(kind="recorded", at=_AT, key="model:churn", digest=digest(item)) for item in anchored)
    return Vector(
        name=name,
        files={
            "redan.toml": toml,
            **(_DATA if files is None else files),
            ".redan/key.pub": _signer().public.pem.encode(),
            **kept,
        },
        check=check,
        expect=outcome,
        subject="model:churn",
        note=_NOTE,
        history=History(events),
    )


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    return (*_absent(), *_data(), *_untrusted(), *_reads(), *_blind())


def _whole(toml: bytes = _TOML, **changes: bytes) -> dict[str, bytes]:
    return {"redan.toml": toml, **_DATA, **{name.replace("_", "."): data for name, data in changes.items()}}


def _absent() -> tuple[Vector, ...]:
    good = _record(_whole())
    retrained = {**_DATA, "churn.bin": b"another model\n"}
    elsewhere = {**_DATA, "elsewhere.json": good}
    return (
        _vector("no record", Outcome.BROKEN),
        _vector("a record of this model and this data, in the ledger", Outcome.HOLDS, good),
        _vector("the model was made again without a record", Outcome.BROKEN, good, files=retrained),
        _vector(
            "the model was made again with a record",
            Outcome.HOLDS,
            good,
            _record(_whole(churn_bin=b"another model\n")),
            files=retrained,
        ),
        _vector("a record of a run that failed", Outcome.BROKEN, _record(_whole(), status=1)),
        _vector(
            "the record that the description names",
            Outcome.HOLDS,
            files=elsewhere,
            logged=(good,),
            toml=_TOML + b'record = "elsewhere.json"\n',
        ),
        _vector("no model yet", Outcome.NOT_RUN, good, files={n: d for n, d in _DATA.items() if n != "churn.bin"}),
    )


def _data() -> tuple[Vector, ...]:
    older = _record(_whole(train_csv=b"a,b\n9,9\n"))
    files = _whole()
    unseen = _record(files, reads={name: files[name] for name in _INPUTS if name != "val.csv"})
    later = _record(files, reads={name: files[name] for name in (*_INPUTS, "churn.bin")}, writes="val.csv")
    return (
        _vector("the data was changed after training", Outcome.BROKEN, older),
        _vector("validation data was not seen to be read", Outcome.BROKEN, unseen),
        _vector("validation by a run of its own that is on record too", Outcome.HOLDS, unseen, later),
        _vector(
            "the training file was exchanged while it was read",
            Outcome.BROKEN,
            _record(files, changed=frozenset({"train.csv"})),
        ),
        _vector(
            "a copy of the training data under another name was read",
            Outcome.HOLDS,
            _record(
                files, reads={**{n: files[n] for n in _INPUTS if n != "train.csv"}, "copy.csv": files["train.csv"]}
            ),
        ),
    )


def _untrusted() -> tuple[Vector, ...]:
    good = _record(_whole())
    forged = _record(_whole(), signer=_signer("somebody else's key"))
    altered = good.replace(b'"payload":"ey', b'"payload":"eZ', 1)
    return (
        _vector("a record that is not in the ledger", Outcome.BROKEN, good, logged=()),
        _vector("another record is in the ledger", Outcome.BROKEN, good, logged=(forged,)),
        _vector("a record sealed with another key, and logged", Outcome.BROKEN, forged),
        _vector("one character of the record was changed", Outcome.BROKEN, altered, logged=(altered,)),
        _vector("one character of the signature was changed", Outcome.BROKEN, _flipped(good), logged=(good,)),
        _vector("the statement without its envelope", Outcome.BROKEN, b'{"_type":"https://in-toto.io/Statement/v1"}'),
        _vector("no JSON", Outcome.BROKEN, b"\x00" * 64),
        _vector("deep JSON", Outcome.BROKEN, b"[" * 100_000),
        _vector("a broken record beside the good one", Outcome.HOLDS, good, b"[]", logged=(good,)),
        _vector("a forged record beside the good one", Outcome.HOLDS, good, forged, logged=(good,)),
    )


def _flipped(envelope: bytes) -> bytes:
    place = envelope.index(b'"sig":"') + 20
    other = b"A" if envelope[place : place + 1] != b"A" else b"B"
    return envelope[:place] + other + envelope[place + 1 :]


def _reads() -> tuple[Vector, ...]:
    def case(name: str, outcome: Outcome, reads: Mapping[str, bytes], toml: bytes = _TOML) -> Vector:
        files = _whole(toml)
        envelope = _record(files, reads={**{n: files[n] for n in _INPUTS}, **reads})
        return _vector(
            name, outcome, envelope, check=_UNDECLARED, toml=toml, files={**_DATA, "extra.csv": b"a,b\n7,8\n"}
        )

    extra = {"extra.csv": b"a,b\n7,8\n"}
    another = _TOML + b'\n[[dataset]]\nname = "extra"\nrole = "current"\npath = "extra.csv"\n'
    declared = _TOML.replace(b'["train"]', b'["train", "extra"]') + another[len(_TOML) :]
    return (
        case("train.py also reads extra.csv", Outcome.BROKEN, extra),
        case("only what is declared", Outcome.HOLDS, {}),
        case("extra.csv is declared, but not for this model", Outcome.BROKEN, extra, another),
        case("extra.csv is declared for this model", Outcome.HOLDS, extra, declared),
        case("a file of the user's folder", Outcome.BROKEN, {"~/old/customers.parquet": b"PAR1"}),
        case("a module of the project that is not declared", Outcome.BROKEN, {"helper.py": b"x = 1\n"}),
        case(
            "data out of an installed package",
            Outcome.BROKEN,
            {"/opt/python/lib/python3.11/site-packages/toys/iris.csv": b"1\n"},
        ),
        case("a name with a line feed and steering characters", Outcome.BROKEN, {"a\\x0ab\\xe2\\x80\\xae.csv": b"1\n"}),
        case("a copy of declared data", Outcome.HOLDS, {"copy.csv": _DATA["train.csv"]}),
    )


def _blind() -> tuple[Vector, ...]:
    files = _whole()

    def case(name: str, outcome: Outcome, envelope: bytes) -> Vector:
        return _vector(name, outcome, envelope, check=_UNDECLARED)

    return (
        case(
            "watched by audit hooks while compiled code ran",
            Outcome.NOT_RUN,
            _record(files, method=Method.AUDIT, unwatched=("pyarrow",)),
        ),
        case("watched by audit hooks, Python code alone", Outcome.HOLDS, _record(files, method=Method.AUDIT)),
        case(
            "io_uring hid what was opened",
            Outcome.NOT_RUN,
            _record(files, gaps=("io_uring was set up; files opened through it are not seen",)),
        ),
        _vector("nothing on record", Outcome.NOT_RUN, check=_UNDECLARED),
        _vector("a record outside the ledger", Outcome.NOT_RUN, _record(files), check=_UNDECLARED, logged=()),
    )
