"""What the process of an endpoint listens at, against what the description declares."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from redan.artifacts.served_endpoint import ServedEndpoint, is_loopback
from redan.controls.contract import Have
from redan.controls.live.listening import Heard, heard, owner
from redan.controls.live.survey import asked, reached
from redan.errors import IncompleteError
from redan.findings import Finding, Measure, Remedy, broken, holds
from redan.system.system import System
from redan.terms import Level, Tier

LISTENS = "AIPS-TRA-01/no-undeclared-address-listens"
_PORTS = {"http": 80, "https": 443}
_STOP = Remedy(
    text="Stop what need not listen, bind the rest to the local address, and declare what remains.", effort=Level.LOW
)


class _Sockets(NamedTuple):
    """What listens, and which ports may."""

    heard: tuple[Heard, ...]
    declared: frozenset[int]


def _listens(check: str, have: Have) -> Iterable[Finding]:
    found = have.get(ServedEndpoint, have.subject.elements[0])
    if found.url is not None:
        sockets = _Sockets(heard(_running(found.url)), frozenset(_declared(have.system)))
    else:
        sockets = _started(have, found)
    if not sockets.heard:
        raise IncompleteError("this machine does not tell what listens on it", remedy="run the check on Linux")
    beyond = [one for one in sockets.heard if one.port not in sockets.declared]
    count = len(sockets.heard)
    measure = Measure(name="undeclared_addresses", value=float(len(beyond)), n=count, threshold=0.0)
    if beyond:
        text = f"Beside what is declared, the process listens at {', '.join(map(str, beyond[:5]))}."
        return [broken(check, have.subject.id, text, _STOP, measure=measure)]
    text = f"The process listens at {count} addresses, all of them declared."
    text = text if count > 1 else "The process listens at one address, and it is declared."
    return [holds(check, have.subject.id, text, measure=measure)]


def _started(have: Have, found: ServedEndpoint) -> _Sockets:
    with reached(have.system, found) as there:
        if there.started is None:
            raise IncompleteError("it was not started")
        admin = there.started.admin.rpartition(":")[2]
        ports = {urlsplit(there.url).port, int(admin) if admin.isdigit() else None}
        return _Sockets(heard(there.started.pid), frozenset(port for port in ports if port is not None))


def _running(url: str) -> int:
    """The process behind an address of this machine."""
    parts = urlsplit(url)
    if not is_loopback(url) and parts.hostname != "localhost":
        raise IncompleteError(
            "the endpoint runs on another machine, which tells nobody what listens there",
            remedy="run the check on that machine, with its address there",
        )
    pid = owner(parts.port or _PORTS.get(parts.scheme, 80))
    if pid is None:
        raise IncompleteError(
            "nothing on this machine can be seen to listen there", remedy="start it, or run as its user"
        )
    return pid


def _declared(system: System) -> Iterator[int]:
    """Ports that the description names."""
    for one in system.endpoints:
        if one.url is not None:
            parts = urlsplit(one.url)
            yield parts.port or _PORTS.get(parts.scheme, 80)
    for text in (system.gateway.listen, system.gateway.admin):
        port = (text or "").rpartition(":")[2]
        if port.isdigit():
            yield int(port)


CHECKS = (asked(LISTENS, _listens, Tier.SECONDS),)
