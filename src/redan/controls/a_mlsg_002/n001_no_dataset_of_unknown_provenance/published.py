"""Published digests: whether they are of SHA-256, which of them bind a file, and whether the file has them."""

from collections.abc import Iterable, Iterator

from redan.artifacts.dataset_file import DatasetFile
from redan.controls.announced import malformed, plain
from redan.controls.contract import Have
from redan.findings import Finding, Remedy, broken, holds, not_applicable
from redan.system.records import Dataset, Source
from redan.system.system import System
from redan.terms import Level

DIGEST = "A-MLSG-002-N001/published-digest-matches"
_PUBLISHED = frozenset({"public", "vendor"})  # kinds whose data somebody outside the project hands out as files


def published(have: Have) -> Iterator[Finding]:
    """Whether the file of the subject, a dataset, is the one that its publisher announced.

    A digest of the dataset binds its file. A digest of a source binds the file too when the source feeds this dataset
    alone and unmixed; of a file that was split or joined, it binds only a file that equals it.

    Args:
        have: with the file of the dataset.
    """
    dataset = have.system.dataset(have.subject.id.partition(":")[2])
    sources = tuple(s for s in have.system.sources if s.name in dataset.sources)
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
        if plain(value) != actual:
            text = f"The file of dataset {dataset.name} has SHA-256 {actual[:16]}..., {where} is {plain(value)[:16]}..."
            return broken(DIGEST, have.subject.id, text, _mismatch(where))
    if dataset.sha256 is not None or any(plain(v) == actual for _, v in _claims(dataset, sources)):
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
