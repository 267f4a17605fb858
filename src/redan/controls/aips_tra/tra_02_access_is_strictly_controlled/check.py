"""Who may ask: endpoints that know nobody's name, and rights that reach further than the work needs."""

import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

from redan.artifacts.served_endpoint import ServedEndpoint, served_here
from redan.controls.contract import Check, Have, Subject
from redan.controls.live.survey import endpoint_of, probed, told
from redan.errors import IncompleteError, InputError
from redan.files import TEXT_LIMIT_BYTES, read_bounded
from redan.findings import Finding, Remedy, broken, holds
from redan.probes import checks
from redan.system.system import System
from redan.terms import Level

ROLES = "AIPS-TRA-02/rights-follow-roles"
_NARROW = Remedy(
    text="Name for each client exactly the models that its work needs, and take out clients and models that are gone.",
    effort=Level.LOW,
)
_TELL_APART = Remedy(
    text="Say who may ask: give [gateway] a file of clients, with a key for each of them.", effort=Level.MEDIUM
)
_SHOWN = 5


def _gateways(system: System) -> Iterator[Subject]:
    """Endpoints that the gateway answers for."""
    mine = (one for one in system.endpoints if served_here(system, one))
    return (Subject(f"endpoint:{one.name}", (f"endpoint:{one.name}",)) for one in mine)


def _roles(check: str, have: Have) -> Iterable[Finding]:
    subject = have.subject.id
    found = have.get(ServedEndpoint, have.subject.elements[0])
    record = endpoint_of(have.system, found.element)
    if found.clients is None:
        if record.exposure == "local":
            return [holds(check, subject, "It is asked on this machine only, by whoever may log in to it.")]
        return [broken(check, subject, "Clients are not told apart, so each has the rights of all.", _TELL_APART)]
    try:
        said = tomllib.loads(read_bounded(found.clients, TEXT_LIMIT_BYTES).decode())
    except (InputError, ValueError, RecursionError) as error:
        raise IncompleteError("the file of clients cannot be read", remedy="redan serve --check says why") from error
    served = {one.model for one in have.system.endpoints if served_here(have.system, one)}
    faults = [*_faults(said, served, record.model)]
    if faults:
        more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        return [broken(check, subject, f"{'; '.join(faults[:_SHOWN])}{more}.", _NARROW)]
    clients = len(_tables(said, "client")) + len(_tables(said, "issuer"))
    return [holds(check, subject, f"Each of {clients} clients may ask the models that are named for it, and no other.")]


def _faults(said: dict[str, Any], served: set[str], model: str) -> Iterator[str]:
    """Rights that no work needs; only clients are counted, since their names are theirs."""
    everyone = [one for key in ("client", "issuer") for one in _tables(said, key)]
    whole = sum("*" in _models(one) for one in everyone)
    if whole:
        yield f"{whole} of {len(everyone)} clients may ask every model, also those to come"
    gone = {name for one in everyone for name in _models(one)} - served - {"*"}
    if gone:
        yield f"rights name {len(gone)} models that nothing answers for"
    if not any({model, "*"} & _models(one) for one in everyone):
        yield f"no client may ask model {model}, so its endpoint serves nobody"
    signers = [
        key.get("secret") for one in _tables(said, "client") for key in one.get("signing", []) if "secret" in key
    ]
    if len(set(signers)) != len(signers):
        yield "clients share a signing secret, so nobody can tell them apart"


def _tables(said: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = said.get(key, [])
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _models(one: dict[str, Any]) -> set[str]:
    found = one.get("models", [])
    return {str(name) for name in found} if isinstance(found, list) else set()


CHECKS = (
    probed(checks.AUTHENTICATED),
    Check(id=ROLES, subjects=_gateways, run=told(ROLES, _roles), needs=(ServedEndpoint,), dated=True),
)
