"""Where a perturbation can enter, who is the source there, and whether the path is secured."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias

from redan.canon import Json
from redan.controls.contract import Check, Have, Subject
from redan.controls.entrances import CLIENTS, Link, Way, is_outside, serving, ways
from redan.controls.statement import place
from redan.findings import Finding, Remedy, broken, holds, not_run
from redan.findings.attack_pictures import Passage, Path, Stop, Surface
from redan.findings.pictures import pictured
from redan.system.records import Endpoint, Person, Site, Source
from redan.system.system import System
from redan.terms import Level

CONTROL = "AIPS-EVA-01"
ENTRY = f"{CONTROL}/entry-of-perturbations-is-known"
SOURCE = f"{CONTROL}/source-of-input-is-known"
SECURED = f"{CONTROL}/path-of-input-is-secured"
_NONE = "none"
_Run: TypeAlias = Callable[[Have], Iterable[Finding]]
_FLOW = Remedy(
    text="Describe with [[flow]] tables how input gets from its source to the model or to the endpoint in front of it.",
    command="redan threats",
    effort=Level.LOW,
)
_WHO = Remedy(
    text="Write down who hosts each source (key 'host' or 'site'), and who an endpoint's clients are (key 'clients').",
    effort=Level.LOW,
)
_PROTECT = Remedy(
    text="Protect the flow by TLS, mutual TLS or signed messages, and state it as its 'protection'.",
    effort=Level.MEDIUM,
)


def _subjects(system: System) -> Iterator[Subject]:
    """Models that answer somebody."""
    return (Subject(f"model:{m.name}", (f"model:{m.name}",)) for m in serving(system))


def _entry(have: Have) -> Iterable[Finding]:
    subject, found = have.subject.id, _ways(have)
    bare = tuple(dict.fromkeys(w.stops[1] for w in found if w.stops[0].startswith(CLIENTS)))
    origins = tuple(dict.fromkeys(w.stops[0] for w in found))
    if not found:
        told = broken(ENTRY, subject, "No flow tells how input reaches it.", _FLOW)
    elif bare:
        text = f"No flow tells how input reaches {_and(bare)}, through which it is asked."
        told = broken(ENTRY, subject, text, _FLOW)
    else:
        told = holds(ENTRY, subject, f"Input reaches it by {_count(found)} from {_and(origins)}.")
    detail: dict[str, Json] = {"ways": [list(w.stops) for w in found]}
    yield replace(told, detail={**detail, **pictured([_drawn(have.system, found)] if found else [])})


def _source(have: Have) -> Iterable[Finding]:
    subject, found = have.subject.id, _ways(have)
    origins = tuple(dict.fromkeys(w.stops[0] for w in found))
    unknown = [origin for origin in origins if not _who(have.system, origin)]
    if not found:
        yield not_run(SOURCE, subject, "No flow tells how input reaches it, so nobody can say from whom.", remedy=_FLOW)
    elif unknown:
        yield broken(SOURCE, subject, f"Nothing tells who controls what comes from {_and(unknown)}.", _WHO)
    else:
        told = (f"{_name(origin)}: {_who(have.system, origin)}" for origin in origins)
        yield holds(SOURCE, subject, f"It is told who is at the source of its input ({'; '.join(told)}).")


def _secured(have: Have) -> Iterable[Finding]:
    subject, found = have.subject.id, _ways(have)
    steps = {(w.stops[i], w.stops[i + 1]): link for w in found for i, link in enumerate(w.links)}
    bare = [f"{a} to {b}" for (a, b), link in steps.items() if link.boundary and link.protection == _NONE]
    crossing = sum(1 for link in steps.values() if link.boundary)
    untold = tuple(dict.fromkeys(w.stops[1] for w in found if w.stops[0].startswith(CLIENTS)))
    if bare:
        text = f"Input crosses a line of trust without protection from {_and(bare)}."
        yield broken(SECURED, subject, text, _PROTECT)
    elif not found or untold:
        where = _and(untold) if untold else "it"
        yield not_run(SECURED, subject, f"No flow tells how input reaches {where}.", remedy=_FLOW)
    elif not crossing and any(is_outside(have.system, w.stops[0]) for w in found):
        text = "Its input comes from outside, and no boundary is described that it would cross."
        yield not_run(SECURED, subject, text, remedy=_BOUND)
    else:
        text = f"Each of the {crossing} steps that cross a line of trust is protected."
        text = text if crossing > 1 else "The one step that crosses a line of trust is protected."
        yield holds(SECURED, subject, text if crossing else "None of its input crosses a line of trust.")


_BOUND = Remedy(text="Describe with [[boundary]] tables where trust changes, and what lies inside.", effort=Level.LOW)


def _ways(have: Have) -> tuple[Way, ...]:
    name = have.subject.id.partition(":")[2]
    return ways(have.system, next(m for m in have.system.models if m.name == name))


def _who(system: System, origin: str) -> str | None:
    """Who decides what comes from there, in words; None where nothing tells."""
    if origin.startswith(CLIENTS):
        asked = system.elements.get(f"endpoint:{origin.removeprefix(CLIENTS)}")
        return asked.clients if isinstance(asked, Endpoint) else None
    element = system.elements.get(origin)
    if isinstance(element, Source):
        return element.host or (f"site {element.site}" if element.site else None)
    if isinstance(element, Person):
        return element.role
    return "a site" if isinstance(element, Site) else None


def _drawn(system: System, found: tuple[Way, ...]) -> Surface:
    def stop(element: str) -> Stop:
        who = _who(system, element) or ""
        first = any(w.stops[0] == element for w in found)
        outside = first and is_outside(system, element)
        note = ", ".join(part for part in (who, "outside" if outside else "") if part)
        return Stop(name=_name(element), note=note if first else "", outside=outside)

    return Surface(
        title="How input reaches the model",
        paths=tuple(Path(stops=tuple(map(stop, w.stops)), passages=tuple(map(_passage, w.links))) for w in found),
    )


def _passage(link: Link) -> Passage:
    line = f" across {link.boundary}" if link.boundary else ""
    if link.protection is None:
        return Passage(words="no flow described" if line else "", state="inside")
    bare = link.protection == _NONE
    words = f"{'unprotected' if bare else link.protection}{line}"
    return Passage(words=words, state="open" if bare and link.boundary else "inside" if bare else "secured")


def _name(element: str) -> str:
    return f"clients of endpoint:{element.removeprefix(CLIENTS)}" if element.startswith(CLIENTS) else element


def _and(names: Iterable[str]) -> str:
    told = [_name(name) for name in names]
    shown = told[:5] + ([f"{len(told) - 5} more"] if len(told) > 5 else [])  # noqa: PLR2004 -- a sentence
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _count(found: tuple[Way, ...]) -> str:
    return "one way" if len(found) == 1 else f"{len(found)} ways"


def _placed(run: _Run) -> _Run:
    def placed(have: Have) -> Iterator[Finding]:
        where = place(have.system, have.subject.id)
        yield from (replace(finding, location=where) for finding in run(have))

    return placed


CHECKS = (
    Check(id=ENTRY, subjects=_subjects, run=_placed(_entry)),
    Check(id=SOURCE, subjects=_subjects, run=_placed(_source)),
    Check(id=SECURED, subjects=_subjects, run=_placed(_secured)),
)
