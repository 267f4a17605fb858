"""Further ports of the same host that are named to the probe: of metrics, of workers, of management.

Source: research notes, R1 (management bound to every interface) and R7 (pickles over unauthenticated ZeroMQ).
"""

import socket
from contextlib import suppress
from typing import Final

from redan.probes import checks
from redan.probes.contract import Verdict
from redan.probes.judge import beside, broken, holds, together
from redan.probes.rig import Probe, Rig

_ZMTP: Final = b"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"
_ZMTP_SIGN: Final = b"\xff"
_LENGTH: Final = 10
_ASKED: Final = b"GET /metrics HTTP/1.1\r\nhost: %b\r\nconnection: close\r\n\r\n"
_REMEDY: Final = (
    "Bind what is not for clients to 127.0.0.1 or a Unix socket, and speak nothing between workers that runs code."
)


def open_ports(rig: Rig) -> Verdict:
    """Each port by a request for metrics and by the greeting of ZeroMQ; nothing but those is sent."""
    ports = rig.craft.target.ports
    if not ports:
        return beside("no further port is named (--port)")
    return together({f"port {port}": _one(rig, port) for port in ports})


def _one(rig: Rig, port: int) -> Verdict:
    http = _said(rig, port, _ASKED % rig.craft.place.host.encode())
    return listening(http, None if http is None else _said(rig, port, _ZMTP))


def listening(http: bytes | None, zmtp: bytes | None) -> Verdict:
    """Judges a port.

    Args:
        http: what came back to a request; None where there was no connection.
        zmtp: what came back to a greeting of ZeroMQ.
    """
    if http is None:
        return holds("nothing listens there")
    greeting = next((data for data in (zmtp or b"", http) if len(data) >= _LENGTH and data[:1] == _ZMTP_SIGN), b"")
    if greeting and greeting[_LENGTH - 1] & 1:
        return broken("it speaks ZeroMQ to anybody")
    if http.startswith(b"HTTP/1.") and http[9:10] == b"2":
        return broken("it answers anybody")
    if http.startswith(b"HTTP/1.") and http[9:12] in {b"401", b"403"}:
        return holds("it asks for credentials")
    return broken("something listens there")


def _said(rig: Rig, port: int, data: bytes) -> bytes | None:
    found = b""
    try:
        with socket.create_connection((rig.craft.place.host, port), timeout=rig.line.bounds.timeout) as sock:
            rig.line.cost = rig.line.cost._replace(connections=rig.line.cost.connections + 1)
            rig.line.count(1, len(data))
            sock.settimeout(1.0)
            with suppress(OSError):
                sock.sendall(data)
                while len(found) < _LENGTH + 2 and (piece := sock.recv(4096)):
                    found += piece
    except OSError:
        return None
    return found


PROBES: Final = (
    Probe(
        "further-ports",
        "R7",
        (checks.LISTENS, checks.DIAGNOSTICS),
        "ports of the host that are not for clients",
        _REMEDY,
        open_ports,
    ),
)
