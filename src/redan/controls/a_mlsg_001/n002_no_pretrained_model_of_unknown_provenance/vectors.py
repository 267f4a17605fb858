"""Models from nobody knows where, forged digests and signatures, files that run code, with repaired twins.

What runs code here would only compute a number; no loader is ever handed it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from redan.canon import digest
from redan.controls.a_mlsg_001.n002_no_pretrained_model_of_unknown_provenance.planted_bases import bases
from redan.controls.contract import Vector
from redan.controls.planted import known_signer, seal_of, tiny_onnx
from redan.terms import Outcome

_STATED = "A-MLSG-001-N002/publisher-and-terms-are-stated"
_VERIFIED = "A-MLSG-001-N002/digest-and-signature-verify"
_NO_CODE = "A-MLSG-001-N002/loading-runs-no-code"
_BASE = tiny_onnx((0.125, 0.75, -1.5))
_ANSWERS = {
    "publisher": "Example Laboratory",
    "source": "models.example/base-3",
    "licence": "Apache-2.0",
    "sha256": digest(_BASE),
    "training_data": "public product reviews, 2019 to 2024",
}
_RUNS = b"\x80\x02cbuiltins\neval\nX\x05\x00\x00\x001 + 1\x85R."
_NUMBERS = b"\x80\x02}X\x09\x00\x00\x00thresholdG?\xe0\x00\x00\x00\x00\x00\x00s."


_SAME: Mapping[str, bytes] = MappingProxyType({})


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    return (*_stated(), *_verified(), *_scanned(), *bases())


def _toml(*models: str) -> bytes:
    return "\n".join(['[system]\nname = "reviews"\nstage = "training"\n', *models]).encode()


def _model(name: str, more: str | None = None, **stated: str | None) -> str:
    lines = [f'{key} = "{value}"' for key, value in stated.items() if value is not None]
    return "\n".join(["[[model]]", f'name = "{name}"', *lines, more or "", ""])


def _stated() -> tuple[Vector, ...]:
    note = "Weights from nobody knows where are foreign code and foreign data in one file."
    own = _model("own", 'base = "base"')

    def case(name: str, outcome: Outcome, *models: str, subject: str = "model:base") -> Vector:
        files = {"redan.toml": _toml(*models), "base.onnx": _BASE}
        return Vector(name=name, files=files, check=_STATED, expect=outcome, subject=subject, note=note)

    def base(**changes: str | None) -> str:
        return _model("base", path="base.onnx", **{**_ANSWERS, **changes})

    return (
        case("weights with no publisher", Outcome.BROKEN, own, base(publisher=None)),
        case("publisher unknown, in words", Outcome.BROKEN, base(publisher="unknown")),
        case("no licence", Outcome.BROKEN, own, base(licence=None)),
        case("no word on the training data", Outcome.BROKEN, own, base(training_data="TBD")),
        case("nothing is stated of a base", Outcome.BROKEN, own, _model("base", path="base.onnx")),
        case(
            "a public base that is not described",
            Outcome.BROKEN,
            _model("own", "public_base = true"),
            subject="model:own",
        ),
        case("all five answers", Outcome.HOLDS, own, base()),
    )


def _verified() -> tuple[Vector, ...]:
    publisher, stranger = known_signer("publisher"), known_signer("stranger")
    files = {
        "base.onnx": _BASE,
        "base.sig": seal_of({"base.onnx": _BASE}, publisher, alone=True),
        "base.pub": publisher.public.pem.encode(),
    }

    def case(
        name: str, outcome: Outcome, note: str, changed: Mapping[str, bytes] = _SAME, **toml: str | None
    ) -> Vector:
        stated = {"path": "base.onnx", **_ANSWERS, "seal": "base.sig", "key": "base.pub", **toml}
        text = _toml(_model("own", 'base = "base"'), _model("base", **stated))
        everything = {**files, **changed, "redan.toml": text}
        return Vector(name=name, files=everything, check=_VERIFIED, expect=outcome, subject="model:base", note=note)

    weak = "MD5 and SHA-1 collide on demand; a file that matches one proves nothing."
    other = "The copy at hand is not what the publisher released."
    foreign = seal_of({"base.onnx": _BASE}, stranger, alone=True)
    return (
        case("digest and signature verify", Outcome.HOLDS, other),
        case("upper case with prefix", Outcome.HOLDS, other, sha256=f"sha256:{_ANSWERS['sha256'].upper()}"),
        case("another file was announced", Outcome.BROKEN, other, sha256=digest(b"another file")),
        case("a digest of the wrong length", Outcome.BROKEN, weak, sha256=_ANSWERS["sha256"][:40]),
        case("a digest that is none", Outcome.BROKEN, weak, sha256="see the website"),
        case("no digest", Outcome.BROKEN, other, sha256=None),
        case("no signature", Outcome.BROKEN, other, seal=None),
        case("no key", Outcome.BROKEN, other, key=None),
        case("signed by somebody else", Outcome.BROKEN, other, {"base.sig": foreign}),
        case("a flipped bit under digest and signature", Outcome.BROKEN, other, {"base.onnx": _BASE[:-1] + b"\x0c"}),
    )


def _scanned() -> tuple[Vector, ...]:
    note = "A pickle is a program; loading runs it with the rights of whoever loads."

    def case(name: str, outcome: Outcome, model: bytes, **config: bytes) -> Vector:
        names = {key.replace("_", "."): data for key, data in config.items()}
        listed = ", ".join(f'"{key}"' for key in names)
        toml = _toml(_model("own", f"config = [{listed}]", path="own.bin"))
        files = {"redan.toml": toml, "own.bin": model, **names}
        return Vector(name=name, files=files, check=_NO_CODE, expect=outcome, subject="model:own", note=note)

    def whole(name: str, outcome: Outcome, files: Mapping[str, bytes]) -> Vector:
        return Vector(name=name, files=files, check=_NO_CODE, expect=outcome, subject="model:own", note=note)

    bundled = {
        "redan.toml": _toml(_model("own", path="release/own.onnx", bundle="release")),
        "release/own.onnx": _BASE,
        "release/notes.md": b"# Notes\n",
        "release/logo.png": b"\x89PNG\r\n\x1a\n" + bytes(64),
    }
    planted = {**bundled, "release/scaler.pkl": _RUNS}
    return (
        whole("a file in the bundle that runs code", Outcome.BROKEN, planted),
        whole("a bundle with notes and a picture", Outcome.HOLDS, bundled),
        case("a pickle that runs code", Outcome.BROKEN, _RUNS),
        case("a scaler that runs code beside clean weights", Outcome.BROKEN, _BASE, scaler_bin=_RUNS),
        case("bytes that nobody understands", Outcome.BROKEN, bytes(range(255, 0, -1)) * 3),
        case("a pickle cut off", Outcome.BROKEN, _RUNS[:20]),
        case("ONNX with its source code beside it", Outcome.HOLDS, _BASE, prepare_py=b"def clean(x):\n    return x\n"),
        case("a pickle of numbers alone", Outcome.HOLDS, _NUMBERS),
    )
