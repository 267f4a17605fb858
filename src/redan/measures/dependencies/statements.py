"""Statements on vulnerabilities (VEX): which ones say, with a reason, that a vulnerability does not apply.

Source: OpenVEX specification v0.2.0; CycloneDX 1.4 to 1.7, `vulnerabilities[].analysis`.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from redan.canon import parse_strict
from redan.measures.dependencies.audit import Match, Searched, component_package, ordered_ids, timestamp
from redan.measures.dependencies.names import Purl, python_purl

LIMIT_BYTES = 16 << 20
VALID_DAYS = 180  # as long as a waiver, which it replaces: who states it looks again twice a year
_OPENVEX = "https://openvex.dev/ns"
_REASONS = frozenset(
    {
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
        "code_not_present",
        "code_not_reachable",
        "requires_configuration",
        "requires_dependency",
        "requires_environment",
        "protected_by_compiler",
        "protected_at_runtime",
        "protected_at_perimeter",
        "protected_by_mitigating_control",
    }
)
_STATES = {
    "not_affected": "not_affected",
    "false_positive": "not_affected",
    "affected": "affected",
    "exploitable": "affected",
    "fixed": "fixed",
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "under_investigation": "under_investigation",
    "in_triage": "under_investigation",
}
_SAID = {
    "affected": "the statement on it says that it applies",
    "fixed": "the statement on it says that it is fixed, and the search still finds it in this version",
    "under_investigation": "the statement on it says that it is still looked into",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One sentence about one vulnerability.

    Args:
        ids: all names of the vulnerability.
        packages: distributions that it is about; empty when it is about the product as a whole.
        products: other products that it names, as written.
        state: `not_affected`, `affected`, `fixed` or `under_investigation`.
        reason: the justification, one of the fixed words of OpenVEX or CycloneDX; None when there is none.
        at: when it was made, UTC; None when nothing says so.
    """

    ids: tuple[str, ...]
    packages: frozenset[Purl]
    products: frozenset[str]
    state: str
    reason: str | None
    at: dt.datetime | None


def read_statements(data: bytes) -> tuple[Statement, ...]:
    """The statements of a VEX document.

    Args:
        data: OpenVEX or CycloneDX, JSON.

    Raises:
        ValueError: too large, not JSON, or of no known form; says so in a clause that quotes nothing of the file.
    """
    value = parse_strict(data, limit_bytes=LIMIT_BYTES)
    if not isinstance(value, dict):
        raise ValueError("is no document of statements on vulnerabilities")  # noqa: TRY004 -- one kind of refusal
    if value.get("bomFormat") == "CycloneDX":
        return tuple(_cyclonedx(value))
    if str(value.get("@context", "")).startswith(_OPENVEX):
        return tuple(_openvex(value))
    raise ValueError("is no document of statements on vulnerabilities that is known here")


def why_open(match: Match, statements: Iterable[Statement], *, product: str, now: dt.datetime) -> str | None:
    """Why a vulnerability is neither fixed nor justified.

    Args:
        match: what the search found.
        statements: of the product's team.
        product: name of the product.
        now: UTC.

    Returns:
        A clause; None when the newest statement about it says, with a reason, that it does not apply.
    """
    mine = [s for s in statements if set(s.ids) & set(match.ids) and _about(s, match.package, product)]
    dated = sorted((s for s in mine if s.at is not None), key=lambda s: (s.at or now, s.state != "not_affected"))
    if not mine:
        return "no statement says why it does not apply"
    if not dated:
        return "the statement on it has no date"
    return _not_settled(dated[-1], now)


def _not_settled(statement: Statement, now: dt.datetime) -> str | None:
    made = statement.at or now
    if made > now + dt.timedelta(days=1):
        return "the statement on it is dated in the future"
    if statement.state != "not_affected":
        return _SAID[statement.state]
    if statement.reason is None:
        return "the statement on it gives no justification"
    if now - made > dt.timedelta(days=VALID_DAYS):
        return f"the statement on it is older than {VALID_DAYS} days"
    return None


def _about(statement: Statement, package: Searched, product: str) -> bool:
    named = [p for p in statement.packages if p.name == package.name]
    if statement.packages:
        return any(p.version in (None, package.version) for p in named)
    return any(_is_product(text, product) for text in statement.products)


