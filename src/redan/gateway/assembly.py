"""A server, put together: guards, the store, the log, the models."""

import dataclasses
import math
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from redan.errors import ConfigError, InvalidError, RedanError
from redan.exchange.limits import Limits
from redan.exchange.tensors import Port
from redan.files.beside import Beside
from redan.gateway import snapshot, watching_kept
from redan.gateway.answering import Policy
from redan.gateway.around import around, around_behind, refuse_behind
from redan.gateway.asgi import DataPlane
from redan.gateway.clock import Clock
from redan.gateway.connection import Room
from redan.gateway.events import Clerk
from redan.gateway.generation import load_generation
from redan.gateway.guarding import Guards, Valid, World, guards_of
from redan.gateway.history import History
from redan.gateway.http_client import Client
from redan.gateway.journal import Journal
from redan.gateway.metrics import Family, Metrics
from redan.gateway.panel import Panel
from redan.gateway.register import Register
from redan.gateway.remote_model import RemoteModel
from redan.gateway.secrets_file import secret
from redan.gateway.service import Service
from redan.gateway.settings import Settings, refuse_unenforced
from redan.gateway.steps import Pipeline
from redan.gateway.store_address import store_address
from redan.gateway.telemetry import Telemetry, telemetry
from redan.gateway.timing import Sizes, timed
from redan.gateway.traffic import Traffic
from redan.gateway.valkey_store import ValkeyStore, valkey_store
from redan.gateway.watching import Watching
from redan.gateway.watching_panel import shows
from redan.gateway.watching_setup import KEPT, watching_of
from redan.guards.limits import Leak
from redan.guards.own import Around
from redan.guards.signature import Signature
from redan.guards.store import MemoryStore
from redan.ledger.store import Ledger
from redan.seal.keys import generate, load_signer
from redan.seal.pair import write_pair

Models: TypeAlias = dict[str, Service | RemoteModel]
_STATE: Final = "state.bin"
_SECRET: Final = "secret"  # noqa: S105 -- the name of a file
_KEY: Final = "key.pem"
_BEHIND_S: Final = 60.0  # beyond it nothing that was signed by a right clock is believed


@dataclass(slots=True, kw_only=True)
class Gateway:
    """A server that is put together and does not run yet.

    Args:
        settings: that it was made from.
        plane: the data plane.
        room: bounds of connections.
        register: where decisions end.
        models: by name.
        client: of the server behind; None when models answer here.
        store: of nonces, rates and totals.
        watching: monitors; None where none are declared.
        secret: key of pseudonyms and of the kept state.
        releases: highest release that was in service, by model.
        born: since when nonces are remembered; signatures made before are not believed, as a killed process lost them.
        started: seconds since the epoch.
        opens: seconds since the epoch from which questions can be believed that were signed just now.
        traffic: who asks most, for operators.
        panel: monitors, for operators.
        history: counters of the last minutes.
        telemetry: sends them to a collector; None where none is declared.
        clock: seconds since the epoch; never goes back, also not over a restart.
    """

    settings: Settings
    plane: DataPlane
    room: Room
    register: Register
    models: Mapping[str, Service | RemoteModel]
    client: Client | None
    store: MemoryStore | ValkeyStore
    secret: bytes
    releases: dict[str, int]
    born: float
    started: float
    opens: float = 0.0
    traffic: Traffic
    watching: Watching | None = None
    panel: Panel = dataclasses.field(default_factory=Panel)
    history: History = dataclasses.field(default_factory=History)
    telemetry: Telemetry | None = None
    clock: Clock = dataclasses.field(default_factory=Clock)
    _writing: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    @property
    def services(self) -> list[Service]:
        """Models that answer here."""
        return [one for one in self.models.values() if isinstance(one, Service)]

    def sample(self, now: float) -> None:
        """Takes one sample of the counters, for the operators' page; called every few seconds.

        Args:
            now: seconds since the epoch.
        """
        self.history.take(self.register.metrics, self.panel.shown(), now)

    def ready(self) -> bool:
        """Whether questions can be answered now."""
        journal = self.register.journal
        return (
            self.clock() >= self.opens
            and self.clock.behind < _BEHIND_S
            and all(not one.fault for one in self.models.values())
            and all(one.inputs for one in self.models.values())
            and not (journal is not None and journal.broken)
        )

    def keep(self, now: float, *, clean: bool = False) -> None:
        """Writes what a restart may not forget; may take a while, and belongs into a thread.

        Args:
            now: seconds since the epoch.
            clean: whether this is the orderly end.

        Raises:
            UsageError: it cannot be written.
        """
        for one in self.services:
            if one.current.release is not None:
                self.releases[one.name] = max(one.current.release, self.releases.get(one.name, 0))
        held = self.store.held(now) if isinstance(self.store, MemoryStore) else MemoryStore().held(now)
        monitors = b"" if self.watching is None else watching_kept.kept(self.watching)
        state = snapshot.State(now, held, dict(self.releases), clean, monitors)
        with self._writing:
            snapshot.write(self.settings.state / _STATE, state, self.secret)

    def exchange(self, name: str) -> None:
        """Puts what lies there now into service; may take seconds, and belongs into a thread.

        Raises:
            RedanError: it is not sealed, is older, takes or gives something else, or no model of the name answers here.
        """
        one = self.models.get(name)
        if not isinstance(one, Service):
            raise ConfigError("no model of that name answers here", where=f"model:{name[:80]}")
        one.swap(one.load())

    def close(self) -> None:
        """Writes everything down and lets go of it."""
        try:
            if self.watching is not None:
                self.watching.drain()
            self.keep(self.clock(), clean=True)
        finally:
            if self.client is not None:
                self.client.close()
            if self.register.journal is not None:
                self.register.journal.close()
            if self.telemetry is not None:
                self.telemetry.close()


