"""What a probe found at an endpoint, once for all questions that it answers."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np

from redan.artifacts.served_endpoint import ServedEndpoint, served_here
from redan.controls.contract import Check, Have, Subject
from redan.controls.live.credentials import running
from redan.controls.live.limits import neighbour, stranger
from redan.controls.live.logged import Looked, log_of, logged
from redan.controls.live.reached import Client, Reached
from redan.controls.live.starting import started
from redan.controls.statement import place
from redan.errors import InvalidError, RedanError
from redan.findings import Finding, Remedy, not_run
from redan.probes import Bounds, Credentials, Declared, Target, Tried, checks, findings_of, probe
from redan.probes.plan import chosen
from redan.system.records import Endpoint
from redan.system.system import System
from redan.terms import Level, Outcome, Tier

_AGREED = 2.0  # seconds within which an honest request is answered
_PATIENCE = 7.5  # times as long, and a slow client is to be ended
_FLOOD = 500
TRIED = (
    checks.ALTERED, checks.REPLAYED, checks.FOREIGN, checks.MALFORMED, checks.PER_MODEL, checks.DIAGNOSTICS,
    checks.AUTHENTICATED, checks.RUNNING, checks.EVENTS, checks.COPIES, checks.GIANT, checks.SLOW, checks.BUDGETS,
)  # fmt: skip
_LEFT_OUT = frozenset({"barred-model", "further-ports"})  # asked here, with clients and processes at hand
_TOGETHER = 8  # probes of one client
Run = Callable[[Have], Iterable[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What came of it.

    Args:
        tried: by the id of the check.
        log: of the gateway, after it was asked; None where none is kept or it lies elsewhere.
        failed: why nothing was tried; the empty string where something was.
        remedy: what to do about that.
    """

    tried: dict[str, tuple[Tried, ...]]
    log: Looked | None = None
    failed: str = ""
    remedy: str | None = None


def endpoints(system: System) -> Iterator[Subject]:
    """Every endpoint."""
    return (Subject(f"endpoint:{one.name}", (f"endpoint:{one.name}",)) for one in system.endpoints)


def askable(system: System) -> Iterator[Subject]:
    """Endpoints that are served by the gateway, or may be contacted."""
    ours = (one for one in system.endpoints if served_here(system, one) or (one.url and one.probe))
    return (Subject(f"endpoint:{one.name}", (f"endpoint:{one.name}",)) for one in ours)


def probed(check: str, tier: Tier = Tier.MINUTES, *, adjustable: bool = False) -> Check:
    """A check whose question a probe of the running endpoint answers.

    Args:
        check: full id.
        tier: what it costs.
        adjustable: whether `threshold` of the description says what was agreed.
    """
    return asked(check, findings, tier, adjustable=adjustable)


def asked(
    check: str,
    ask: Callable[[str, Have], Iterable[Finding]],
    tier: Tier = Tier.MINUTES,
    *,
    adjustable: bool = False,
    only_askable: bool = False,
) -> Check:
    """A check that is asked of each endpoint; its answers are never kept, as what runs may change.

    Args:
        check: full id.
        ask: the check, given that id.
        tier: what it costs.
        adjustable: whether `threshold` of the description says what was agreed.
        only_askable: whether it is not asked of endpoints that the description gives no way to ask.
    """
    return Check(
        id=check,
        subjects=askable if only_askable else endpoints,
        run=told(check, ask),
        needs=(ServedEndpoint,),
        tier=tier,
        dated=True,
        adjustable=adjustable,
    )


def told(check: str, ask: Callable[[str, Have], Iterable[Finding]]) -> Run:
    """A check that says why an endpoint could not be asked instead of raising.

    Args:
        check: full id.
        ask: the check, given that id.
    """

    def run(have: Have) -> Iterator[Finding]:
        where = place(have.system, have.subject.elements[0])
        try:
            found = list(ask(check, have))
        except InvalidError:
            raise
        except RedanError as error:
            advice = None if error.remedy is None else Remedy(text=_sentence(error.remedy), effort=Level.LOW)
            found = [not_run(check, have.subject.id, _sentence(error.what), remedy=advice)]
        yield from (finding if finding.location else replace(finding, location=where) for finding in found)

    return run


def findings(check: str, have: Have) -> Iterable[Finding]:
    """What the probes of a check found at the subject's endpoint."""
    found = have.get(ServedEndpoint, have.subject.elements[0])
    wanted = TRIED if found.url is None else (check,)
    made = surveyed(have, wanted)
    if made.failed:
        advice = None if made.remedy is None else Remedy(text=_sentence(made.remedy), effort=Level.LOW)
        return [not_run(check, have.subject.id, made.failed, remedy=advice)]
    tried = made.tried.get(check, ())
    if any(one.name == "log" and one.outcome is not Outcome.NOT_RUN for one in tried):
        tried = tuple(one for one in tried if one.outcome is not Outcome.NOT_RUN)  # the log itself told more
    return [one for one in findings_of(tried, have.subject.id) if one.check == check]


