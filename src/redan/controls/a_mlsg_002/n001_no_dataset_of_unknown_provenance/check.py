"""Provenance: sources that say who and how, files as published, validation from a source that training did not use."""

import re
from collections.abc import Iterable, Iterator

from redan.artifacts.dataset_file import DatasetFile
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import is_stated
from redan.findings import Finding, Remedy, broken, holds, not_applicable
from redan.system.records import Dataset, Model, Source
from redan.system.system import System
from redan.terms import Level, Stage

STATED = "A-MLSG-002-N001/provenance-is-stated"
DIGEST = "A-MLSG-002-N001/published-digest-matches"
INDEPENDENT = "A-MLSG-002-N001/validation-has-an-independent-source"
_HEX = re.compile(r"[0-9a-f]*")
_SHA256_DIGITS = 64
# Lengths in hex digits that users paste for SHA-256; half of the digests in Croissant's own examples are such.
_OTHER_DIGESTS = {32: "an MD5", 40: "a SHA-1", 56: "a SHA-224", 96: "a SHA-384", 128: "a SHA-512"}
_PUBLISHED = frozenset({"public", "vendor"})  # kinds whose data somebody outside the project hands out as files
_ANSWERS = ("host", "contributors", "collection", "terms")
_JUDGING = frozenset({"validation", "test"})


def _each_dataset(system: System) -> Iterable[Subject]:
    return tuple(Subject(f"dataset:{d.name}", (f"dataset:{d.name}",)) for d in system.datasets)


def _sources(system: System, dataset: Dataset) -> tuple[Source, ...]:
    return tuple(s for s in system.sources if s.name in dataset.sources)


def _dataset(have: Have) -> Dataset:
    return have.system.dataset(have.subject.id.partition(":")[2])


def _provenance(have: Have) -> Iterator[Finding]:
    dataset = _dataset(have)
    known = {s.name: s for s in have.system.sources}
    faults = [_unstated(name, known.get(name)) for name in dataset.sources]
    gaps = [fault for fault in faults if fault]
    if not dataset.sources:
        gaps = ["it names no source"]
    if gaps:
        text = f"The provenance of dataset {dataset.name} is not stated: {'; '.join(gaps)}."
        advice = "Name the dataset's sources, and state host, contributors, collection and terms of each."
        yield broken(STATED, have.subject.id, text, Remedy(text=advice, effort=Level.LOW))
    else:
        names = ", ".join(dataset.sources)
        text = (
            f"Host, contributors, collection and terms are stated for what dataset {dataset.name} comes from: {names}."
        )
        yield holds(STATED, have.subject.id, text)


def _unstated(name: str, source: Source | None) -> str:
    if source is None:
        return f"source {name} is not described"
    answers = {
        "host": source.host,
        "contributors": source.contributors,
        "collection": source.collection,
        "terms": source.terms,
    }
    missing = [key for key in _ANSWERS if not is_stated(answers[key])]
    return f"source {name} does not state {', '.join(missing)}" if missing else ""


def malformed(digest: str) -> str | None:
    """Why a text is not a SHA-256 digest, as a clause; None when it is one.

    Args:
        digest: as a description gives it; upper case and a leading `sha256:` are accepted.
    """
    plain = _plain(digest)
    if not _HEX.fullmatch(plain):
        return "is not hexadecimal"
    if len(plain) == _SHA256_DIGITS:
        return None
    other = _OTHER_DIGESTS.get(len(plain))
    guess = f", the length of {other} digest" if other else ""
    return f"has {len(plain)} hex digits instead of {_SHA256_DIGITS}{guess}"


def _plain(digest: str) -> str:
    return digest.strip().lower().removeprefix("sha256:").removeprefix("sha-256:").strip()


def _digest(have: Have) -> Iterator[Finding]:
    dataset = _dataset(have)
    sources = _sources(have.system, dataset)
    wrong = [f"{where} {fault}" for where, value in _claims(dataset, sources) if (fault := malformed(value))]
    if wrong:
        text = f"A published digest for dataset {dataset.name} cannot be one of SHA-256: {'; '.join(wrong)}."
        advice = "Take the SHA-256 digest, 64 hex digits, from the publisher; MD5 and SHA-1 can be forged."
        yield broken(DIGEST, have.subject.id, text, Remedy(text=advice, effort=Level.LOW))
    elif not list(_claims(dataset, sources)):
        yield _without_digest(have, dataset, sources)
    else:
        yield _compared(have, dataset, sources)


def _claims(dataset: Dataset, sources: Iterable[Source]) -> Iterator[tuple[str, str]]:
    if dataset.sha256 is not None:
        yield "sha256 of the dataset", dataset.sha256
    for source in sources:
        if source.published_sha256 is not None:
            yield f"published_sha256 of source {source.name}", source.published_sha256


def _without_digest(have: Have, dataset: Dataset, sources: Iterable[Source]) -> Finding:
    outside = sorted(s.name for s in sources if s.kind in _PUBLISHED)
    if not outside:
        text = f"Dataset {dataset.name} comes from no public or vendor source, so nobody published a digest of it."
        return not_applicable(DIGEST, have.subject.id, text)
    text = (
        f"Dataset {dataset.name} comes from {', '.join(outside)}, and no published digest is stated to compare it with."
    )
    advice = (
        "State sha256 of the dataset or published_sha256 of the source, as the publisher announces it; when none is "
        "announced, state the digest of the file as you first received it, so that a later change is noticed."
    )
    return broken(DIGEST, have.subject.id, text, Remedy(text=advice, effort=Level.LOW))


