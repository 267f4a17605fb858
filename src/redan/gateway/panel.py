"""What is watched beside the answers, as operators see it: one record for each monitor, filled when somebody looks.

A monitor that is not there is shown as not declared, never as quiet.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from redan.gateway.metrics import Family, Labels

Kind: TypeAlias = Literal["drift", "shadow", "calibration", "monitor"]
KINDS: Final[tuple[Kind, ...]] = ("drift", "shadow", "calibration", "monitor")


class Shown(NamedTuple):
    """What one monitor came to.

    Args:
        kind: of the monitor.
        model: name.
        value: the statistic, an e-value for drift and shadow; None before anything was seen.
        limit: from which it is an alarm, in the unit of the value; None where there is none.
        n: rows, or clients, that it has seen; None where it does not count them.
        hits: of them, what it looks for, such as rows on which both models disagreed.
        alarm: whether operators have to look.
        names: what is concerned, such as columns that moved; never a client.
        says: one plain sentence more.
    """

    kind: Kind
    model: str
    value: float | None
    limit: float | None = None
    n: int | None = None
    hits: int | None = None
    alarm: bool = False
    names: tuple[str, ...] = ()
    says: str = ""


class Evidence(Protocol):
    """A process of evidence."""

    @property
    def value(self) -> float:
        """The e-value now."""
        ...


class Drifting(Protocol):
    """A drift monitor, such as `redan.guards.drift.Drift`."""

    @property
    def model(self) -> str:
        """Whose input it looks at."""
        ...

    @property
    def alarms(self) -> float:
        """Chance of a false alarm at any time."""
        ...

    @property
    def evidence(self) -> float:
        """An e-value at any time."""
        ...

    @property
    def alarm(self) -> bool:
        """Whether the evidence is enough."""
        ...

    def shifted(self) -> tuple[str, ...]:
        """The columns that moved."""
        ...


class Shadowing(Protocol):
    """Two models on the same questions, such as `redan.guards.shadow.Shadow`."""

    @property
    def alarms(self) -> float:
        """Chance that either alarm is false, at any time."""
        ...

    @property
    def apart(self) -> Evidence:
        """That they disagree too often."""
        ...

    @property
    def worse(self) -> Evidence:
        """That the model in service is worse."""
        ...

    @property
    def alarm(self) -> bool:
        """Whether either evidence is enough."""
        ...

    @property
    def joined(self) -> int:
        """Rows whose labels came."""
        ...


def of_drift(one: Drifting, n: int | None = None) -> Shown:
    """A drift monitor as it stands.

    Args:
        one: the monitor.
        n: rows that it has seen, where that is counted.
    """
    return Shown("drift", one.model, one.evidence, 1.0 / one.alarms, n, alarm=one.alarm, names=one.shifted())


def of_shadow(model: str, one: Shadowing, n: int | None = None, hits: int | None = None) -> Shown:
    """A comparison of two models as it stands.

    Args:
        model: name of the one in service.
        one: the comparison.
        n: rows that both answered, where that is counted.
        hits: of them, on which they disagreed.
    """
    apart, worse = one.apart.value, one.worse.value
    says = f"e-value of disagreement {apart:.3g}, of being worse {worse:.3g} ({one.joined:,} labelled rows)"
    return Shown("shadow", model, max(apart, worse), 2.0 / one.alarms, n, hits, one.alarm, says=says)


def of_calibration(
    model: str, promised: float, *, valid: bool, rows: int, abstained: int, covered: tuple[int, int] | None = None
) -> Shown:
    """What the promise of coverage is worth now.

    Args:
        model: name.
        promised: share of rows whose set holds the right class.
        valid: whether inputs still come as the calibration set did.
        rows: that were answered.
        abstained: of them, without a say.
        covered: rows whose labels came, and how many of their sets held the label; None where no labels come.
    """
    share = covered[1] / covered[0] if covered is not None and covered[0] else None
    says = f"{promised:.0%} promised, " + ("which holds while inputs come as they did" if valid else "not valid now")
    return Shown("calibration", model, share, promised, rows, abstained, alarm=not valid, says=says)


@dataclass(slots=True)
class Panel:
    """Every monitor that is there.

    Args:
        asks: each gives what it came to now; cheap, as it is asked every few seconds, and it never raises.
    """

    asks: list[Callable[[], Shown]] = field(default_factory=list)

    def show(self, ask: Callable[[], Shown]) -> None:
        """Shows one more monitor from now on.

        Args:
            ask: gives what it came to; asked on the event loop.
        """
        self.asks.append(ask)

    def shown(self) -> tuple[Shown, ...]:
        """All of them as they stand."""
        return tuple(ask() for ask in self.asks)

    def families(self) -> Mapping[str, Family]:
        """Drift and alarms as metrics, by their names; the others have labels of their own beside the monitors."""
        return {
            "redan_drift_evalue": Family("Evidence that inputs moved.", ("model",), lambda: self._values("drift")),
            "redan_alarm": Family("Whether a monitor asks to be looked at.", ("kind", "model"), self._alarms),
        }

    def _values(self, kind: Kind) -> dict[Labels, float]:
        return {(one.model,): one.value for one in self.shown() if one.kind == kind and one.value is not None}

    def _alarms(self) -> dict[Labels, float]:
        found: dict[Labels, float] = {}
        for one in self.shown():  # several monitors of a kind may look at one model
            found[one.kind, one.model] = max(found.get((one.kind, one.model), 0.0), float(one.alarm))
        return found
