"""The one place where guards are put together, in their order, with what of the description each of them keeps.

Sizes, types and headers that count once are looked at before, by the host (`redan.gateway.intake`). Then: who asks, may
it, is it intact (its nonce is claimed last), how often, what is asked, how much.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from redan.errors import ConfigError
from redan.exchange.flow import Flow
from redan.exchange.limits import Limits
from redan.exchange.problem import Refusal
from redan.exchange.tensors import Port
from redan.gateway.clients import read_clients
from redan.gateway.credentials import Credentials, credentials
from redan.gateway.settings import Settings
from redan.guards.allowance import Allowance, Allowed
from redan.guards.answer_signature import AnswerSignature
from redan.guards.authorisation import Authorise
from redan.guards.contract import Finish, Inbound, Outbound
from redan.guards.feedback import Feedback
from redan.guards.limits import Budget, Leak, Rate
from redan.guards.own import Around, OwnGuards
from redan.guards.rate_headers import RateHeaders
from redan.guards.schema import Schema
from redan.guards.signature import Signature

Ports: TypeAlias = Callable[[str], tuple[tuple[Port, ...], tuple[Port, ...]] | None]
Valid: TypeAlias = Callable[[str], bool]
_OWN: Final = frozenset(
    {"answers", "decimals", "top", "coverage", "abstain_above", "guard", "transformation", "reference"}
)
_ENFORCED: Final = _OWN | {"authenticated", "clients", "rate_limited", "rate", "burst", "queries", "leak", "signed"}


class World(NamedTuple):
    """What guards ask of the server that they are in.

    Args:
        ports: of a model in service, by its name.
        serves: whether a model is in service, in a version (the empty string for any).
        born: since when nonces are remembered.
        leak: what answers of a model tell of it; None where that is not known.
        around: the guards of a model in service, by its name; None for one that is not there yet.
        valid: whether the inputs of a model still come as those of its calibration did.
    """

    ports: Ports
    serves: Callable[[str, str], bool]
    born: float
    leak: Callable[[str], Leak | None]
    around: Callable[[str], Around | None] = lambda name: None  # noqa: ARG005
    valid: Valid = lambda name: True  # noqa: ARG005


class Guards(NamedTuple):
    """Guards in their order.

    Args:
        inbound: before anything is spent.
        checked: after it; they see the decoded question.
        outbound: after the model.
        known: for what is told besides answers.
        finish: over the bytes that go out.
        labelling: for labels that come after an answer.
        enforced: keys of `[[endpoint]]`, `[[model]]` and `[gateway]` that all of them keep.
    """

    inbound: tuple[Inbound, ...]
    checked: tuple[Inbound, ...] = ()
    outbound: tuple[Outbound, ...] = ()
    known: tuple[Inbound, ...] = ()
    finish: tuple[Finish, ...] = ()
    labelling: tuple[Inbound, ...] = ()
    enforced: frozenset[str] = frozenset()


def guards_of(found: Settings, world: World) -> Guards:
    """The guards of a server.

    Args:
        found: the settings.
        world: what they ask of the server.

    Raises:
        ConfigError: clients or their credentials are not what they should be.
    """
    schema = Schema(world.ports, Limits(body=found.table.body))
    own = (OwnGuards(world.around),) if any(_OWN.intersection(one.declared) for one in found.served) else ()
    if found.clients is None:
        return Guards(inbound=(schema,), checked=own, outbound=own, enforced=_OWN)
    told = credentials(read_clients(found.clients), found.clients.parent, os.environ)
    leaky = any(tier.leak < float("inf") for tier in told.tiers.values())
    if found.upstream is not None and (leaky or any(one.endpoint.leak is not None for one in found.served)):
        raise ConfigError(
            "a leak budget counts numbers of the model, and a server behind does not show them",
            where="gateway.upstream",
            remedy="take 'leak' out, or serve the model here",
        )
    rate = Rate(told.tiers)
    authorise = Authorise(world.serves, rate.astray)
    signature = _signature(found, told, world.born)
    allowed = _allowed(found)
    inbound: list[Inbound] = [
        told.identify,
        authorise,
        *signature,
        rate,
        schema,
        Budget(told.tiers, world.leak if leaky else _uncounted),
    ]
    if allowed:
        inbound.append(Allowance(allowed, world.leak))
    return Guards(
        inbound=tuple(inbound),
        checked=own,
        outbound=own,
        known=(told.identify, _OfModels(authorise), rate),
        labelling=(told.identify, authorise, *signature, rate, Feedback(_labels(found))),
        finish=(
            *((AnswerSignature(told.shared),) if told.shared and found.table.answers_signed else ()),
            RateHeaders(),
        ),
        enforced=_ENFORCED,
    )


def _labels(found: Settings) -> Callable[[str], int | None]:
    """Labels that a client may give in a day, of a model by its name."""
    return {one.model.name: one.endpoint.labels for one in found.served}.get


def _uncounted(model: str) -> None:
    """Nothing is counted where no tier has a leak budget."""
    del model


def _signature(found: Settings, told: Credentials, born: float) -> tuple[Inbound, ...]:
    if not told.signing:
        if found.table.signed:
            raise ConfigError(
                "every client has to sign, and none has a key",
                where="gateway.signed",
                remedy="give clients a [[client.signing]] key, or say signed = false",
            )
        return ()
    names = found.table.authorities or ((str(found.listen),) if found.listen.port and found.listen.local else ())
    if not names:
        raise ConfigError(
            "signatures need the names by which the service is called",
            where="gateway.authorities",
            remedy="name its host, with the port where it is not the scheme's own",
        )
    return (Signature(told.signing, tuple(names), required=found.table.signed, born=born),)


def _allowed(found: Settings) -> dict[str, Allowed]:
    made = {}
    for one in found.served:
        end = one.endpoint
        if end.burst is not None and end.rate is None:
            raise ConfigError("a burst says nothing without a rate", where=f"endpoint '{end.name}'", remedy="give rate")
        if end.rate is not None or end.queries is not None or end.leak is not None:
            burst = float(end.burst) if end.burst is not None else max(1.0, end.rate or 1.0)
            made[one.model.name] = Allowed(
                end.rate, burst, None if end.queries is None else float(end.queries), end.leak
            )
    return made


@dataclass(frozen=True, slots=True)
class _OfModels:
    """Asks whether a model may be asked about, where a model is asked about."""

    inside: Authorise
    name: str = "authorisation"

    def inbound(self, flow: Flow) -> Refusal | None:
        return self.inside.inbound(flow) if flow.model else None
