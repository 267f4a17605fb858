"""Lines that data travels on: what an endpoint speaks, what vouches for it, and flows across lines of trust."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.artifacts.served_endpoint import ServedEndpoint
from redan.controls.contract import Check, Have, Subject
from redan.controls.entrances import crossed
from redan.controls.live.survey import asked, endpoint_of, findings
from redan.controls.statement import place
from redan.findings import Finding, Remedy, broken, holds, not_run
from redan.probes import checks
from redan.system.system import System
from redan.terms import Level, Tier

FLOWS = "AIPS-TRA-03/boundary-flows-are-protected"
_PROTECT = Remedy(
    text="Protect the flow by TLS, mutual TLS or signed messages, and state it as its 'protection'.",
    effort=Level.MEDIUM,
)
_NAME_URL = Remedy(
    text="Name the address that clients use as 'url' and credentials to ask it with as 'probe'.", effort=Level.LOW
)


def _line(check: str, have: Have) -> Iterable[Finding]:
    """What the probe found; a gateway on loopback tells nothing about what stands before it."""
    found = have.get(ServedEndpoint, have.subject.elements[0])
    record = endpoint_of(have.system, found.element)
    if found.url is None and record.exposure != "local":
        text = (
            f"The gateway takes questions on this machine, and what ends TLS before it for its {record.exposure} "
            "clients is not described."
        )
        return [not_run(check, have.subject.id, text, remedy=_NAME_URL)]
    return findings(check, have)


def _crossing(system: System) -> Iterator[Subject]:
    """The product, where a flow crosses a line of trust."""
    return iter([Subject("system")] if any(crossed(system, flow) for flow in system.flows) else [])


def _flows(have: Have) -> Iterator[Finding]:
    """One finding for each flow that crosses a line of trust bare; one for all where none does."""
    count = 0
    for number, flow in enumerate(have.system.flows):
        boundary = crossed(have.system, flow)
        count += boundary is not None
        if boundary is not None and flow.protection == "none":
            text = f"The flow from {flow.from_} to {flow.to} crosses {boundary} without protection."
            where = place(have.system, f"flow:{number}", "protection")
            part = f"{flow.from_} to {flow.to}"
            yield replace(broken(FLOWS, have.subject.id, text, _PROTECT, part=part), location=where)
    bare = any(crossed(have.system, flow) and flow.protection == "none" for flow in have.system.flows)
    if not bare:
        text = f"Each of the {count} flows that cross a line of trust is declared as protected."
        yield holds(FLOWS, "system", text if count > 1 else "The one flow that crosses a line of trust is protected.")


CHECKS = (
    asked(checks.CIPHERS, _line, Tier.SECONDS),
    asked(checks.CERTIFICATES, _line, Tier.SECONDS),
    Check(id=FLOWS, subjects=_crossing, run=_flows),
)
