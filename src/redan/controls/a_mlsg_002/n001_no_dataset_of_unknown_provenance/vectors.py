"""Planted gaps of provenance, forged digests and validation data in disguise, each with its repaired twin."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from redan.controls.contract import Vector
from redan.controls.planted import known_signer, seal_of
from redan.terms import Outcome

_STATED = "A-MLSG-002-N001/provenance-is-stated"
_DIGEST = "A-MLSG-002-N001/published-digest-matches"
_INDEPENDENT = "A-MLSG-002-N001/validation-has-an-independent-source"
_SIGNED = "A-MLSG-002-N001/signature-verifies"
_ROWS = b"a,b\n1,2\n3,4\n"
_SHA256 = hashlib.sha256(_ROWS).hexdigest()
_ANSWERS = {
    "host": "Example University",
    "contributors": "1,200 volunteers",
    "collection": "web survey, May 2025",
    "terms": "CC-BY-4.0",
}


def _source(name: str, kind: str = "public", **changes: str | None) -> str:
    stated = {**_ANSWERS, **changes}
    lines = [f'{key} = "{value}"' for key, value in stated.items() if value is not None]
    return "\n".join(["[[source]]", f'name = "{name}"', f'kind = "{kind}"', *lines, ""])


def _dataset(name: str, role: str, sources: str, extra: str = "") -> str:
    return f'[[dataset]]\nname = "{name}"\nrole = "{role}"\npath = "{name}.csv"\nsources = [{sources}]\n{extra}\n'


def _files(*tables: str) -> dict[str, bytes]:
    text = "\n".join(['[system]\nname = "survey"\nstage = "training"\n', *tables])
    return {"redan.toml": text.encode(), "train.csv": _ROWS, "val.csv": b"a,b\n5,6\n", "raw.csv": _ROWS + b"7,8\n"}


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    return (*_stated(), *_digests(), *_independence(), *_signatures())


def _stated() -> tuple[Vector, ...]:
    train = _dataset("train", "train", '"survey"')
    note = "A dataset from nobody knows where passes for a vetted one."

    def case(name: str, outcome: Outcome, *tables: str) -> Vector:
        return Vector(
            name=name, files=_files(*tables), check=_STATED, expect=outcome, subject="dataset:train", note=note
        )

    return (
        case("no host", Outcome.BROKEN, _source("survey", host=None), train),
        case("contributors unknown, in words", Outcome.BROKEN, _source("survey", contributors="Unknown."), train),
        case("no terms", Outcome.BROKEN, _source("survey", terms="TBD"), train),
        case("no source at all", Outcome.BROKEN, _source("survey"), _dataset("train", "train", "")),
        case(
            "second source says nothing",
            Outcome.BROKEN,
            _source("survey"),
            '[[source]]\nname = "forum"\nkind = "crowd"\n',
            _dataset("train", "train", '"survey", "forum"'),
        ),
        case("all four answers", Outcome.HOLDS, _source("survey"), train),
    )


def _digests() -> tuple[Vector, ...]:
    def case(name: str, outcome: Outcome, source: str, note: str, extra: str = "") -> Vector:
        files = _files(source, _dataset("train", "train", '"survey"', extra))
        return Vector(name=name, files=files, check=_DIGEST, expect=outcome, subject="dataset:train", note=note)

    forged = hashlib.sha256(b"other bytes").hexdigest()
    weak = "MD5 and SHA-1 collide on demand; a file that matches one proves nothing."
    changed = "The copy at hand is not what the publisher released."
    return (
        case("MD5 in the place of SHA-256", Outcome.BROKEN, _source("survey", published_sha256=_SHA256[:32]), weak),
        case("SHA-1 in the place of SHA-256", Outcome.BROKEN, _source("survey"), weak, f'sha256 = "{_SHA256[:40]}"'),
        case("not hexadecimal", Outcome.BROKEN, _source("survey", published_sha256="see website"), weak),
        case("another file was published", Outcome.BROKEN, _source("survey", published_sha256=forged), changed),
        case("pinned digest differs", Outcome.BROKEN, _source("survey"), changed, f'sha256 = "{forged}"'),
        case(
            "pinned to the file, published another",
            Outcome.BROKEN,
            _source("survey", published_sha256=forged),
            changed,
            f'sha256 = "{_SHA256}"',
        ),
        case("public file without any digest", Outcome.BROKEN, _source("survey"), changed),
        case("published digest equals", Outcome.HOLDS, _source("survey", published_sha256=_SHA256.upper()), changed),
        case("pinned digest equals", Outcome.HOLDS, _source("survey"), changed, f'sha256 = "sha256:{_SHA256}"'),
        case("own sensors publish nothing", Outcome.NOT_APPLICABLE, _source("survey", "sensor"), changed),
    )


def _independence() -> tuple[Vector, ...]:
    model = '[[model]]\nname = "m"\ntrained_on = ["train"]\nvalidated_on = ["val"]\n'
    train = _dataset("train", "train", '"survey"')
    note = "Whoever poisons the one source also poisons the test that should find it."

    def case(name: str, outcome: Outcome, *tables: str) -> Vector:
        files = _files(_source("survey"), train, *tables)
        return Vector(name=name, files=files, check=_INDEPENDENT, expect=outcome, subject="model:m", note=note)

    other = _source("clinic", host="City Clinic", contributors="40 nurses")
    return (
        case("the same source judges", Outcome.BROKEN, _dataset("val", "validation", '"survey"'), model),
        case(
            "the same source under another name",
            Outcome.BROKEN,
            _source("survey-copy", host="example university"),
            _dataset("val", "validation", '"survey-copy"'),
            model,
        ),
        case("no validation data", Outcome.BROKEN, model.replace('validated_on = ["val"]\n', "")),
        case("another clinic judges", Outcome.HOLDS, other, _dataset("val", "validation", '"clinic"'), model),
        case("one of two sources is fresh", Outcome.HOLDS, other, _dataset("val", "test", '"survey", "clinic"'), model),
    )


def _signatures() -> tuple[Vector, ...]:
    publisher, stranger = known_signer("publisher"), known_signer("stranger")
    files = {
        "train.sig": seal_of({"train.csv": _ROWS}, publisher, alone=True),
        "vendor.pub": publisher.public.pem.encode(),
        "own.pub": stranger.public.pem.encode(),
    }
    own = {"train.sig": seal_of({"train.csv": _ROWS}, stranger, alone=True)}
    sealed, keyed = 'seal = "train.sig"\n', 'key = "own.pub"\n'
    source = _source("survey", "vendor", key="vendor.pub")
    second = _source("clinic", host="City Clinic", contributors="40 nurses")
    train, joined = (_dataset("train", "train", names, sealed) for names in ('"survey"', '"survey", "clinic"'))
    note = "A signature says who released a file; a digest beside the file says only that both came together."

    def case(name: str, outcome: Outcome, *tables: str, changed: Mapping[str, bytes] = MappingProxyType({})) -> Vector:
        everything = {**_files(*tables), **files, **changed}
        return Vector(name=name, files=everything, check=_SIGNED, expect=outcome, subject="dataset:train", note=note)

    return (
        case("signed by its publisher", Outcome.HOLDS, source, train),
        case("a row changed since", Outcome.BROKEN, source, train, changed={"train.csv": _ROWS + b"9,9\n"}),
        case("signed by somebody else", Outcome.BROKEN, source, train, changed=own),
        case(
            "the publisher signs and this copy has no signature",
            Outcome.BROKEN,
            source,
            _dataset("train", "train", '"survey"'),
        ),
        case("a signature that is none", Outcome.BROKEN, source, train, changed={"train.sig": b"{}"}),
        case("its own key for the file of a publisher", Outcome.BROKEN, source, train + keyed, changed=own),
        case(
            "made of two sources, sealed by whoever made it", Outcome.HOLDS, source, second, joined + keyed, changed=own
        ),
        case("a stated key that does not verify", Outcome.BROKEN, source, second, joined + keyed),
        case("sealed with a key of its own", Outcome.HOLDS, _source("survey"), train + keyed, changed=own),
    )
