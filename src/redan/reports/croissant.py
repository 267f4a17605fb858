"""A dataset's Croissant card: JSON-LD that dataset search and loaders read.

Source: Croissant format specification 1.1 (MLCommons, 2026). A field without an answer is left out, never invented.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping

from redan.canon import Json, digest
from redan.measures.profile import ColumnProfile
from redan.reports.addresses import shown
from redan.reports.dataset_facts import DatasetFacts
from redan.system.records import Source

CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
REQUIRED = ("name", "description", "license", "url", "creator", "datePublished")
# The context of the specification's appendix, so that every reader expands the same keys.
_CONTEXT: Mapping[str, Json] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "prov": "http://www.w3.org/ns/prov#",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_ODD = re.compile(r"[^\w./+-]")
_FORMATS = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".parquet": "application/x-parquet",
    ".jsonl": "application/jsonlines",
    ".ndjson": "application/jsonlines",
    ".arrow": "application/vnd.apache.arrow.file",
    ".feather": "application/vnd.apache.arrow.file",
}
_TYPES = {
    "bool": "sc:Boolean",
    "int": "sc:Integer",
    "float": "sc:Float",
    "date": "sc:Date",
    "datetime": "sc:DateTime",
}


def card(facts: DatasetFacts, published: dt.date | None = None) -> dict[str, Json]:
    """The card of one dataset.

    Args:
        facts: from the description and the data.
        published: day of publication; the description does not hold it.

    Returns:
        JSON-LD; required fields that nobody stated are absent, see `unstated`.
    """
    file_id = _id(facts.file)
    found: dict[str, Json] = {
        "@context": dict(_CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": facts.dataset.name,
        "description": facts.description,
        **_origin(facts.sources),
        **_use(facts),
        "distribution": [_file(facts, file_id)],
        "recordSet": [_records(facts)],
    }
    if published is not None:
        found["datePublished"] = published.isoformat()
    return found


def unstated(card_: Mapping[str, Json]) -> tuple[str, ...]:
    """Fields that Croissant 1.1 requires and the card does not have."""
    return tuple(field for field in REQUIRED if field not in card_)


def render(facts: DatasetFacts, published: dt.date | None = None) -> bytes:
    """The card as indented UTF-8 JSON."""
    return (json.dumps(card(facts, published), indent=2, ensure_ascii=False) + "\n").encode()


def _origin(sources: tuple[Source, ...]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    terms = list(dict.fromkeys(s.terms for s in sources if s.terms))
    urls = list(dict.fromkeys(url for s in sources if (url := shown(s.url))))
    if terms:
        found["license"] = terms[0] if len(terms) == 1 else [*terms]
    if urls:
        found["url"] = urls[0]
    found.update(_organisations("creator", [s.contributors for s in sources]))
    found.update(_organisations("publisher", [s.host for s in sources]))
    collected = list(dict.fromkeys(s.collection for s in sources if s.collection))
    found.update(_provenance(sources))
    if collected:
        found["rai:dataCollection"] = " ".join(collected)
    return found


def _provenance(sources: tuple[Source, ...]) -> dict[str, Json]:
    """What the dataset was derived from, and who made that (Croissant 1.1, "Provenance Representation")."""
    entities: list[Json] = [
        {
            "@type": "prov:Entity",
            "@id": shown(source.url) or f"urn:redan:source:{source.name}",
            "prov:label": source.name,
            **({"prov:wasAttributedTo": _agent(source.contributors)} if source.contributors else {}),
        }
        for source in sources
    ]
    if not entities:
        return {}
    return {"prov:wasDerivedFrom": entities[0] if len(entities) == 1 else entities}


def _agent(name: str) -> Json:
    return {"@type": "prov:Agent", "prov:label": name}


def _organisations(key: str, names: list[str | None]) -> dict[str, Json]:
    known = list(dict.fromkeys(name for name in names if name))
    entries: list[Json] = [{"@type": "sc:Organization", "name": name} for name in known]
    if not entries:
        return {}
    return {key: entries[0] if len(entries) == 1 else entries}


def _use(facts: DatasetFacts) -> dict[str, Json]:
    found: dict[str, Json] = {}
    if facts.dataset.collected is not None:
        found["dateCreated"] = facts.dataset.collected.isoformat()
    conditions = [("purpose", facts.dataset.purpose), ("lawful basis", facts.dataset.lawful_basis)]
    terms: list[Json] = [{"@type": "CreativeWork", "name": name, "text": said} for name, said in conditions if said]
    if terms:
        found["usageInfo"] = terms
    if facts.dataset.purpose:
        found["rai:dataUseCases"] = facts.dataset.purpose
    if facts.personal:
        found["rai:personalSensitiveInformation"] = [*facts.personal]
    return found


def _file(facts: DatasetFacts, file_id: str) -> Json:
    suffix = "." + facts.file.rpartition(".")[2].lower()
    return {
        "@type": "cr:FileObject",
        "@id": file_id,
        "name": facts.file.rpartition("/")[2],
        "contentUrl": facts.file,
        "contentSize": f"{facts.size} B",
        "encodingFormat": _FORMATS.get(suffix, "application/octet-stream"),
        "sha256": facts.sha256,
    }


def _records(facts: DatasetFacts) -> Json:
    name = f"{facts.dataset.name}-rows"
    fields: list[Json] = [_field(name, facts.file, column) for column in facts.profile.columns]
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "field": fields}


def _field(records: str, file: str, column: ColumnProfile) -> Json:
    seen = f"{column.distinct:,} distinct values, {column.missing:,} missing."
    personal = " Personal data." if column.personal else ""
    return {
        "@type": "cr:Field",
        "@id": f"{records}/{_id(column.name)}",
        "name": column.name,
        "description": seen + personal,
        "dataType": _type(column, file),
        "source": {"fileObject": {"@id": _id(file)}, "extract": {"column": column.name}},
    }


def _id(text: str) -> str:
    """An identifier without white space or marks that readers of JSON-LD trip over, and still unlike any other."""
    plain = _ODD.sub("_", text)
    return plain if plain == text else f"{plain}-{digest(text.encode('utf-8', 'surrogatepass'))[:8]}"


def _type(column: ColumnProfile, file: str) -> str:
    """The type that a loader can cast the cells to; 'Yes' and 'No' of a text file are no booleans to it."""
    written = file.lower().endswith((".csv", ".tsv"))
    return "sc:Text" if written and column.dtype == "bool" else _TYPES.get(column.dtype, "sc:Text")
