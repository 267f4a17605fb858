"""An endpoint that can be asked: started here as it is declared, or running at an address that may be contacted."""

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.declared import digested, located
from redan.canon import Json, digest_of
from redan.system.records import Endpoint, Gateway, Model, Record
from redan.system.system import System

T = TypeVar("T")
_OURS = ("state", "ledger", "checkpoint")  # what a gateway writes, and what nobody copies
_GATEWAY = "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedEndpoint:
    """What is needed to ask an `[[endpoint]]`; nothing was asked yet.

    Args:
        element: element id, such as `endpoint:scores`.
        digest: over the description of it and of the gateway, and over the files that both name.
        url: where it runs; None where it is to be started.
        credentials: files to ask it with, one for each client; empty where it is to be started.
        clients: file that says who may ask; None where there is none, or it is not known.
        files: relative paths of the files and folders that a start of it reads.
        told: what questions of several controls found out together; no part of the fact.
    """

    element: str
    digest: str
    url: str | None
    credentials: tuple[Path, ...] = ()
    clients: Path | None = None
    files: tuple[str, ...] = ()
    told: dict[str, object] = field(default_factory=dict, compare=False, repr=False)

    def once(self, key: str, kind: type[T], make: Callable[[], T]) -> T:
        """What was found out under a key, by the first who asks.

        Args:
            key: one for each thing that is found out.
            kind: its type.
            make: finds it out.
        """
        found = self.told.get(key)
        if not isinstance(found, kind):
            found = self.told[key] = make()
        return found


def served_endpoint(system: System, element: str) -> Artifact | Absent:
    """How an endpoint can be asked; absent where it is neither of the gateway nor may be contacted.

    Raises:
        InputError: a declared file is missing, unreadable or leaves the project.
    """
    record = system.elements.get(element)
    if not isinstance(record, Endpoint):
        return Absent(element, "it is no endpoint")
    if record.url is not None and record.probe:
        return _running(system, element, record, record.url)
    if not served_here(system, record):
        return Absent(
            element,
            "it is not served by the gateway of this description, and no credentials allow its address to be contacted"
            " (keys 'url' and 'probe')",
        )
    if system.gateway.upstream is not None and not is_loopback(system.gateway.upstream):
        return Absent(element, "the server behind the gateway is on another machine; name 'url' and 'probe' instead")
    files = tuple(sorted(set(_named(system, record))))
    digests: dict[str, Json] = {name: _digest(system, name) for name in files}
    said: list[Json] = [record.model_dump(mode="json"), system.gateway.model_dump(mode="json"), digests]
    clients = None if system.gateway.clients is None else located(system, _GATEWAY, "clients", system.gateway.clients)
    return ServedEndpoint(element=element, digest=digest_of(said), url=None, clients=clients, files=files)


def _running(system: System, element: str, record: Endpoint, url: str) -> Artifact | Absent:
    held: list[Json] = [record.model_dump(mode="json")]
    paths = []
    for name in record.probe:
        found = digested(system, element, "probe", name)
        if isinstance(found, Absent):
            return found
        paths.append(found[0])
        held.append(found[1])
    return ServedEndpoint(element=element, digest=digest_of(held), url=url, credentials=tuple(paths))


def served_here(system: System, record: Endpoint) -> bool:
    """Whether the gateway of the description answers for an endpoint."""
    names = system.gateway.endpoints
    return record.name in names if names else record.gateway


def is_loopback(url: str) -> bool:
    """Whether an address is of this machine alone; names are not believed."""
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False


def _named(system: System, record: Endpoint) -> Iterator[str]:
    """Whatever of the endpoint, its models and the gateway names a file or folder that is there."""
    model = next(one for one in system.models if one.name == record.model)
    beside = [one for one in system.models if one.name in {model.guard, model.previous, model.baseline}]
    for where, one in ((f"model:{m.name}", m) for m in (model, *beside)):
        yield from _paths(system, where, one)
    yield from _paths(system, f"endpoint:{record.name}", record)
    yield from _paths(system, _GATEWAY, system.gateway)
    if model.distribution is not None and model.path is not None:
        cards = (str(folder / "release.json") for folder in Path(model.path).parents)
        yield from (card for card in cards if (system.origin.root / card).is_file())


def _paths(system: System, element: str, record: Endpoint | Model | Gateway) -> Iterator[str]:
    for key, value in _texts(record):
        if key in _OURS or (key, type(record)) == ("key", Gateway):
            continue
        if _is_path(value) and located(system, element, key, value).exists():
            yield value


def _texts(record: Record) -> Iterator[tuple[str, str]]:
    for key in type(record).model_fields:
        value = getattr(record, key)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, str):
                yield key, one


def _is_path(text: str) -> bool:
    return "\0" not in text and not text.startswith("/") and ".." not in Path(text).parts and Path(text) != Path()


def _digest(system: System, name: str) -> str:
    path = system.origin.root / name
    if path.is_file():
        found = digested(system, _GATEWAY, "clients", name)
        return found.reason if isinstance(found, Absent) else found[1]
    held = sorted(one.relative_to(path).as_posix() for one in path.rglob("*") if one.is_file())
    return digest_of([[one, (path / one).stat().st_size, (path / one).stat().st_mtime_ns] for one in held])