def _compared(have: Have, dataset: Dataset, sources: tuple[Source, ...]) -> Finding:
    actual = have.get(DatasetFile, have.subject.id).digest
    for where, value in _binding(have.system, dataset, sources):
        if _plain(value) != actual:
            text = (
                f"The file of dataset {dataset.name} has SHA-256 {actual[:16]}..., {where} is {_plain(value)[:16]}..."
            )
            return broken(DIGEST, have.subject.id, text, _mismatch(where))
    if dataset.sha256 is not None or any(_plain(v) == actual for _, v in _claims(dataset, sources)):
        text = f"The file of dataset {dataset.name} has the published SHA-256 {actual[:16]}..."
        return holds(DIGEST, have.subject.id, text)
    text = f"The file of dataset {dataset.name} ({actual[:16]}...) is none of the files that its sources published."
    return broken(DIGEST, have.subject.id, text, _mismatch("published_sha256"))


def _binding(system: System, dataset: Dataset, sources: tuple[Source, ...]) -> Iterator[tuple[str, str]]:
    """Digests that this very file must have: its own, and that of a source that feeds it alone and unmixed."""
    if dataset.sha256 is not None:
        yield "the sha256 stated for it", dataset.sha256
    for source in sources:
        alone = len(dataset.sources) == 1 and sum(source.name in d.sources for d in system.datasets) == 1
        if alone and source.published_sha256 is not None:
            yield f"the published_sha256 of source {source.name}", source.published_sha256


def _mismatch(where: str) -> Remedy:
    text = "Fetch the file again and find out who changed it before using it."
    if "published" in where:
        text += (
            " If it was made from the published file, describe the published file as a dataset of its own, "
            "and state this file's own digest as its sha256."
        )
    return Remedy(text=text, effort=Level.MEDIUM)


def _each_judged(system: System) -> Iterable[Subject]:
    models = [m for m in system.models if m.trained_on]
    if models:
        return tuple(Subject(f"model:{m.name}", _elements(system, m)) for m in models)
    return (Subject("system"),) if any(d.role == "train" for d in system.datasets) else ()


def _elements(system: System, model: Model) -> tuple[str, ...]:
    return (f"model:{model.name}", *(f"dataset:{d.name}" for d in _judging(system, model)))


def _judging(system: System, model: Model | None) -> tuple[Dataset, ...]:
    named = model.validated_on if model else ()
    if named:
        return tuple(d for d in system.datasets if d.name in named)
    return tuple(d for d in system.datasets if d.role in _JUDGING)


def _training(system: System, model: Model | None) -> tuple[Dataset, ...]:
    if model:
        return tuple(d for d in system.datasets if d.name in model.trained_on)
    return tuple(d for d in system.datasets if d.role == "train")


def _independence(have: Have) -> Iterator[Finding]:
    name = have.subject.id.partition(":")[2]
    model = next((m for m in have.system.models if m.name == name), None)
    judging, training = _judging(have.system, model), _training(have.system, model)
    trained = [s for d in training for s in _sources(have.system, d)]
    who = f"model {model.name}" if model else "the product"
    if not judging and model is None and have.system.about.stage in (Stage.DESIGN, Stage.DATA):
        yield not_applicable(INDEPENDENT, have.subject.id, "No model and no validation data are described yet.")
        return
    fresh = sorted({s.name for d in judging for s in _sources(have.system, d) if not _same_origin(s, trained)})
    if fresh:
        text = f"Validation of {who} has sources that did not train it: {', '.join(fresh)}."
        yield holds(INDEPENDENT, have.subject.id, text)
        return
    reason = _dependence(have.system, judging, trained)
    advice = "Add a validation dataset from a source with another host or other contributors than training has."
    text = f"Nothing independent judges {who}: {reason}."
    yield broken(INDEPENDENT, have.subject.id, text, Remedy(text=advice, effort=Level.HIGH))


def _same_origin(source: Source, trained: Iterable[Source]) -> bool:
    """Whether a source is one of training's, by name or under another name with the same host and contributors."""
    return any(source.name == t.name or _origin(source) == _origin(t) for t in trained) or not _origin(source)


def _origin(source: Source) -> tuple[str, str] | None:
    if not (is_stated(source.host) and is_stated(source.contributors)):
        return None
    return _folded(source.host), _folded(source.contributors)


def _folded(text: str | None) -> str:
    return " ".join((text or "").casefold().split())


def _dependence(system: System, judging: Iterable[Dataset], trained: Iterable[Source]) -> str:
    names = [d.name for d in judging]
    if not names:
        return "no validation or test dataset is described"
    found = {s.name for d in judging for s in _sources(system, d)}
    if not found:
        return f"{', '.join(names)} names no source"
    shared = sorted(found & {s.name for s in trained})
    if shared:
        return f"{', '.join(names)} comes from {', '.join(shared)}, which also trained it"
    return f"{', '.join(names)} comes from sources that do not state another host or other contributors than training"


CHECKS = (
    Check(id=STATED, subjects=_each_dataset, run=_provenance),
    Check(id=DIGEST, subjects=_each_dataset, run=_digest, needs=(DatasetFile,)),
    Check(id=INDEPENDENT, subjects=_each_judged, run=_independence),
)
