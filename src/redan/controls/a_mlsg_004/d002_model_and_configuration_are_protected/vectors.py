"""A flipped bit, edited configuration, planted files, foreign keys and forgotten verifications, with repaired twins."""

import datetime as dt
from collections.abc import Mapping

from redan.artifacts.history import Event, History
from redan.canon import digest
from redan.controls.a_mlsg_004.d002_model_and_configuration_are_protected.rollback_vectors import rollback_vectors
from redan.controls.contract import Vector
from redan.controls.live.planted import SERVED, planted
from redan.controls.planted import known_signer, seal_of, tiny_onnx
from redan.terms import Outcome

_SEALED = "A-MLSG-004-D002/bundle-is-sealed"
_LOADED = "A-MLSG-004-D002/loaded-bytes-are-verified"
_RUNS = "A-MLSG-004-D002/service-runs-only-what-is-sealed"
_MODEL = tiny_onnx()
_CONFIG = b'{"threshold": 0.5, "classes": ["stays", "leaves"]}\n'
_RELEASE = {"release/model.onnx": _MODEL, "release/config.json": _CONFIG}
_BUNDLE = (
    'path = "release/model.onnx"\nbundle = "release"\nconfig = ["release/config.json"]\nseal = "m.sig"\nkey = "m.pub"\n'
)
_ALONE = 'path = "model.onnx"\nseal = "m.sig"\nkey = "m.pub"\n'
_SERVED = '[[endpoint]]\nname = "scores"\nmodel = "churn"\n'
_PICKLE = b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01a\x94K\x01s."


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    return (*_seals(), *_loads(), *_service(), *rollback_vectors(), *_running())


def _toml(model: str, stage: str = "training", more: str = "") -> bytes:
    return f'[system]\nname = "churn"\nstage = "{stage}"\n\n[[model]]\nname = "churn"\n{model}\n{more}'.encode()


def _keys(word: str = "releaser") -> dict[str, bytes]:
    return {"m.pub": known_signer(word).public.pem.encode()}


def _folder(word: str = "releaser") -> dict[str, bytes]:
    inside = {name.partition("/")[2]: data for name, data in _RELEASE.items()}
    return {"m.sig": seal_of(inside, known_signer(word))}


def _file(word: str = "releaser", data: bytes = _MODEL) -> dict[str, bytes]:
    return {"m.sig": seal_of({"model.onnx": data}, known_signer(word), alone=True)}


def _flipped(data: bytes, needle: bytes = b"\x00\x00\x00\x3f") -> bytes:
    at = data.index(needle)
    return data[:at] + b"\x01" + data[at + 1 :]


def _case(check: str, note: str, name: str, outcome: Outcome, files: Mapping[str, bytes]) -> Vector:
    return Vector(name=name, files=files, check=check, expect=outcome, subject="model:churn", note=note)


def _seals() -> tuple[Vector, ...]:
    whole = {"redan.toml": _toml(_BUNDLE), **_RELEASE, **_folder(), **_keys()}
    alone = {"redan.toml": _toml(_ALONE), "model.onnx": _MODEL, **_file(), **_keys()}
    beside = _BUNDLE.replace("release/config.json", "config.json")
    unkeyed = _ALONE.replace('key = "m.pub"\n', "")
    uncovered = _ALONE + 'config = ["config.json"]\n'
    changed = "One weight, one threshold or one class name changes what the product decides."
    foreign = "Anybody can seal; only the releaser's key says that this is the release."

    def case(name: str, outcome: Outcome, files: Mapping[str, bytes], note: str = changed) -> Vector:
        return _case(_SEALED, note, name, outcome, files)

    return (
        case("a bundle as it was sealed", Outcome.HOLDS, whole),
        case("a file as it was sealed", Outcome.HOLDS, alone),
        case("the seal lies in the bundle", Outcome.HOLDS, _inside()),
        case("one flipped weight bit", Outcome.BROKEN, {**whole, "release/model.onnx": _flipped(_MODEL)}),
        case("one flipped weight bit of a file", Outcome.BROKEN, {**alone, "model.onnx": _flipped(_MODEL)}),
        case(
            "an edited threshold",
            Outcome.BROKEN,
            {**whole, "release/config.json": _CONFIG.replace(b"0.5", b"0.9")},
        ),
        case("a file planted beside the model", Outcome.BROKEN, {**whole, "release/extra.py": b"print(1)\n"}),
        case(
            "a file planted where tools do not look",
            Outcome.BROKEN,
            {**whole, "release/.github/run.yml": b"on: push\n"},
        ),
        case(
            "configuration outside the bundle",
            Outcome.BROKEN,
            {**whole, "config.json": _CONFIG, "redan.toml": _toml(beside)},
        ),
        case(
            "configuration beside a file that is sealed alone",
            Outcome.BROKEN,
            {**alone, "config.json": _CONFIG, "redan.toml": _toml(uncovered)},
        ),
        case("sealed by somebody else", Outcome.BROKEN, {**whole, **_folder("stranger")}, foreign),
        case("another key is stated", Outcome.BROKEN, {**alone, **_keys("stranger")}, foreign),
        case("no key is stated", Outcome.BROKEN, {**alone, "redan.toml": _toml(unkeyed)}, foreign),
        case("no seal at all", Outcome.BROKEN, {"redan.toml": _toml('path = "model.onnx"'), "model.onnx": _MODEL}),
        case("a seal that is no seal", Outcome.BROKEN, {**alone, "m.sig": b"{}"}),
        case("a key that is no key", Outcome.BROKEN, {**alone, "m.pub": b"-----BEGIN PUBLIC KEY-----\n"}),
        case("not trained yet", Outcome.NOT_RUN, {"redan.toml": _toml('path = "model.onnx"')}),
    )


