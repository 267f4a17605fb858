"""A dataset's entry in the record of processing activities, in Markdown, answered from the description and the data.

Source: Regulation (EU) 2016/679 (GDPR), article 30(1), points (a) to (g). A point without an answer says "not stated".
"""

from collections.abc import Iterable, Iterator, Mapping

from redan.reports.dataset_facts import DatasetFacts
from redan.reports.datasheet import NOT_STATED
from redan.reports.escape import code, inline
from redan.system.records import Site
from redan.system.retention import retention_end

_Entries = Iterator[tuple[str, str | None]]


def render(facts: DatasetFacts, kinds: Mapping[str, str]) -> bytes:
    """The entry of one dataset, bound to its bytes by their digest.

    Args:
        facts: from the description and the data.
        kinds: kind of personal data by column, as its content shows.

    Returns:
        UTF-8 Markdown; holds names of columns and kinds of data, no values.
    """
    lines = [
        f"# Record of processing: {inline(facts.dataset.name)}",
        "",
        f"Written by redan from `redan.toml` and the data. File `{code(facts.file)}`, SHA-256 `{facts.sha256}`.",
        "It covers what a description of a product knows; whoever answers for the processing completes it.",
        "",
        "| article 30(1) | entry |",
        "|---|---|",
        *(f"| {point} | {inline(said) if said else NOT_STATED} |" for point, said in _entries(facts, kinds)),
    ]
    return ("\n".join(lines) + "\n").encode()


def _entries(facts: DatasetFacts, kinds: Mapping[str, str]) -> _Entries:
    dataset, about = facts.dataset, facts.system.about
    officers = [p.contact or p.name for p in facts.system.tables.person if p.role == "security expert"]
    yield "(a) controller, and whom to ask", "; ".join(filter(None, (about.owner, *officers))) or None
    yield "(b) purposes", dataset.purpose
    yield "(b) use here", _use(facts)
    yield "lawful basis (article 6)", dataset.lawful_basis
    yield "record of consent (article 7)", dataset.consent
    yield "(c) data subjects", _each(s.contributors for s in facts.sources)
    yield "(c) personal data", _data(facts, kinds)
    yield "(c) pseudonyms (article 4(5))", ", ".join(dataset.pseudonyms) or None
    yield "(d) recipients", _recipients(facts)
    yield "(e) third parties that hold it", _third_parties(facts)
    end = retention_end(dataset.collected, dataset.retention)
    limit = f"until {end.isoformat()}" if end else None if dataset.retention is None else str(dataset.retention)
    yield "(f) erasure", limit
    yield "(g) security measures", _measures(facts)


def _use(facts: DatasetFacts) -> str | None:
    name = facts.dataset.name
    readers = [m for m in facts.system.models if name in (*m.trained_on, *m.validated_on)]
    said = [f"{m.name}: {m.purpose or facts.system.about.purpose or NOT_STATED}" for m in readers]
    return "; ".join(said) or facts.system.about.purpose


def _data(facts: DatasetFacts, kinds: Mapping[str, str]) -> str | None:
    said = [f"{name} ({kinds[name]})" if name in kinds else name for name in facts.personal]
    undeclared = [
        f"{name} ({kind}, found and not declared)" for name, kind in kinds.items() if name not in facts.personal
    ]
    return ", ".join((*said, *undeclared)) or None


def _recipients(facts: DatasetFacts) -> str | None:
    own = f"dataset:{facts.dataset.name}"
    names = {facts.dataset.name, *facts.personal}
    ways = [f for f in facts.system.flows if f.from_ == own or names.intersection(f.data)]
    return ", ".join(dict.fromkeys(f.to for f in ways)) or None


def _third_parties(facts: DatasetFacts) -> str | None:
    places = {facts.dataset.site, *(s.site for s in facts.sources)}
    sites: list[Site] = [site for site in facts.system.tables.site if site.name in places and site.third_party]
    return "; ".join(f"{site.name} (agreement: {site.agreement or NOT_STATED})" for site in sites) or None


def _measures(facts: DatasetFacts) -> str | None:
    dataset = facts.dataset
    site = next((s for s in facts.system.tables.site if s.name == dataset.site), None)
    masked = [f.name for f in facts.system.features if f.masked_for and f.name in facts.personal]
    said = (
        f"pseudonyms in {', '.join(dataset.pseudonyms)}" if dataset.pseudonyms else None,
        "sealed" if dataset.seal else None,
        "encrypted at rest" if site is not None and site.encrypted else None,
        f"{', '.join(masked)} masked by role" if masked else None,
    )
    return "; ".join(part for part in said if part) or None


def _each(answers: Iterable[str | None]) -> str | None:
    return "; ".join(dict.fromkeys(a for a in answers if a)) or None