def _is_product(text: str, product: str) -> bool:
    """Whether a product of a statement is this one: its name alone, or as the name in a package URL."""
    bare = text.partition("?")[0].rpartition("/")[2].partition("@")[0] if text.startswith("pkg:") else text
    return bare.casefold() == product.casefold()


def _openvex(value: Mapping[str, Any]) -> Iterator[Statement]:
    issued = timestamp(value.get("last_updated")) or timestamp(value.get("timestamp"))
    for entry in _list(value, "statements"):
        about = entry.get("vulnerability")
        names = [about] if isinstance(about, str) else _names(about)
        own = timestamp(entry.get("last_updated")) or timestamp(entry.get("timestamp"))
        components = tuple(_components(_list(entry, "products")))
        yield _statement(names, _split(components), entry.get("status"), entry.get("justification"), own or issued)


def _names(about: object) -> list[object]:
    if not isinstance(about, dict):
        return []
    aliases = about.get("aliases")
    address = about.get("@id")
    tail = address.rpartition("/")[2] if isinstance(address, str) else None
    return [about.get("name"), tail, *(aliases if isinstance(aliases, list) else ())]


def _components(products: list[Mapping[str, Any]]) -> Iterator[str]:
    """What a statement is about: the parts of a product where it names parts, the product itself where not."""
    for product in products:
        parts = _list(product, "subcomponents")
        for named in parts or [product]:
            identifiers = named.get("identifiers")
            purl = identifiers.get("purl") if isinstance(identifiers, dict) else None
            found = purl or named.get("@id")
            if isinstance(found, str):
                yield found


def _cyclonedx(value: Mapping[str, Any]) -> Iterator[Statement]:
    known = {str(c.get("bom-ref")): c for c in _list(value, "components") if c.get("bom-ref")}
    metadata = value.get("metadata")
    about = metadata.get("component") if isinstance(metadata, dict) else None
    issued = timestamp(metadata.get("timestamp")) if isinstance(metadata, dict) else None
    if isinstance(about, dict) and about.get("bom-ref"):
        known[str(about["bom-ref"])] = about
    for vuln in _list(value, "vulnerabilities"):
        analysis = vuln.get("analysis")
        if not isinstance(analysis, dict):
            continue
        ids = [vuln.get("id"), *(r.get("id") for r in _list(vuln, "references"))]
        targets = (str(t.get("ref")) for t in _list(vuln, "affects"))
        named = _split(_spelled(ref, known) for ref in targets)
        dates = (analysis.get("lastUpdated"), analysis.get("firstIssued"), vuln.get("updated"))
        at = next((found for d in dates if (found := timestamp(d))), issued)
        yield _statement(ids, named, analysis.get("state"), analysis.get("justification"), at)


def _spelled(ref: str, known: Mapping[str, Mapping[str, Any]]) -> str:
    """A reference as a package URL; of a component in this document, or of one in another (`urn:cdx:...#ref`)."""
    bare = ref.partition("#")[2] if ref.startswith("urn:cdx:") else ref
    component = known.get(bare)
    if component is None:
        return bare
    package = component_package(component)
    if package is not None and component.get("type") != "application":
        return f"pkg:pypi/{package.name}@{package.version}"
    return str(component.get("name"))


def _split(texts: Iterable[str]) -> tuple[frozenset[Purl], frozenset[str]]:
    every = tuple(texts)
    found = {text: python_purl(text) for text in every}
    packages = frozenset(p for p in found.values() if p is not None)
    return packages, frozenset(text for text, purl in found.items() if purl is None)


def _statement(
    ids: Iterable[object],
    about: tuple[frozenset[Purl], frozenset[str]],
    state: object,
    reason: object,
    at: dt.datetime | None,
) -> Statement:
    known = _STATES.get(state) if isinstance(state, str) else None
    if known is None:
        raise ValueError("has a statement without a known status")
    said = "false_positive" if state == "false_positive" else reason
    given = isinstance(said, str) and (said in _REASONS or said == "false_positive")
    return Statement(
        ids=ordered_ids(ids),
        packages=about[0],
        products=about[1],
        state=known,
        reason=said if given and isinstance(said, str) else None,
        at=at,
    )


def _list(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = value.get(key)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise ValueError("has a list of something else than objects where it should not")
    return list(found)
