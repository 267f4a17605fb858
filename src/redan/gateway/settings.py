"""What `redan.toml` says about the gateway, as what a server needs; what would silently not be enforced is refused.

Source: design.md; complaint 6 of the research notes (a policy that was not enforced answered 200).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from redan.errors import ConfigError, UsageError
from redan.files import confined
from redan.gateway.address import Address, Url, parse_address, parse_url
from redan.gateway.generation import Place
from redan.gateway.store_address import accept_store
from redan.seal.keys import load_public
from redan.system.records import Endpoint, Gateway, Model
from redan.system.system import System

_KEYS = (
    "rate",
    "burst",
    "queries",
    "leak",
    "decimals",
    "top",
    "coverage",
    "abstain_above",
    "tolerated",
    "shadow",
    "labels",
)
_OF_MODELS = ("guard", "transformation", "reference")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One model that is answered for.

    Args:
        endpoint: as it is described.
        model: as it is described.
        place: of the sealed model; None when a server behind answers.
        beside: places of the models that it is compared with, by what they are: `previous`, `baseline`.
    """

    endpoint: Endpoint
    model: Model
    place: Place | None
    beside: tuple[tuple[str, Place], ...] = ()

    @property
    def declared(self) -> Iterator[str]:
        """What the endpoint promises and a guard has to keep."""
        found = self.endpoint
        yield from (key for key in _KEYS if getattr(found, key) is not None)
        if found.monitors:
            yield "monitors"
        if found.authenticated is not False:
            yield "authenticated"
        if found.rate_limited:
            yield "rate_limited"
        if found.answers != "probabilities":
            yield "answers"
        yield from (key for key in _OF_MODELS if getattr(self.model, key) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of it.

    Args:
        served: at least one; each model once.
        root: folder of the description.
        table: `[gateway]` as it is described.
        listen: where questions are taken.
        admin: where operators look; None for nowhere.
        upstream: of the server that answers; None when models answer here.
        state: folder of what is kept.
        ledger: folder of the log of decisions; None when no endpoint is logged.
        key: of the private key that signs it; None for one of the gateway's own.
        checkpoint: file that the signed checkpoint is written to.
        clients: file that says who may ask.
    """

    served: tuple[Served, ...]
    root: Path
    table: Gateway
    listen: Address
    admin: Address | None
    upstream: Url | None
    state: Path
    ledger: Path | None
    key: Path | None
    checkpoint: Path | None
    clients: Path | None


def settings(system: System) -> Settings:
    """What a description says.

    Raises:
        ConfigError: it is not enough to serve, contradicts itself, or would open what nobody meant to open.
    """
    root, table, file = system.origin.root, system.gateway, system.origin.file
    where = f"{file}:{system.line('gateway')}"
    upstream = None if table.upstream is None else parse_url(table.upstream, f"{where}: upstream")
    served = tuple(_served(system, one, remote=upstream is not None) for one in _endpoints(system))
    listen = parse_address(table.listen, root, f"{where}: listen")
    admin = None if table.admin is None else parse_address(table.admin, root, f"{where}: admin")
    if admin is not None and not admin.local:
        raise ConfigError(
            "operators' plane would be open to the network", where=f"{where}: admin", remedy="give 127.0.0.1 or unix:"
        )
    if admin is not None and admin == listen and (admin.port or admin.path):
        raise ConfigError("is the address that questions are taken at", where=f"{where}: admin", remedy="name another")
    if table.store is not None:
        accept_store(table.store, f"{where}: store")
    if table.telemetry is not None:
        collector = urlsplit(table.telemetry)
        if collector.scheme not in {"http", "https"} or not collector.hostname or collector.query:
            raise ConfigError(
                "is no address of a collector",
                where=f"{where}: telemetry",
                remedy="write 'http://127.0.0.1:4318'",
            )
    state = confined(root, table.state)
    logged = [one for one in served if one.endpoint.logged is not False]
    if logged and len(logged) != len(served):
        raise ConfigError("some endpoints are logged and some are not", where=where, remedy="run a gateway for each")
    found = Settings(
        served=served,
        root=root,
        table=table,
        listen=listen,
        admin=admin,
        upstream=upstream,
        state=state,
        ledger=None if not logged else _path(root, table.ledger) or state / "ledger",
        key=_path(root, table.key),
        checkpoint=_path(root, table.checkpoint),
        clients=_path(root, table.clients),
    )
    _contradictions(found, where)
    return found


def refuse_unenforced(found: Settings, enforced: frozenset[str], where: str) -> None:
    """Accepts settings that the guards in place keep, or raises.

    Args:
        found: the settings.
        enforced: keys of `[[endpoint]]`, `[[model]]` and `[gateway]` that a guard keeps.
        where: for the error.

    Raises:
        ConfigError: something is declared that nothing would enforce.
    """
    for one in found.served:
        for key in one.declared:
            if key not in enforced:
                remedy = "take it out, or say authenticated = false" if key == "authenticated" else "take it out"
                if key == "authenticated" and found.clients is None:
                    remedy = "name the file of clients, or say authenticated = false and listen on this machine only"
                raise ConfigError(
                    f"'{key}' is declared and no guard enforces it",
                    where=f"{where}: endpoint '{one.endpoint.name}'",
                    remedy=remedy,
                )
    if found.clients is not None and "clients" not in enforced:
        raise ConfigError("'clients' is declared and no guard reads it", where=where, remedy="take it out")


def _endpoints(system: System) -> tuple[Endpoint, ...]:
    names = system.gateway.endpoints
    found = tuple(one for one in system.endpoints if (one.name in names if names else one.gateway))
    where = f"{system.origin.file}:{system.line('gateway')}"
    if not found:
        raise ConfigError("no endpoint is served", where=where, remedy="say gateway = true in an [[endpoint]]")
    models = [one.model for one in found]
    twice = next((name for name in models if models.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"two endpoints answer for the model '{twice}'", where=where, remedy="name one in endpoints")
    return found


def _served(system: System, endpoint: Endpoint, *, remote: bool) -> Served:
    model = _named(system, endpoint.model)
    if remote:
        return Served(endpoint=endpoint, model=model, place=None)
    beside = {"previous": model.previous, "baseline": model.baseline} if "shadow" in endpoint.monitors else {}
    return Served(
        endpoint=endpoint,
        model=model,
        place=_place(system, model, screens=True),
        beside=tuple(
            (kind, _place(system, _named(system, name), screens=False)) for kind, name in beside.items() if name
        ),
    )


def _named(system: System, name: str) -> Model:
    return next(one for one in system.models if one.name == name)


def _place(system: System, model: Model, *, screens: bool) -> Place:
    """Where a sealed model lies, and the one that looks at its input first."""
    where = f"{system.origin.file}:{system.line(f'model:{model.name}')}"
    if not screens and (model.guard or model.transformation):
        raise ConfigError(
            f"'{model.name}' has a guard or a transformation of its own, which nothing would enforce",
            where=where,
            remedy="take it out",
        )
    if model.path is None or model.seal is None or model.key is None:
        raise ConfigError(
            f"model '{model.name}' has no path, seal or key, so nothing vouches for it",
            where=where,
            remedy="seal it (redan seal) and name path, seal and key",
        )
    root = system.origin.root
    try:
        trust = load_public(confined(root, model.key))
    except UsageError as error:
        raise ConfigError(error.what, where=error.where, remedy=error.remedy) from error
    return Place(
        path=confined(root, model.path),
        seal=confined(root, model.seal),
        trust=trust,
        within=_path(root, model.bundle),
        reference=_path(root, model.reference),
        screen=_place(system, _named(system, model.guard), screens=False) if screens and model.guard else None,
        releases=model.distribution is not None,
    )


def _contradictions(found: Settings, where: str) -> None:
    open_ones = [one.endpoint for one in found.served if one.endpoint.authenticated is False]
    if open_ones and found.clients is not None:
        raise ConfigError(
            f"endpoint '{open_ones[0].name}' takes questions of anybody, and the file of clients says who may ask",
            where=f"{where}: clients",
            remedy="take authenticated = false out, or run a gateway for each",
        )
    if open_ones and not found.listen.local:
        raise ConfigError(
            f"endpoint '{open_ones[0].name}' takes questions of anybody, and the network reaches it",
            where=f"{where}: listen",
            remedy="say who may ask (clients), or listen at 127.0.0.1",
        )
    if open_ones and any(one.endpoint.exposure == "public" for one in found.served):
        raise ConfigError(
            "a public endpoint takes questions of anybody", where=where, remedy="name the file of clients"
        )
    if found.table.durable and found.ledger is None:
        raise ConfigError("answers cannot wait for a log that is not kept", where=where, remedy="take 'durable' out")
    if found.checkpoint is not None and found.ledger is None:
        raise ConfigError("there is no checkpoint of a log that is not kept", where=where, remedy="take it out")


def _path(root: Path, text: str | None) -> Path | None:
    return None if text is None else confined(root, text)
