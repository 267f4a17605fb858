"""Asks an endpoint what it must refuse and what it answers, and looks whether its log tells of both."""

import time
from typing import NamedTuple

from redan.attacks.protocol import request
from redan.controls.live import logbook
from redan.controls.live.asking import Asker
from redan.controls.live.limits import zeros
from redan.controls.live.logbook import Log
from redan.controls.live.reached import Client, Reached
from redan.errors import RedanError
from redan.probes import Tried, checks
from redan.system.system import System
from redan.terms import Outcome

_OK, _REFUSED = 200, 400
_TIMES = 3
_WAIT_S = 2.0
_TRIES = "questions of the client, of nobody, and of a made-up client; then a look into the log"
_REMEDY = "Write every decision into the log before its answer goes out, refusals first of all."


class Looked(NamedTuple):
    """What a log is worth.

    Args:
        entries: that it holds.
        fault: why it does not prove its completeness; the empty string where it does.
        odd: names of fields that hold more than an event may.
    """

    entries: int
    fault: str
    odd: tuple[str, ...]


def log_of(system: System, there: Reached) -> Log | None:
    """The log of an endpoint, where it lies on this machine."""
    if there.started is None:
        return logbook.declared(system)
    return None if there.started.ledger is None else Log(there.started.ledger, there.started.key)


def look(log: Log, secrets: tuple[str, ...] = ()) -> Looked:
    """What a log is worth.

    Raises:
        RedanError: it cannot be read.
    """
    fault = logbook.fault(log)
    found = [] if fault else logbook.events(log)
    return Looked(len(found), fault, logbook.told_too_much(found, secrets))


def logged(there: Reached, log: Log | None) -> tuple[Tried, Looked | None]:
    """Whether each decision is in the log, and what the log is worth.

    Args:
        there: the endpoint.
        log: of it; None where none is kept here.
    """
    if log is None:
        ours = there.started is not None
        outcome = Outcome.BROKEN if ours else Outcome.NOT_RUN
        return _tried(outcome, "no log is kept" if ours else "its log is not on this machine"), None
    try:
        start = logbook.size(log)
        answered, refused = _asked(there)
        until = time.monotonic() + _WAIT_S
        while True:
            found = logbook.events(log, start)
            yes = sum(event.get("status") == _OK for event in found)
            # Refusals of senders that nobody knows are counted, beyond so many a second, by the event after them; those
            # of a client are not, so no more may be missing than nobody sent.
            no = sum(_status(event) >= _REFUSED for event in found)
            no += min(_TIMES, sum(map(_skipped, found)))
            if (yes >= answered and no >= refused) or time.monotonic() > until:
                break
            time.sleep(0.2)
        looked = look(log, tuple(text for one in there.clients for text in (one.token, one.principal)))
    except RedanError as error:
        return _tried(Outcome.NOT_RUN, f"the log cannot be read: {error.what}"), None
    if not answered:
        return _tried(Outcome.NOT_RUN, "no good question was answered"), looked
    if yes < answered or no < refused:
        seen = (
            f"of {answered} answers and {refused} refusals the log tells of {min(yes, answered)} and {min(no, refused)}"
        )
        return _tried(Outcome.BROKEN, seen), looked
    return _tried(Outcome.HOLDS, f"all {answered} answers and {refused} refusals are in the log"), looked


def _asked(there: Reached) -> tuple[int, int]:
    """How many questions were answered and refused."""
    client = there.clients[0]
    asker, nobody = Asker(there, client), Asker(there, Client(token="redan_none"))  # noqa: S106 -- made up
    try:
        body, path = request(zeros(there, asker), asker.named), f"/v2/models/{there.model}/infer"
        statuses = [asker.send("POST", path, body).status for _ in range(_TIMES)]
        statuses += [nobody.send("POST", path, body).status for _ in range(_TIMES)]
        statuses += [asker.send("POST", path, b"{}").status]
    finally:
        asker.close()
        nobody.close()
    return sum(status == _OK for status in statuses), sum(status >= _REFUSED for status in statuses)


def _skipped(event: dict[str, object]) -> int:
    found = event.get("skipped", 0)
    return found if isinstance(found, int) and found > 0 else 0


def _status(event: dict[str, object]) -> int:
    found = event.get("status")
    return found if isinstance(found, int) else 0


def _tried(outcome: Outcome, seen: str) -> Tried:
    return Tried("log", "", outcome, seen, _TRIES, (checks.EVENTS,), _REMEDY)
