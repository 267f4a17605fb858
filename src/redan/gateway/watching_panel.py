"""Monitors as operators see them: what each came to, in one record that the page and the metrics show."""

from collections.abc import Callable, Iterator

from redan.gateway.panel import Shown, of_calibration, of_drift, of_shadow
from redan.gateway.settings import Settings
from redan.gateway.traffic import Traffic
from redan.gateway.watching import Watching
from redan.gateway.watching_model import Monitors
from redan.guards.watching import Looked, Tally


def shows(found: Settings, watching: Watching | None, traffic: Traffic) -> Iterator[Callable[[], Shown]]:
    """What is to be asked for each declared monitor and each promise of coverage.

    Args:
        found: the settings.
        watching: the monitors; None where none is declared.
        traffic: that counts rows and abstentions.
    """
    models = {} if watching is None else watching.models
    for name, one in sorted(models.items()):
        if "drift" in one.kinds:
            yield _drift(name, one)
        if one.others or "shadow" in one.kinds:
            yield _shadow(name, one)
        if one.watch is not None:
            for place in range(len(one.watch.looked)):
                yield _clients(name, one, place)
    for served in found.served:
        promised = served.endpoint.coverage
        if promised is not None:
            yield _calibration(served.model.name, float(promised), watching, traffic)


def _drift(name: str, one: Monitors) -> Callable[[], Shown]:
    def ask() -> Shown:
        drift = one.drift
        return Shown("drift", name, None, says="no reference to compare with") if drift is None else of_drift(drift)

    return ask


def _shadow(name: str, one: Monitors) -> Callable[[], Shown]:
    """The model beside it with the strongest evidence."""

    def ask() -> Shown:
        held = dict(one.shadows)  # the thread of the monitors may exchange them
        if not held:
            return Shown("shadow", name, None, says="no other model to compare with")
        kind, shadow = max(held.items(), key=lambda pair: max(pair[1].apart.value, pair[1].worse.value))
        shown = of_shadow(name, shadow, one.compared.get(kind, 0), one.parted.get(kind, 0))
        return shown._replace(says=f"beside the {kind} model: {shown.says}")

    return ask


def _clients(name: str, one: Monitors, place: int) -> Callable[[], Shown]:
    def ask() -> Shown:
        watch = one.watch
        if watch is None or place >= len(watch.looked):
            return Shown("monitor", name, None)
        looked: Looked = watch.looked[place]
        tally: Tally = watch.tallies[place]
        value, limit = float(tally.everyone.value(0)), min(grade.evidence for grade in looked.grades)
        measures = sum(tally.measures.values())
        says = f"{measures:,} measures against clients; the e-value is against all of them together"
        names = (looked.detector.name,)
        return Shown("monitor", name, value, limit, tally.rows, tally.hits, value >= limit, names, says)

    return ask


def _calibration(name: str, promised: float, watching: Watching | None, traffic: Traffic) -> Callable[[], Shown]:
    def ask() -> Shown:
        valid = watching is None or watching.valid(name)
        return of_calibration(
            name, promised, valid=valid, rows=traffic.rows[name], abstained=traffic.abstained[name], covered=None
        )

    return ask