def assemble(found: Settings, *, where: str = "[gateway]", now: float | None = None) -> Gateway:
    """Puts a server together; nothing of it runs yet, but what is declared was loaded and verified.

    Args:
        found: the settings.
        where: of the description, for errors.
        now: seconds since the epoch.

    Raises:
        ConfigError: something is declared that nothing would enforce.
        RedanError: a model is not sealed, the kept state was altered, or a folder cannot be used.
    """
    models: Models = {}

    key = secret(found.state / _SECRET)
    kept = snapshot.read(found.state / _STATE, key)
    clock = Clock(0.0 if kept is None else kept.at)
    moment = clock() if now is None else now
    born = -math.inf if found.table.store is not None or (kept is not None and kept.clean) else moment
    monitors: list[Watching] = []
    world = _world(models, born, monitors)
    guards = guards_of(found, world)
    refuse_unenforced(found, guards.enforced | KEPT, where)
    client = None if found.upstream is None else Client(found.upstream)
    models |= _models(found, client, moment, where, world.valid)
    releases = {} if kept is None else dict(kept.releases)
    _refuse_older(models, releases)
    store = _store(found, kept, moment)
    register = _register(found, key, models, clock)
    traffic, sent = _counted(found, register, moment)
    gateway = Gateway(
        settings=found,
        plane=_plane(found, guards, models, store, register),
        clock=clock,
        room=_room(found),
        register=register,
        models=models,
        client=client,
        store=store,
        secret=key,
        releases=releases,
        born=born,
        started=moment,
        traffic=traffic,
        telemetry=sent,
        opens=max((one.born + one.skew + 1 for one in guards.inbound if isinstance(one, Signature)), default=0.0),
    )
    gateway.plane = dataclasses.replace(gateway.plane, ready=gateway.ready, clock=clock)
    _gauges(gateway)
    try:
        monitors += _watch(gateway, kept)
        gateway.panel.asks.extend(shows(found, gateway.watching, traffic))
        gateway.keep(moment)  # from here on a restart finds a state, and knows whether this one ended in order
    except RedanError:
        if register.journal is not None:
            register.journal.close()
        raise
    return gateway


def _counted(found: Settings, register: Register, moment: float) -> tuple[Traffic, Telemetry | None]:
    """What counts decisions for operators, here and at a collector."""
    traffic = Traffic(register.clerk.pseudonym)
    register.watchers += (traffic.decided,)
    sent = None if found.table.telemetry is None else telemetry(found.table.telemetry, register.metrics, moment)
    if sent is not None:
        register.watchers += (sent.decided,)
    return traffic, sent


def _watch(gateway: Gateway, kept: snapshot.State | None) -> list[Watching]:
    """Monitors where any are declared, with what they knew before a restart."""
    watching = watching_of(gateway.settings, gateway.models, gateway.store, gateway.register, gateway.secret)
    if watching is None:
        return []
    watching_kept.restore(watching, b"" if kept is None else kept.monitors)
    gateway.watching = watching
    if watching.labels:
        gateway.plane = dataclasses.replace(gateway.plane, labelled=watching.labelled)
    return [watching]


def _world(models: Models, born: float, monitors: list[Watching]) -> World:
    def ports(name: str) -> tuple[tuple[Port, ...], tuple[Port, ...]] | None:
        one = models.get(name)
        return None if one is None else one.ports

    def serves(name: str, version: str) -> bool:
        one = models.get(name)
        return one is not None and version in {"", one.version}

    def leak(name: str) -> Leak | None:
        one = models.get(name)
        if not isinstance(one, Service):
            return None
        return Leak(one.current.unknowns, one.around.row, generation=one.current.sha256[:16])

    def around_of(name: str) -> Around | None:
        one = models.get(name)
        return None if one is None else one.around

    def valid(name: str) -> bool:
        return all(one.valid(name) for one in monitors)

    return World(ports, serves, born, leak, around_of, valid)


