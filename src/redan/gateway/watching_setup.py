"""Monitors as they are declared; what cannot be looked at as declared stops the start."""

import hmac
from collections.abc import Mapping
from typing import Final

import numpy as np

from redan.errors import ConfigError
from redan.gateway.register import Register
from redan.gateway.remote_model import RemoteModel
from redan.gateway.service import Service
from redan.gateway.settings import Served, Settings
from redan.gateway.valkey_store import ValkeyStore
from redan.gateway.watching import Watching
from redan.gateway.watching_metrics import families
from redan.gateway.watching_model import TOLERATED, Monitors
from redan.gateway.watching_shadow import other
from redan.guards.later import Later
from redan.guards.store import MemoryStore

KEPT: Final = frozenset({"monitors", "tolerated", "shadow", "labels"})  # keys of `[[endpoint]]` that are kept here
_SHADOW: Final = 0.05


def watching_of(
    found: Settings,
    models: Mapping[str, Service | RemoteModel],
    store: MemoryStore | ValkeyStore,
    register: Register,
    secret: bytes,
) -> Watching | None:
    """The monitors of a gateway; None where none are declared and no labels are taken.

    Args:
        found: the settings.
        models: in service.
        store: of budgets, whose factors measures lower.
        register: of decisions; the monitors become one of its watchers.
        secret: of the gateway, from which sketches, samples and delays are drawn.

    Raises:
        ConfigError: something is declared that cannot be looked at.
        RedanError: a model that is compared is not sealed, or cannot be loaded.
    """
    made: dict[str, Monitors] = {}
    labels: dict[str, tuple[str, ...]] = {}
    for one in found.served:
        end = one.endpoint
        _refuse(found, one, f"endpoint '{end.name}'")
        if not end.monitors and end.labels is None:
            continue
        name = one.model.name
        made[name] = _monitors(one, models[name], secret)
        if end.labels is not None:
            labels[name] = tuple(one.model.outputs)
    if not made:
        return None
    watching = Watching(
        models=made,
        labels=labels,
        scale=store.scale,
        happened=register.happened,
        pseudonym=register.clerk.pseudonym,
        later=Later(float(found.table.delay_s), _rng(secret, "")),
        holds_s=float(found.table.holds_s),
        clock=register.clock,
    )
    register.watchers = (*register.watchers, watching.take)
    register.metrics.more.append(lambda: families(watching))
    return watching


def _monitors(one: Served, service: Service | RemoteModel, secret: bytes) -> Monitors:
    end = one.endpoint
    where = f"endpoint '{end.name}'"
    if not isinstance(service, Service):
        raise ConfigError(
            "monitors compare with a sealed reference, and a server behind has none", where=where, remedy="take it out"
        )
    if service.current.reference is None and set(end.monitors) - {"shadow"}:
        raise ConfigError(
            "monitors compare with a sealed reference, and the model has none",
            where=where,
            remedy="make it (redan defend reference), seal it with the model and name it in [[model]] reference",
        )
    return Monitors(
        service=service,
        kinds=frozenset(end.monitors),
        rng=_rng(secret, service.name),
        tolerated=end.tolerated,
        share=_SHADOW if end.shadow is None else end.shadow,
        labels=end.labels is not None,
        others=tuple(other(kind, place, service.current, where) for kind, place in one.beside),
    )


def _refuse(found: Settings, one: Served, where: str) -> None:
    end = one.endpoint
    looking = TOLERATED.keys() & set(end.monitors)
    for wrong, what, remedy in (
        (len(set(end.monitors)) != len(end.monitors), "a monitor is named twice", "name it once"),
        (
            end.tolerated is not None and not looking,
            "'tolerated' says nothing without a monitor of clients",
            "take it out",
        ),
        (end.tolerated is not None and end.tolerated >= 1, "'tolerated' is a share below 1", "write 0.2"),
        (
            end.shadow is not None and "shadow" not in end.monitors,
            "'shadow' says nothing without its monitor",
            "name it",
        ),
        (end.shadow is not None and end.shadow > 1, "'shadow' is a share up to 1", "write 0.05"),
        (
            bool(looking) and found.clients is None,
            "monitors of clients need to know who asks",
            "name the file of clients",
        ),
        (end.labels is not None and found.clients is None, "labels are taken of known clients only", "name clients"),
    ):
        if wrong:
            raise ConfigError(what, where=where, remedy=remedy)


def _rng(secret: bytes, name: str) -> np.random.Generator:
    seed = hmac.digest(secret, b"redan-monitors/" + name.encode(), "sha256")
    return np.random.default_rng(int.from_bytes(seed, "big"))
