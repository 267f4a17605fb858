"""Bare hops, and servers that take what was altered, replayed or kept back; and their repaired twins."""

from redan.controls.contract import Vector
from redan.controls.live.planted import SERVED, planted
from redan.terms import Outcome

_HOPS = "A-MLSG-004-D001/every-hop-is-protected"
_ALTERED = "A-MLSG-004-D001/altered-input-is-refused"
_REPLAYED = "A-MLSG-004-D001/replayed-and-stale-input-is-refused"
_NOTE = "The strongest model answers wrongly when somebody on the way changes the question."
_SYSTEM = """[system]
name = "churn"
stage = "operation"

[[source]]
name = "crm"
kind = "internal"

[[model]]
name = "churn"

[[endpoint]]
name = "api"
model = "churn"
"""
_FLOW = '\n[[flow]]\nfrom = "source:crm"\nto = "endpoint:api"\nprotection = "{0}"\n'


def _hop(name: str, outcome: Outcome, more: str) -> Vector:
    return Vector(name=name, files={"redan.toml": (_SYSTEM + more).encode()}, check=_HOPS, expect=outcome, note=_NOTE)


def _served(name: str, check: str, outcome: Outcome, *flaws: str) -> Vector:
    files = {"redan.toml": SERVED}
    return Vector(name=name, files=files, check=check, expect=outcome, note=_NOTE, around=planted(*flaws))


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    gateway = 'gateway = true\n\n[gateway]\nclients = "clients.toml"\n'
    return (
        _hop("a bare hop", Outcome.BROKEN, _FLOW.format("none")),
        _hop("a hop by mutual TLS", Outcome.HOLDS, _FLOW.format("mtls")),
        _hop("a hop that is signed", Outcome.HOLDS, _FLOW.format("signed")),
        _hop("clients who sign at the gateway", Outcome.HOLDS, gateway),
        _hop("nobody says how", Outcome.NOT_RUN, ""),
        _hop("clients who need not sign", Outcome.NOT_RUN, gateway + "signed = false\n"),
        _served("altered questions are answered", _ALTERED, Outcome.BROKEN, "altered"),
        _served("altered questions are refused", _ALTERED, Outcome.HOLDS),
        _served("replayed questions are answered", _REPLAYED, Outcome.BROKEN, "replay"),
        _served("replayed questions are refused", _REPLAYED, Outcome.HOLDS),
    )
