"""What monitors keep over a restart: measures, the evidence of drift and of models beside, and who may give labels.

Evidence against single clients is not kept: it is large, and no client can restart the service. Measures that hold are.
"""

from collections import OrderedDict
from typing import Final

import msgspec
import numpy as np

from redan.errors import InvalidError
from redan.gateway.watching import Asked, Watching
from redan.gateway.watching_model import Monitors
from redan.guards.contract import Measure
from redan.stats.betting import Bet
from redan.stats.e_values import Process

_REMEDY: Final = "to begin without it, move the kept state away"


class _Shadow(msgspec.Struct):
    version: str
    apart: Bet
    worse: Bet
    joined: int
    waiting: list[tuple[str, list[int], list[int]]]


class _Model(msgspec.Struct):
    generation: str
    alarmed: bool
    processes: list[Process]
    gathered: list[list[int] | None]
    shadows: dict[str, _Shadow]
    given: list[tuple[str, list[int]]]
    right: int
    joined: int
    told: list[tuple[str, str]]


class _Kept(msgspec.Struct):
    models: dict[str, _Model]
    force: list[tuple[str, str, float]]
    waiting: list[tuple[float, Measure]]
    asked: dict[str, list[tuple[str, str, int]]]


def kept(watching: Watching) -> bytes:
    """What a restart may not forget."""
    asked = {name: list(events.items()) for name, events in list(watching.asked.items())}
    with watching.lock:
        found = _Kept(
            {name: _model(one) for name, one in watching.models.items()},
            [(principal, model, until) for (principal, model), until in list(watching.force.items())],
            [(due, measure) for due, _, measure in watching.later.waiting],
            {name: [(event, who, rows) for event, (who, rows) in events] for name, events in asked.items()},
        )
        return msgspec.msgpack.encode(found)


def restore(watching: Watching, data: bytes) -> None:
    """Puts what was kept back; evidence about another generation than the one in service has ended.

    Args:
        watching: that begins.
        data: from `kept`; empty for nothing.

    Raises:
        InvalidError: it is something else.
    """
    if not data:
        return
    try:
        found = msgspec.msgpack.decode(data, type=_Kept)
        watching.force = {(principal, model): until for principal, model, until in found.force}
        for due, measure in found.waiting:
            watching.later.again([measure], due)
        for name, one in found.models.items():
            monitors = watching.models.get(name)
            if monitors is not None and monitors.generation == one.generation:
                _restore(monitors, one)
                watching.asked[name] = Asked((event, (who, rows)) for event, who, rows in found.asked.get(name, ()))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InvalidError(f"what monitors kept does not fit: {error}", where="monitors", remedy=_REMEDY) from error


def _model(one: Monitors) -> _Model:
    alarmed, processes, gathered = (False, [], []) if one.drift is None else one.drift.held()
    shadows = {other.kind: _Shadow(other.version, *one.shadows[other.kind].held()) for other in one.beside}
    return _Model(
        one.generation,
        alarmed,
        processes,
        gathered,
        shadows,
        [(event, ours.tolist()) for event, ours in one.given.items()],
        one.right,
        one.joined,
        sorted(one.already),
    )


def _restore(one: Monitors, held: _Model) -> None:
    if one.drift is not None:
        one.drift.restore(held.alarmed, held.processes, held.gathered)
    for other in one.beside:
        shadow = held.shadows.get(other.kind)
        if shadow is not None and shadow.version == other.version:
            one.shadows[other.kind].restore(shadow.apart, shadow.worse, shadow.joined, shadow.waiting)
    one.given = OrderedDict((event, np.array(ours, dtype=np.int64)) for event, ours in held.given)
    one.right, one.joined, one.already = held.right, held.joined, set(held.told)
