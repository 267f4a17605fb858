"""Clients that take their time: their connections are ended, and others are served meanwhile.

Source: AIPS-DOS-01; research notes, complaint 9 (no time limits for heads and bodies).
"""

import socket
import ssl
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Final

from redan.probes import checks
from redan.probes.contract import Came, Verdict
from redan.probes.craft import whole
from redan.probes.judge import answered, broken, holds, together, unclear, worst
from redan.probes.rig import Probe, Rig

_TICK: Final = 0.25
_HONEST: Final = 1.0
_SAMPLES: Final = 5
_LIMITED: Final = 429
_REMEDY: Final = "Give head, body and idle connections a time limit each, and let none of them occupy a worker."


@dataclass(slots=True)
class Trickle:
    """One slow client.

    Args:
        name: what it does.
        sock: its connection.
        left: bytes that it still sends, one at a time.
        ended: whether the server ended it.
    """

    name: str
    sock: socket.socket
    left: bytes
    ended: bool = False

    def tick(self) -> None:
        """Sends one byte, and looks whether the server ended the connection."""
        if self.ended:
            return
        try:
            if self.left:
                self.sock.send(self.left[:1])
                self.left = self.left[1:]
            if self.sock.recv(1 << 16) == b"":
                self.ended = True
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            self.ended = True


def slow_clients(rig: Rig) -> Verdict:
    """Heads and bodies that come a byte at a time, or stop, all at once, beside honest questions."""
    bounds, late = rig.craft.target.bounds, []
    with ExitStack() as stack:
        try:
            clients = _clients(rig, stack)
        except OSError:
            return unclear("there was no connection")
        begun = asked = time.monotonic()
        while time.monotonic() - begun < bounds.patience and not all(one.ended for one in clients):
            for one in clients:
                one.tick()
            if time.monotonic() - asked >= _HONEST:
                late.append(_honest(rig))
                asked = time.monotonic()
            time.sleep(_TICK)
        late.append(_honest(rig))
    kept = {
        one.name: holds("ended") if one.ended else broken(f"not ended within {bounds.patience:g} s") for one in clients
    }
    return worst([together(kept), served(late, bounds.agreed)])


def _clients(rig: Rig, stack: ExitStack) -> list[Trickle]:
    made = rig.craft.ask().with_field(b"connection", b"keep-alive")
    raw = made.raw()
    at = raw.index(b"\r\n\r\n")
    slow = b"x-redan: " + b"a" * 10_000
    starts = (
        ("a head that comes a byte at a time", raw[: at + 2], slow),
        ("a head that stops", raw[: at // 2], b""),
        (
            "a body that comes a byte at a time",
            made.with_field(b"content-length", b"%d" % (len(made.body) + 10_000)).raw(),
            b" " * 10_000,
        ),
        ("a body that stops", raw[:-1], b""),
        ("chunks that stop", made.in_chunks(16)[:-7], b""),
        ("a client that closed its half of the connection within a body", raw[: at + 5], b""),
    )
    found = []
    for name, first, left in starts:
        sock = stack.enter_context(rig.line.open(timeout=rig.line.bounds.timeout))
        sock.sendall(first)
        rig.line.count(1, len(first))
        if "half" in name and not isinstance(sock, ssl.SSLSocket):
            sock.shutdown(socket.SHUT_WR)
        sock.settimeout(0.001)
        found.append(Trickle(name, sock, left))
    return found


def _honest(rig: Rig) -> tuple[Came, float]:
    begun = time.monotonic()
    came = rig.line.send(whole(rig.craft.ask())[0])
    return came, time.monotonic() - begun


def served(asked: list[tuple[Came, float]], agreed: float) -> Verdict:
    """Judges honest questions beside others.

    Args:
        asked: what came back to each, and after how many seconds.
        agreed: seconds within which it had to.
    """
    late = sum(not answered(came) or took > agreed for came, took in asked if came.status != _LIMITED)
    if not asked:
        return unclear("no honest question was asked")
    return (
        broken(f"honest questions were not answered within {agreed:g} s meanwhile")
        if late
        else holds("others were served meanwhile")
    )


def idle_connections(rig: Rig) -> Verdict:
    """Very many connections that say nothing, or begin a request and stop, beside honest questions."""
    wanted, opened = rig.craft.target.bounds.idle, 0
    with ExitStack() as stack:
        for n in range(wanted):
            try:
                sock = stack.enter_context(rig.line.open(timeout=rig.line.bounds.timeout))
            except OSError:
                break
            opened += 1
            if n % 2:
                with suppress(OSError):
                    sock.sendall(b"POST ")
        verdict = served([_honest(rig) for _ in range(_SAMPLES)], rig.craft.target.bounds.agreed)
    if opened < wanted:
        return worst([verdict, holds("further connections were refused")])
    return verdict


PROBES: Final = (
    Probe(
        "slow-clients",
        "R12",
        (checks.SLOW,),
        "clients that send a byte at a time, stop, or close their half",
        _REMEDY,
        slow_clients,
    ),
    Probe(
        "idle-connections", "R12", (checks.SLOW,), "very many connections that say nothing", _REMEDY, idle_connections
    ),
)
