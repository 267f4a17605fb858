"""A dataset as a CycloneDX component of type data: who answers for it, and which of its columns are sensitive.

Source: CycloneDX 1.7, `component.data` (componentData). Column names only; no row and no value of a cell.
"""

from redan.artifacts.absent import Absent
from redan.artifacts.collect import collect
from redan.artifacts.dataset_file import DatasetFile
from redan.canon import Json
from redan.errors import InputError
from redan.reports.addresses import address, local
from redan.reports.dataset_facts import personal_columns
from redan.reports.mlbom.model import file_digest
from redan.reports.mlbom.parts import hash_of, licences, party, prop, reference, stated
from redan.system.records import Dataset, Source
from redan.system.system import System


def dataset_component(system: System, dataset: Dataset) -> dict[str, Json]:
    """A dataset as a component.

    Args:
        system: the description.
        dataset: one of its datasets.

    Returns:
        What was stated; fields without an answer are left out.
    """
    element = f"dataset:{dataset.name}"
    sources = _sources(system, dataset)
    file = _file(system, element)
    makers = list(dict.fromkeys(s.contributors for s in sources if s.contributors))
    return stated(
        {
            "type": "data",
            "bom-ref": element,
            "name": dataset.name,
            "description": dataset.purpose,
            "authors": [{"name": name} for name in makers],
            "hashes": [hash_of(file.digest)] if file is not None else [],
            "licenses": licences([s.terms for s in sources if s.terms]),
            "externalReferences": _references(system, dataset, sources),
            "data": [_contents(system, dataset, sources)],
            "properties": _properties(dataset, file),
        }
    )


def _sources(system: System, dataset: Dataset) -> tuple[Source, ...]:
    known = {s.name: s for s in system.sources}
    return tuple(known[name] for name in dataset.sources if name in known)


def _file(system: System, element: str) -> DatasetFile | None:
    try:
        found = collect(system, DatasetFile, element)
    except InputError:
        return None
    return found if not isinstance(found, Absent) and isinstance(found, DatasetFile) else None


def _contents(system: System, dataset: Dataset, sources: tuple[Source, ...]) -> dict[str, Json]:
    owner = system.about.owner
    hosts = list(dict.fromkeys(s.host for s in sources if s.host))
    governance = stated(
        {
            "owners": [{"organization": party(owner)}] if owner else [],
            "custodians": [{"organization": party(host)} for host in hosts],
        }
    )
    return stated(
        {
            "type": "dataset",
            "bom-ref": f"data:{dataset.name}",
            "name": dataset.name,
            "contents": {"url": local(dataset.path)} if dataset.path else None,
            "classification": "confidential" if dataset.confidential else None,
            "sensitiveData": [*_sensitive(dataset)],
            "governance": governance,
        }
    )


def _sensitive(dataset: Dataset) -> tuple[str, ...]:
    """Names of columns that identify a person or are sensitive, in the order of the description."""
    named = (*dataset.identifiers, *dataset.quasi_identifiers, *dataset.sensitive, *dataset.personal)
    every = dict.fromkeys((*named, *sorted(personal_columns(dataset))))
    return tuple(every)


def _references(system: System, dataset: Dataset, sources: tuple[Source, ...]) -> list[Json]:
    urls = dict.fromkeys(url for s in sources if (url := address(s.url)))
    found = [reference("source-distribution", url) for url in urls]
    if dataset.seal is not None:
        sha256 = file_digest(system, f"dataset:{dataset.name}", "seal", dataset.seal)
        text = "OpenSSF Model Signing bundle over the dataset's file"
        found.append(reference("digital-signature", local(dataset.seal), comment=text, sha256=sha256))
    return found


def _properties(dataset: Dataset, file: DatasetFile | None) -> list[Json]:
    pairs: list[tuple[str, object]] = [
        ("role", dataset.role),
        ("bytes", None if file is None else file.size),
        ("label", dataset.label),
        ("lawful-basis", dataset.lawful_basis),
        ("collected", dataset.collected),
        ("retention", dataset.retention),
    ]
    pairs += [("source", name) for name in dataset.sources]
    return [prop(name, value) for name, value in pairs if value is not None]
