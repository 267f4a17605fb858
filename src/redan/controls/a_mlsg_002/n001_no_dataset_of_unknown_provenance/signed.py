"""The publisher's signature over a dataset: whether it verifies, and whether it is the publisher's."""

from collections.abc import Iterable, Iterator

from redan.artifacts.source_signature import SourceSignature, Tried
from redan.controls.contract import Have, Subject
from redan.findings import Finding, Remedy, broken, holds
from redan.system.records import Dataset, Source
from redan.system.system import System
from redan.terms import Level

SIGNED = "A-MLSG-002-N001/signature-verifies"


def each_signed(system: System) -> Iterable[Subject]:
    """Every dataset that has a seal and a key, or a source that publishes a key."""
    return tuple(
        Subject(f"dataset:{d.name}", (f"dataset:{d.name}",))
        for d in system.datasets
        if (d.seal and d.key) or _publishers(system, d)
    )


def _publishers(system: System, dataset: Dataset) -> tuple[Source, ...]:
    return tuple(s for s in system.sources if s.name in dataset.sources and s.key is not None)


def signature(have: Have) -> Iterator[Finding]:
    """Whether the seal verifies over the file; of a file that came as it is from one source, with that source's key."""
    dataset = have.system.dataset(have.subject.id.partition(":")[2])
    found = have.get(SourceSignature, have.subject.id)
    publishers = _publishers(have.system, dataset)
    names = ", ".join(s.name for s in publishers)
    if not found.signed:
        text = f"Dataset {dataset.name} comes from {names}, which publishes a key, and no signature over it is stated."
        advice = (
            "State the signature that came with the file as seal; of a file that was made from signed ones, describe "
            "those as datasets of their own, and seal this one yourself."
        )
        yield broken(SIGNED, have.subject.id, text, Remedy(text=advice, effort=Level.LOW))
        return
    own = next((tried for tried in found.tried if tried.element == have.subject.id), None)
    good = next((tried for tried in reversed(found.tried) if tried.state.valid), None)
    if good is None or (own is not None and not own.state.valid):
        yield _invalid(have, dataset, found.tried)
    elif good is own and publishers and _as_published(have.system, dataset):
        text = f"The signature over dataset {dataset.name} is by its own key, not by that of {names}, whose file it is."
        advice = "State the publisher's signature, or describe the published file as a dataset of its own."
        yield broken(SIGNED, have.subject.id, text, Remedy(text=advice, effort=Level.LOW))
    else:
        whose = "its own key" if good is own else f"the key of {good.element.replace(':', ' ')}"
        text = f"The signature over dataset {dataset.name} verifies against {whose} ({good.state.key_id[:16]})."
        yield holds(SIGNED, have.subject.id, text)


def _as_published(system: System, dataset: Dataset) -> bool:
    """Whether a dataset is the file of its one source, neither joined with others nor one part of several."""
    return len(dataset.sources) == 1 and sum(dataset.sources[0] in d.sources for d in system.datasets) == 1


def _invalid(have: Have, dataset: Dataset, tried: tuple[Tried, ...]) -> Finding:
    reasons = "; ".join(f"with the key of {t.element.replace(':', ' ')}, {t.state.fault}" for t in tried)
    text = f"The signature {dataset.seal} over dataset {dataset.name} does not verify: {reasons or 'no key is stated'}."
    advice = (
        "Fetch file, signature and key again from the publisher, and find out who changed them before using the data."
    )
    return broken(SIGNED, have.subject.id, text, Remedy(text=advice, effort=Level.MEDIUM))