def surveyed(have: Have, wanted: tuple[str, ...]) -> Survey:
    """What was found out at the subject's endpoint, by this question or another one before it."""
    found = have.get(ServedEndpoint, have.subject.elements[0])
    return found.once(f"probe {'+'.join(wanted)}", Survey, lambda: survey(have.system, found, wanted))


def survey(system: System, found: ServedEndpoint, wanted: Collection[str]) -> Survey:
    """Probes an endpoint, each question as a client of its own."""
    tried: dict[str, tuple[Tried, ...]] = {}
    turn, log = 0, None
    try:
        with reached(system, found) as there:
            for check in wanted:
                tried[check] = _further(system, found, there, check)
                if any(one.outcome is Outcome.BROKEN for one in tried[check]):
                    continue  # clients spend each other's limits, or are not told apart: nothing more could be told
                for names in _groups(check):
                    made = probe(target(system, found, there, turn), rng=np.random.default_rng(turn), only=names)
                    tried[check] += tuple(one for one in made.tried if one.name not in _LEFT_OUT)
                    turn += 1
            if checks.EVENTS in wanted:
                seen, log = logged(there, log_of(system, there))
                tried[checks.EVENTS] += (seen,)
    except RedanError as error:
        return Survey(tried={}, failed=_sentence(error.what), remedy=error.remedy)
    return Survey(tried=tried, log=log)


def _further(system: System, found: ServedEndpoint, there: Reached, check: str) -> tuple[Tried, ...]:
    """What needs two clients, or one who may ask another model."""
    if check == checks.PER_MODEL and there.stranger is not None:
        return (stranger(there, there.stranger),)
    if check == checks.BUDGETS and len(there.clients) > 2:  # noqa: PLR2004 -- two clients of their own
        most = _bounds(system, endpoint_of(system, found.element)).flood
        return (neighbour(there, there.clients[-2], there.clients[-1], most),)
    return ()


def _groups(check: str) -> list[tuple[str, ...]]:
    """Names of its probes, each group for a client of its own, so that none is refused for what another spent."""
    plan = chosen((check,))
    costly = [(one.name,) for one in plan if one.costly]
    others = [one.name for one in plan if not one.costly]
    return [*(tuple(others[i : i + _TOGETHER]) for i in range(0, len(others), _TOGETHER)), *costly]


def reached(system: System, found: ServedEndpoint) -> AbstractContextManager[Reached]:
    """The endpoint while it answers: started for the occasion, or where it runs.

    Raises:
        RedanError: it does not start, or its credentials cannot be read.
    """
    return started(system, found) if found.url is None else running(system, found)


def target(system: System, found: ServedEndpoint, there: Reached, turn: int) -> Target:
    """What is probed, as one client of it.

    Args:
        system: the description.
        found: the endpoint.
        there: while it answers.
        turn: which of its clients asks; the last one is the other who asks beside.
    """
    record = endpoint_of(system, found.element)
    mine = there.clients[turn % max(1, len(there.clients) - 2)]
    other = there.clients[-1] if len(there.clients) > 1 else None
    decimals = 0 if record.answers == "label" else record.decimals
    return Target(
        url=there.url,
        model=there.model,
        mine=_as_probes(mine),
        other=None if other is None else _as_probes(other),
        tls=there.tls,
        declared=Declared(
            rate=record.rate,
            burst=record.burst,
            rows=record.queries,
            body=system.gateway.body if there.started is not None else None,
            decimals=decimals,
        ),
        bounds=_bounds(system, record),
    )


def _bounds(system: System, record: Endpoint) -> Bounds:
    """What a probe may cost; a declared rate is met by so many questions more."""
    stance = system.stance("AIPS-DOS-01")
    agreed = _AGREED if stance is None or stance.threshold is None else min(max(stance.threshold, 0.1), 60.0)
    more = (record.burst or 0) + 4 * (record.rate or 0.0)
    flood = int(min(_FLOOD + more, 20_000))
    return Bounds(seconds=120.0, agreed=agreed, patience=_PATIENCE * agreed, flood=flood, rows=100_000, idle=100)


def endpoint_of(system: System, element: str) -> Endpoint:
    """The record of an endpoint's id.

    Raises:
        KeyError: there is none.
    """
    record = system.elements[element]
    if not isinstance(record, Endpoint):
        raise KeyError(element)
    return record


def _as_probes(client: Client) -> Credentials:
    return Credentials(token=client.token or None, keyid=client.keyid or None, key=client.key)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
