"""A copy of a project in a temporary folder, served at another port, for clients of its own.

What is declared stays as it is: models, seals, limits, forms of answers. Other are only the address, the folder of what
is kept, and who may ask: clients that were made for the occasion, of the tier that the declared ones have. Neither the
file of clients nor their secrets are copied.
"""

import base64
import secrets
import shutil
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from redan.artifacts.served_endpoint import ServedEndpoint, served_here
from redan.controls.live.reached import Client
from redan.errors import IncompleteError
from redan.exchange.signature_keys import HmacKey
from redan.files import TEXT_LIMIT_BYTES, confined, make_folder, read_bounded, write_atomic
from redan.guards.api_keys import hashed, new_key
from redan.system.records import Endpoint
from redan.system.system import System

CLIENTS = 32
_MOST_BYTES = 4 << 30


class Staged(NamedTuple):
    """A project that can be started.

    Args:
        folder: of its `redan.toml`.
        listen: `host:port`.
        admin: `host:port`; the empty string for none.
        clients: who may ask.
        stranger: who may ask another model only.
    """

    folder: Path
    listen: str
    admin: str
    clients: tuple[Client, ...]
    stranger: Client | None


def staged(system: System, found: ServedEndpoint, folder: Path, listen: str, admin: str) -> Staged:
    """Writes the copy.

    Args:
        system: the description.
        found: the endpoint.
        folder: an empty folder of this user alone.
        listen: `host:port` to serve at.
        admin: `host:port` of the operators' plane, used where one is declared.

    Raises:
        IncompleteError: it is too large, or its file of clients cannot be read.
    """
    import tomlkit

    names = tuple(name for name in found.files if name != system.gateway.clients)
    _copied(system.origin.root, names, folder)
    record = system.elements[found.element]
    if not isinstance(record, Endpoint):
        raise IncompleteError(f"{found.element} is no endpoint")
    tables: dict[str, Any] = system.tables.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)
    gateway = dict(tables.get("gateway", {}))
    for key in ("store", "key", "ledger", "checkpoint", "state"):
        gateway.pop(key, None)
    served = [one.name for one in system.endpoints if served_here(system, one)]
    gateway |= {"listen": listen, "endpoints": served}
    if "admin" in gateway:
        gateway["admin"] = admin
    clients: tuple[Client, ...] = ()
    stranger = None
    if system.gateway.clients is not None:
        clients, stranger = _clients(system, record, folder)
        gateway["clients"] = "clients.toml"
        gateway["authorities"] = [*gateway.get("authorities", ()), listen]
    tables["gateway"] = gateway
    tables.pop("controls", None)
    tables.pop("policy", None)
    write_atomic(folder / "redan.toml", tomlkit.dumps(tables).encode(), mode=0o600)
    return Staged(folder, listen, gateway.get("admin", ""), clients or (Client(),), stranger)


def _copied(root: Path, names: tuple[str, ...], folder: Path) -> None:
    size = 0
    for name in names:
        source, target = confined(root, name), confined(folder, name)
        inside = [source] if source.is_file() else [one for one in source.rglob("*") if one.is_file()]
        size += sum(one.stat().st_size for one in inside)
        if size > _MOST_BYTES:
            raise IncompleteError("what the gateway reads is larger than 4 GB, and no copy of it is started")
        for one in inside:
            place = target if one == source else target / one.relative_to(source)
            make_folder(place.parent)
            shutil.copyfile(one, place)


def _clients(system: System, record: Endpoint, folder: Path) -> tuple[tuple[Client, ...], Client | None]:
    """Writes a file of clients with the declared tiers and none of the declared clients."""
    path = confined(system.origin.root, str(system.gateway.clients))
    try:
        told = tomllib.loads(read_bounded(path, TEXT_LIMIT_BYTES).decode())
    except (ValueError, RecursionError) as error:
        raise IncompleteError("the file of clients cannot be read", where=path.name) from error
    declared = [one for one in _tables(told, "client") if {record.model, "*"} & set(one.get("models", ()))]
    tier = next((str(one["tier"]) for one in declared if "tier" in one), "default")
    signs = system.gateway.signed or all(one.get("signing") for one in declared)
    made = [_client(f"probe-{place}", folder, signs=signs) for place in range(CLIENTS)]
    stranger = _client("probe-stranger", folder, signs=signs)
    models = {one.principal: record.model for one in made} | {stranger.principal: "no-such-model"}
    document: dict[str, Any] = {
        "client": [_entry(one, models[one.principal], tier) for one in (*made, stranger)],
    }
    if tiers := _tables(told, "tier"):
        document["tier"] = tiers
    _write(document, folder / "clients.toml")
    return tuple(made), stranger


def _client(principal: str, folder: Path, *, signs: bool) -> Client:
    token = new_key()
    if not signs:
        return Client(principal, token)
    secret = secrets.token_bytes(32)
    write_atomic(folder / f"{principal}.key", base64.b64encode(secret) + b"\n", mode=0o600)
    return Client(principal, token, f"{principal}-key", HmacKey(secret))


def _entry(client: Client, model: str, tier: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "principal": client.principal,
        "models": [model],
        "tier": tier,
        "keys": [hashed(client.token)],
    }
    if client.keyid:
        entry["signing"] = [{"id": client.keyid, "secret": f"file:{client.principal}.key"}]
    return entry


def _tables(told: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = told.get(key, [])
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _write(document: dict[str, Any], path: Path) -> None:
    import tomlkit

    write_atomic(path, tomlkit.dumps(document).encode(), mode=0o600)