def _models(found: Settings, client: Client | None, moment: float, where: str, valid: Valid) -> Models:
    """What answers, by name: loaded and verified now, or behind another server."""
    made: Models = {}
    for one in found.served:
        name = one.model.name
        policy = Policy(one.endpoint, one.model, f"{where}: endpoint '{one.endpoint.name}'")
        if client is not None:
            refuse_behind(policy)
            made[name] = RemoteModel(name, client, Limits(), fitted=partial(around_behind, policy))
        elif one.place is not None:
            fitted = partial(around, policy, valid=partial(valid, name))
            made[name] = Service(name, one.place, load_generation(one.place), checked=moment, fitted=fitted)
    return made


def _store(found: Settings, kept: snapshot.State | None, moment: float) -> MemoryStore | ValkeyStore:
    if found.table.store is not None:
        return valkey_store(store_address(found.table.store, Beside(found.root, os.environ)))
    store = MemoryStore()
    if kept is not None:
        snapshot.restore(kept, store, moment)
    return store


def _plane(
    found: Settings, guards: Guards, models: Models, store: MemoryStore | ValkeyStore, register: Register
) -> DataPlane:
    pipeline = Pipeline(
        guards.inbound,
        guards.checked,
        guards.outbound,
        lambda name: models[name].version,
        found.table.quiet,
        guards.known,
        (*guards.finish, Sizes(register.metrics.given)),
        guards.labelling,
    )
    return DataPlane(
        pipeline,
        models,
        store,
        register.decided,
        register.passed,
        body=found.table.body,
        arrive_s=None,
        busy=found.table.requests,
        timed=timed(pipeline, register.metrics),
    )


def _refuse_older(models: Mapping[str, Service | RemoteModel], releases: Mapping[str, int]) -> None:
    for name, one in models.items():
        before = releases.get(name)
        release = one.current.release if isinstance(one, Service) else None
        if before is not None and isinstance(one, Service) and (release is None or release < before):
            raise InvalidError(
                f"release {release} is older than release {before}, which was in service before",
                where=f"model:{name}",
                remedy="pull the newest one",
            )


def _register(found: Settings, key: bytes, models: Mapping[str, Service | RemoteModel], clock: Clock) -> Register:
    journal = None
    if found.ledger is not None:
        path = found.key or found.state / _KEY
        if found.key is None and not path.exists():
            write_pair(generate("ed25519"), path)
        journal = Journal(
            Ledger.open(found.ledger, load_signer(path)),
            window_s=found.table.commit_ms / 1000,
            published=found.checkpoint,
        )

    def version(name: str) -> str:
        one = models.get(name)
        return "" if one is None else one.version

    register = Register(Metrics(), Clerk(key), journal, version, durable=found.table.durable, clock=clock)
    for one in models.values():
        if isinstance(one, Service):
            one.told = register.happened
            register.happened(one.name, "in-service", one.current.told())
    return register


def _room(found: Settings) -> Room:
    table = found.table
    return Room(
        connections=table.connections,
        head_s=float(table.head_s),
        body_s=float(table.body_s),
        idle_s=float(table.idle_s),
    )


def _gauges(gateway: Gateway) -> None:
    metrics, register = gateway.register.metrics, gateway.register
    metrics.gauge(
        "redan_model_verified",
        "Whether what lies on the disk is what was sealed.",
        lambda: {name: float(not one.fault) for name, one in gateway.models.items()},
    )
    metrics.gauge("redan_connections", "Open connections.", lambda: {"": float(len(gateway.room.every))})
    metrics.gauge("http_server_active_requests", "Under way.", lambda: {"": float(gateway.plane.load.requests)})
    metrics.families["redan_budget_remaining"] = Family(
        "Least share of a budget that is left to any of the clients that ask most.",
        ("budget", "model"),
        lambda: gateway.traffic.least(gateway.clock()),
    )
    metrics.families.update(gateway.panel.families())
    journal = register.journal
    if journal is not None:
        metrics.gauge("redan_audit_tree_size", "Entries of the ledger.", lambda: {"": float(journal.size)})
        metrics.gauge("redan_audit_waiting", "Decisions not yet on the disk.", lambda: {"": float(journal.waiting)})
    store = gateway.store
    if isinstance(store, MemoryStore):
        metrics.gauge(
            "redan_store_entries", "Held nonces, rates and totals.", lambda: {"": float(sum(store.sizes.values()))}
        )
