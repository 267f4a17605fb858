"""The result of a search for known vulnerabilities: JSON of pip-audit, of an OSV scanner, or a CycloneDX document.

Source: pip-audit 2.x `--format json`; OSV-Scanner `--format json`; CycloneDX 1.4 to 1.7 (components, vulnerabilities).
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from redan.canon import parse_strict
from redan.measures.dependencies.names import normal_name, normal_version, python_purl

LIMIT_BYTES = 64 << 20  # OSV writes whole advisories; a thousand of them are some ten MiB
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,99}")
_ORDER = ("CVE-", "GHSA-", "PYSEC-")  # the names under which most people look a vulnerability up, best known first


class Searched(NamedTuple):
    """One distribution that was searched; both in normal form."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One known vulnerability of one distribution.

    Args:
        package: what was searched.
        ids: all names of the vulnerability, the best known first.
        fixed: versions that are said to have it fixed, as written; at most 20.
    """

    package: Searched
    ids: tuple[str, ...]
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What a search came to.

    Args:
        kind: whose format it is.
        searched: every distribution and version that was looked up.
        matches: one per distribution and vulnerability.
        skipped: distributions that the tool says it did not look up.
        made: when the document says it was made, UTC; None when it does not say.
        knows_until: the newest date of any advisory in it, UTC: the search cannot be older; None without one.
    """

    kind: str
    searched: frozenset[Searched]
    matches: tuple[Match, ...]
    skipped: frozenset[str] = field(default=frozenset())
    made: dt.datetime | None = None
    knows_until: dt.datetime | None = None


def read_audit(data: bytes) -> Audit:
    """The result of a search, whatever tool wrote it.

    Args:
        data: of the file.

    Raises:
        ValueError: too large, not JSON, or of no known form; says so in a clause that quotes nothing of the file.
    """
    value = parse_strict(data, limit_bytes=LIMIT_BYTES)
    if isinstance(value, dict) and value.get("bomFormat") == "CycloneDX":
        return _cyclonedx(value)
    if isinstance(value, dict) and isinstance(value.get("results"), list):
        return _osv(value)
    if isinstance(value, dict) and isinstance(value.get("dependencies"), list):
        return _pip_audit(_list(value, "dependencies"))
    if isinstance(value, list):  # pip-audit before 2.5
        return _pip_audit(_tables(value))
    raise ValueError("is no result of a search for vulnerabilities that is known here")


def timestamp(value: object) -> dt.datetime | None:
    """A moment as documents write it (RFC 3339), in UTC; None when it is none."""
    if not isinstance(value, str) or len(value) > 40:  # noqa: PLR2004 -- longer than any RFC 3339 moment
        return None
    try:
        found = dt.datetime.fromisoformat(value.strip())
        return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def ordered_ids(ids: Iterable[object]) -> tuple[str, ...]:
    """The names of one vulnerability, the best known first; texts that no advisory can be called are left out."""
    known = {i for i in ids if isinstance(i, str) and _ID.fullmatch(i)}
    return tuple(sorted(known, key=lambda i: (_rank(i), i)))


def _rank(name: str) -> int:
    return next((place for place, start in enumerate(_ORDER) if name.upper().startswith(start)), len(_ORDER))


def _searched(name: object, version: object) -> Searched:
    normal = normal_name(name) if isinstance(name, str) else None
    exact = normal_version(version) if isinstance(version, str) else None
    if normal is None or exact is None:
        raise ValueError("names a distribution or version that cannot be one")
    return Searched(normal, exact)


def _match(package: Searched, ids: Iterable[object], fixed: Iterable[object] = ()) -> Match:
    names = ordered_ids(ids)
    if not names:
        raise ValueError("has a vulnerability without an id")
    versions = [v for v in fixed if isinstance(v, str) and normal_version(v)]
    return Match(package=package, ids=names, fixed=tuple(dict.fromkeys(versions))[:20])


def _pip_audit(entries: list[Mapping[str, Any]]) -> Audit:
    searched: set[Searched] = set()
    skipped: set[str] = set()
    matches: list[Match] = []
    for entry in entries:
        if "skip_reason" in entry:
            skipped.add(normal_name(str(entry.get("name"))) or "a distribution without a name")
            continue
        package = _searched(entry.get("name"), entry.get("version"))
        searched.add(package)
        for vuln in _list(entry, "vulns"):
            aliases = vuln.get("aliases")
            ids = [vuln.get("id"), *(aliases if isinstance(aliases, list) else ())]
            fixed = vuln.get("fix_versions")
            matches.append(_match(package, ids, fixed if isinstance(fixed, list) else ()))
    return Audit(kind="pip-audit", searched=frozenset(searched), matches=merged(matches), skipped=frozenset(skipped))