def _inside() -> dict[str, bytes]:
    toml = _toml(_BUNDLE.replace('"m.sig"', '"release/m.sig"'))
    return {"redan.toml": toml, **_RELEASE, **_keys(), "release/m.sig": _folder()["m.sig"]}


def _loads() -> tuple[Vector, ...]:
    alone = {"redan.toml": _toml(_ALONE), "model.onnx": _MODEL, **_file(), **_keys()}
    note = "What is verified and what is loaded must be the same bytes, and loading must run nothing of them."

    def case(name: str, outcome: Outcome, files: Mapping[str, bytes]) -> Vector:
        return _case(_LOADED, note, name, outcome, files)

    pickled = {**alone, "model.onnx": _PICKLE, **_file(data=_PICKLE)}
    return (
        case("a sealed ONNX model", Outcome.HOLDS, alone),
        case("a sealed bundle", Outcome.HOLDS, {"redan.toml": _toml(_BUNDLE), **_RELEASE, **_folder(), **_keys()}),
        case("a flipped bit never loads", Outcome.BROKEN, {**alone, "model.onnx": _flipped(_MODEL)}),
        case("a sealed pickle called ONNX", Outcome.BROKEN, pickled),
        case("sealed bytes of no model", Outcome.BROKEN, {**alone, "model.onnx": b"weights", **_file(data=b"weights")}),
        case("nothing vouches", Outcome.BROKEN, {"redan.toml": _toml('path = "model.onnx"'), "model.onnx": _MODEL}),
    )


def _service() -> tuple[Vector, ...]:
    alone = {"redan.toml": _toml(_ALONE, "operation", _SERVED), "model.onnx": _MODEL, **_file(), **_keys()}
    looser = {**alone, "redan.toml": alone["redan.toml"] + b'\n[controls."A-MLSG-004-D002"]\nthreshold = 31\n'}
    ensemble = '[[model]]\nname = "vote"\nensemble_of = ["churn"]\n' + _SERVED.replace(
        'model = "churn"', 'model = "vote"'
    )
    voted = {**alone, "redan.toml": _toml(_ALONE, "operation", ensemble)}
    current, other = digest(_MODEL), digest(b"an older release")
    note = "A file that is changed on the serving machine is noticed only by looking again."

    def case(name: str, outcome: Outcome, files: Mapping[str, bytes], *events: Event) -> Vector:
        return Vector(
            name=name,
            files=files,
            check=_LOADED,
            expect=outcome,
            subject="model:churn",
            note=note,
            history=History(events),
        )

    return (
        case("in service and never verified", Outcome.BROKEN, alone),
        case("verified three days ago", Outcome.HOLDS, alone, _event("verified", 29, current)),
        case("verified a month ago", Outcome.BROKEN, alone, _event("verified", 2, current)),
        case("verified a month ago, as agreed", Outcome.HOLDS, looser, _event("verified", 2, current)),
        case("another release was verified", Outcome.BROKEN, alone, _event("verified", 31, other)),
        case("in service through an ensemble", Outcome.BROKEN, voted),
        case(
            "loaded unsafely since",
            Outcome.BROKEN,
            alone,
            _event("verified", 29, current),
            _event("loaded-unsafely", 30, current),
        ),
        case(
            "verified again after it was loaded unsafely",
            Outcome.HOLDS,
            alone,
            _event("loaded-unsafely", 29, current),
            _event("verified", 30, current),
        ),
    )


def _event(kind: str, day: int, sha256: str) -> Event:
    return Event(kind=kind, at=dt.datetime(2026, 5, day, 8, 30, tzinfo=dt.UTC), key="model:churn", digest=sha256)


def _running() -> tuple[Vector, ...]:
    note = "Whoever makes the service load another model needs no flaw in this one."

    def case(name: str, outcome: Outcome, *flaws: str) -> Vector:
        files = {"redan.toml": SERVED}
        return Vector(name=name, files=files, check=_RUNS, expect=outcome, note=note, around=planted(*flaws))

    return (
        case("clients may load models", Outcome.BROKEN, "repository"),
        case("nobody may load models", Outcome.HOLDS),
    )
