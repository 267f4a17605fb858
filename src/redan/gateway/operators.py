"""What the operators' page says, as plain records: gathered when somebody looks, and then at most once a second.

No name of a client, no address and no value of a request is among it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from markupsafe import Markup

from redan.gateway.assembly import Gateway
from redan.gateway.history import Point
from redan.gateway.panel import KINDS, Kind, Shown
from redan.gateway.service import Service
from redan.gateway.sparkline import sparkline
from redan.gateway.traffic import EVERYONE
from redan.guards.store import MemoryStore

_TOP: Final = 10
_HALF: Final = 0.5
_TENTH: Final = 0.1
_ENOUGH: Final = 100
_NAMES: Final = 5
_TITLES: Final[dict[Kind, str]] = {
    "drift": "Drift of inputs",
    "shadow": "Shadow model",
    "calibration": "Calibration",
    "monitor": "Extraction monitors",
}


class Alarm(NamedTuple):
    """Something that operators have to look at.

    Args:
        text: what is wrong.
        place: identifier of the part of the page that says more.
    """

    text: str
    place: str


class Figure(NamedTuple):
    """One number with its past.

    Args:
        name: what it is.
        value: in words.
        line: its past.
        more: beside it.
    """

    name: str
    value: str
    line: Markup
    more: str = ""


class Row(NamedTuple):
    """Refusals of one kind.

    Args:
        guard: who refused.
        problem: slug.
        total: since the start.
        lately: in the last quarter of an hour.
        share: of the most frequent, for its bar.
    """

    guard: str
    problem: str
    total: int
    lately: int
    share: float


def alarms(gateway: Gateway, shown: tuple[Shown, ...], now: float) -> list[Alarm]:
    """Everything that is wrong.

    Args:
        gateway: that runs.
        shown: monitors as they stand.
        now: seconds since the epoch.
    """
    found = [
        Alarm(f"Model {name}: what lies on the disk is not what was sealed ({one.fault}).", "models")
        if isinstance(one, Service)
        else Alarm(f"Model {name}: the server behind does not answer as it should ({one.fault}).", "models")
        for name, one in gateway.models.items()
        if one.fault
    ]
    journal = gateway.register.journal
    if journal is not None and journal.broken:
        found.append(Alarm("The ledger cannot be written: nothing is answered until it can.", "ledger"))
    if now < gateway.opens:
        found.append(Alarm("Not open yet: what was signed before the start is not believed.", "traffic"))
    found += [Alarm(f"{_TITLES[one.kind]}, model {one.model}: {_why(one)}", "watched") for one in shown if one.alarm]
    lately, samples = gateway.history.lately(), gateway.history.samples
    if lately is not None and lately.refused > _HALF and lately.rate * (lately.at - samples[0].at) >= _ENOUGH:
        found.append(Alarm(f"{lately.refused:.0%} of the requests of the last minutes were refused.", "refusals"))
    if len(samples) > 1 and samples[-1].faults > samples[0].faults:
        faults = samples[-1].faults - samples[0].faults
        found.append(Alarm(f"{faults:,} requests failed by our own fault in the last minutes.", "refusals"))
    return found


def _why(one: Shown) -> str:
    if one.kind == "drift" and one.names:
        more = len(one.names) - _NAMES
        return f"moved: {', '.join(one.names[:_NAMES])}" + (f" and {more} more." if more > 0 else ".")
    if one.kind == "calibration":
        return "the promise of coverage does not hold now."
    return "the evidence is enough for its alarm."


def traffic(gateway: Gateway) -> list[Figure]:
    """Requests, refusals and time, with their past."""
    points, metrics = gateway.history.points(), gateway.register.metrics
    last = points[-1] if points else Point(0.0, 0.0, 0.0, None, None)
    answered, refused = f"{metrics.passed:,} answered", f"{metrics.refused:,} in all"
    return [
        _figure("Requests a second", [p.rate for p in points], last.rate, "{:,.1f}".format, answered),
        _figure("Refused", [p.refused for p in points], last.refused, "{:.1%}".format, refused),
        _figure("Median time", [p.p50 for p in points], last.p50, _ms),
        _figure("99th percentile", [p.p99 for p in points], last.p99, _ms),
    ]


def _figure(
    name: str, past: Sequence[float | None], now: float | None, said: Callable[[float], str], more: str = ""
) -> Figure:
    """A number, and its past as a line; as the line has no scale, the highest number is said."""
    seen = [value for value in past if value is not None]
    spoken = f"from {said(min(seen))} to {said(max(seen))}" if seen else "nothing yet"
    words = [f"at most {said(max(seen))}"] if seen else []
    line = sparkline(past, f"{name} over the last minutes: {spoken}")
    return Figure(name, "–" if now is None else said(now), line, ", ".join([*words, *([more] if more else [])]))


def refusals(gateway: Gateway) -> list[Row]:
    """By guard and problem, the most frequent first."""
    samples = gateway.history.samples
    before = samples[0].decisions if samples else {}
    found = sorted(gateway.register.metrics.decisions.items(), key=lambda item: (-item[1], item[0]))
    most = found[0][1] if found else 1
    return [
        Row(guard, problem, count, count - before.get((guard, problem), 0), count / most)
        for (guard, problem), count in found
    ]


def budgets(gateway: Gateway, now: float) -> dict[str, Any]:
    """How much of their budgets the most active clients have left."""
    found = gateway.traffic
    least = sorted(found.least(now).items(), key=lambda item: item[1])
    store = gateway.store
    return {
        "clients": found.clients,
        "near": sorted(found.near(now).items()),
        "pooled": [(*labels, share) for labels, share in least if labels[0].endswith(EVERYONE)],
        "top": found.top(_TOP, now),
        "held": store.sizes if isinstance(store, MemoryStore) else None,
        "shared": gateway.settings.table.store is not None,
    }


def models(gateway: Gateway, now: float) -> list[dict[str, Any]]:
    """What is in service."""
    return [
        {
            "name": name,
            "fault": one.fault,
            "behind": not isinstance(one, Service),
            "version": one.version,
            "platform": one.platform,
            "current": one.current.told() if isinstance(one, Service) else None,
            "previous": one.previous.told() if isinstance(one, Service) and one.previous is not None else None,
            "verified": ago(now - one.checked) if isinstance(one, Service) and one.checked else None,
        }
        for name, one in gateway.models.items()
    ]


def watched(gateway: Gateway, shown: tuple[Shown, ...]) -> list[dict[str, Any]]:
    """Each kind of monitor, with what is there of it."""
    return [
        {
            "kind": kind,
            "title": _TITLES[kind],
            "each": [{"shown": one, "line": line} for one, line in _lines(gateway, shown, kind)],
        }
        for kind in KINDS
    ]


def _lines(gateway: Gateway, shown: tuple[Shown, ...], kind: Kind) -> Iterator[tuple[Shown, Markup]]:
    for one in shown:
        if one.kind == kind:
            values = list(gateway.history.values(kind, one.model))
            evidence = kind in {"drift", "shadow"}
            says = f"{_TITLES[kind]} of model {one.model} over the last minutes"
            yield one, sparkline(values, says, limit=one.limit, logarithmic=evidence)


def ledger(gateway: Gateway, now: float) -> dict[str, Any] | None:
    """The log of decisions; None where none is kept."""
    journal = gateway.register.journal
    if journal is None:
        return None
    return {
        "size": journal.size,
        "waiting": journal.waiting,
        "broken": journal.broken,
        "committed": ago(now - journal.written) if journal.written else None,
        "published": gateway.settings.checkpoint is not None,
        "durable": gateway.register.durable,
        "skipped": gateway.register.skipped,
    }


def connections(gateway: Gateway) -> dict[str, Any]:
    """Who is connected, in numbers."""
    load, room = gateway.plane.load, gateway.room
    return {
        "open": len(room.every),
        "idle": len(room.idle),
        "most": room.connections,
        "requests": load.requests,
        "busy": gateway.plane.busy,
        "held": load.held,
    }


def ago(seconds: float) -> str:
    """A time that has passed, in words."""
    if seconds < 1:
        return "just now"
    for size, word in ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {word}{'' if count == 1 else 's'} ago"
    return "just now"


def clock(at: float) -> str:
    """A moment in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.2g} ms" if seconds < _TENTH else f"{seconds * 1e3:,.0f} ms"