def _osv(value: Mapping[str, Any]) -> Audit:
    searched: set[Searched] = set()
    matches: list[Match] = []
    dates: list[dt.datetime] = []
    for result in _list(value, "results"):
        for entry in _list(result, "packages"):
            about = entry.get("package")
            if not isinstance(about, dict) or str(about.get("ecosystem", "")).partition(":")[0].lower() != "pypi":
                continue
            package = _searched(about.get("name"), about.get("version"))
            searched.add(package)
            vulns = [v for v in _list(entry, "vulnerabilities") if timestamp(v.get("withdrawn")) is None]
            dates += [d for v in vulns for key in ("modified", "published") if (d := timestamp(v.get(key)))]
            matches += [_match(package, [v.get("id"), *_strings(v.get("aliases"))], _fixed(v)) for v in vulns]
    return Audit(
        kind="osv-scanner",
        searched=frozenset(searched),
        matches=merged(matches),
        knows_until=max(dates, default=None),
    )


def _fixed(vuln: Mapping[str, Any]) -> Iterator[str]:
    for affected in _list(vuln, "affected"):
        for span in _list(affected, "ranges"):
            for event in _list(span, "events"):
                if span.get("type") == "ECOSYSTEM" and isinstance(event.get("fixed"), str):
                    yield event["fixed"]


def _cyclonedx(value: Mapping[str, Any]) -> Audit:
    if "vulnerabilities" not in value and not _is_pip_audit(value):
        raise ValueError("lists components and no search for vulnerabilities among them")
    known: dict[str, Searched] = {}
    for component in _components(value):
        package = component_package(component)
        if package is not None:
            known[str(component.get("bom-ref", component.get("purl", f"#{len(known)}")))] = package
    matches: list[Match] = []
    for vuln in _list(value, "vulnerabilities"):
        references = (r.get("id") for r in _list(vuln, "references"))
        for target in _list(vuln, "affects"):
            package = known.get(str(target.get("ref"))) or _from_purl(target.get("ref"))
            if package is None:
                raise ValueError("has a vulnerability of a component that it does not list")
            matches.append(_match(package, [vuln.get("id"), *references]))
    metadata = value.get("metadata")
    made = timestamp(metadata.get("timestamp")) if isinstance(metadata, dict) else None
    return Audit(kind="CycloneDX", searched=frozenset(known.values()), matches=merged(matches), made=made)


def _is_pip_audit(value: Mapping[str, Any]) -> bool:
    """Whether a document without vulnerabilities is pip-audit's clean result; other writers name tools and purls."""
    metadata = value.get("metadata")
    bare = isinstance(metadata, dict) and metadata.keys() == {"timestamp"}
    components = _list(value, "components")
    return bare and all(c.keys() == {"bom-ref", "name", "type", "version"} for c in components)


def component_package(component: Mapping[str, Any]) -> Searched | None:
    """The Python distribution that a CycloneDX component is; None when it is something else or has no version."""
    purl = component.get("purl")
    if isinstance(purl, str):
        return _from_purl(purl)
    name, version = component.get("name"), component.get("version")
    normal = normal_name(name) if isinstance(name, str) else None
    exact = normal_version(version) if isinstance(version, str) else None
    return None if normal is None or exact is None else Searched(normal, exact)


def _from_purl(text: object) -> Searched | None:
    purl = python_purl(text) if isinstance(text, str) else None
    return None if purl is None or purl.version is None else Searched(purl.name, purl.version)


def _components(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    waiting = _list(value, "components")
    while waiting:
        component = waiting.pop()
        yield component
        waiting.extend(_list(component, "components"))


def merged(matches: Iterable[Match]) -> tuple[Match, ...]:
    """Matches of one distribution that share a name are one vulnerability."""
    kept: list[Match] = []
    place: dict[tuple[Searched, str], int] = {}
    for match in matches:
        at = next((place[match.package, i] for i in match.ids if (match.package, i) in place), len(kept))
        if at == len(kept):
            kept.append(match)
        else:
            both = kept[at]
            fixed = tuple(dict.fromkeys((*both.fixed, *match.fixed)))[:20]
            kept[at] = Match(package=match.package, ids=ordered_ids((*both.ids, *match.ids)), fixed=fixed)
        place.update({(match.package, i): at for i in kept[at].ids})
    return tuple(sorted(kept, key=lambda m: (m.package, m.ids)))


def _list(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = value.get(key)
    return [] if found is None else _tables(found)


def _tables(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise ValueError("has a list of something else than objects where it should not")
    return list(value)


def _strings(value: object) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []
