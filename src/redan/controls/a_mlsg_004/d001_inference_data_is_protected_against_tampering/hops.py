"""Whether every described hop from a source to a model keeps what it carries from being changed."""

from collections.abc import Iterator
from dataclasses import replace

from redan.artifacts.served_endpoint import served_here
from redan.controls.contract import Have, Subject
from redan.controls.entrances import CLIENTS, serving, ways
from redan.controls.statement import place
from redan.findings import Finding, Remedy, broken, holds, not_run
from redan.system.records import Endpoint
from redan.system.system import System
from redan.terms import Level

HOPS = "A-MLSG-004-D001/every-hop-is-protected"
_PROTECT = Remedy(
    text="Protect the hop by signed messages or mutual TLS, and state it as the flow's 'protection'.",
    effort=Level.MEDIUM,
)
_FLOW = Remedy(
    text="Describe with [[flow]] tables how input gets from its source to the model or to the endpoint in front of it.",
    command="redan threats",
    effort=Level.LOW,
)


def models(system: System) -> Iterator[Subject]:
    """Models that answer somebody."""
    return (Subject(f"model:{one.name}", (f"model:{one.name}",)) for one in serving(system))


def hops(have: Have) -> Iterator[Finding]:
    """One finding for each model."""
    yield replace(_hops(have), location=place(have.system, have.subject.id))


def _hops(have: Have) -> Finding:
    subject = have.subject.id
    name = subject.partition(":")[2]
    found = ways(have.system, next(m for m in have.system.models if m.name == name))
    steps = {(way.stops[i], way.stops[i + 1]): link for way in found for i, link in enumerate(way.links)}
    bare = [f"{a} to {b}" for (a, b), link in steps.items() if link.protection == "none"]
    untold = [b for (a, b), link in steps.items() if _is_untold(have.system, a, b, link.protection)]
    if bare:
        shown = ", ".join(bare[:5]) + (f" and {len(bare) - 5} more" if len(bare) > 5 else "")  # noqa: PLR2004 -- a sentence
        return broken(HOPS, subject, f"Nothing keeps input from being changed on its way from {shown}.", _PROTECT)
    if not found or untold:
        where = untold[0] if untold else "it"
        return not_run(
            HOPS, subject, f"No flow tells how input reaches {where}, so its way is not known.", remedy=_FLOW
        )
    count = sum(1 for link in steps.values() if link.protection is not None)
    served = sum(1 for (a, b) in steps if a.startswith(CLIENTS) and _is_signed(have.system, b))
    return holds(HOPS, subject, f"Each hop that input takes is protected: {count + served} of them.")


def _is_untold(system: System, one: str, other: str, protection: str | None) -> bool:
    """Whether clients ask an endpoint of which no flow and no gateway says how."""
    return one.startswith(CLIENTS) and protection is None and not _is_signed(system, other)


def _is_signed(system: System, element: str) -> bool:
    record = system.elements.get(element)
    return (
        isinstance(record, Endpoint)
        and served_here(system, record)
        and bool(system.gateway.clients and system.gateway.signed)
    )
