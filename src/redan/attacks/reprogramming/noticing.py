"""In how many questions the gateway's monitors notice an attack, and how often they accuse somebody honest.

The monitors are those of the gateway, over a reference made as `redan defend reference` makes it. An alarm is the
evidence from which a client's budget is first lowered: 1,000, which an honest client reaches at any time with a chance
of 0.1 % at most for each monitor (Ville's inequality), as long as no more of its rows look so than is tolerated.

Source: AIPS-REP-01; Zheng, Demontis and Biggio (arXiv 2211.02885): stored queries show reprogramming, as all share the
program.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import IncompleteError
from redan.guards.contract import Seen
from redan.guards.drift import Column
from redan.guards.envelope import Bounds
from redan.guards.near_duplicates import NearDuplicates
from redan.guards.one_program import OneProgram
from redan.guards.outlying import Outlying
from redan.guards.reference import MOST_COLUMNS, MOST_WHITENED, Reference
from redan.guards.scales import Ordinary, ordinary
from redan.guards.watching import GRADES, Looked, Watch
from redan.measures.drift.bins import QUANTILES, edges_of
from redan.measures.robustness import Rate, rate

Array: TypeAlias = NDArray[Any]
MONITORS: Final = {"near-duplicates": 0.4, "one-program": 0.3, "outlying-queries": 0.3}
FALSE_ALARMS: Final = 1 / GRADES[0].evidence
_POOLED: Final = 256
LEAST_ROWS: Final = 100
_TOGETHER: Final = 4  # rows of one question
_LONGEST: Final = 20_000  # questions that are watched
_CLIENTS: Final = 4096
_SHRUNK: Final = 0.1
_REFUSED: Final = 0.001


class Noticed(NamedTuple):
    """What one monitor saw of an attack.

    Args:
        monitor: its name.
        at: questions that were answered until the alarm; None when there was none.
        asked: questions that it looked at.
    """

    monitor: str
    at: int | None
    asked: int


class Ground:
    """What is known of honest questions: half of the data makes the reference, the other half asks honestly."""

    def __init__(self, x: Array, seed: int = 0) -> None:
        """Makes the reference.

        Args:
            x: the victim's own data, shape (n, ...).
            seed: of the sketch and the split.

        Raises:
            IncompleteError: rows are too few, or too wide for the gateway.
        """
        rows = x.reshape(len(x), -1)
        if len(rows) < LEAST_ROWS:
            raise IncompleteError(
                f"{len(rows)} rows of the model's own data say too little of honest questions",
                remedy=f"give {LEAST_ROWS} or more",
            )
        if rows.shape[1] > MOST_COLUMNS:
            raise IncompleteError(
                f"the gateway's monitors look at {MOST_COLUMNS:,} numbers of a question at most, and this model reads "
                f"{rows.shape[1]:,}"
            )
        self._rng = np.random.default_rng([seed, 51])
        order = self._rng.permutation(len(rows))
        half = len(order) // 2
        self.known, self.honest = rows[order[:half]], rows[order[half:]]
        self.bounds = _bounds(self.known, self.honest)
        self.ordinary = _ordinary(self.known, self.bounds, self._rng)

    def watch(self, monitors: Sequence[str] = tuple(MONITORS)) -> "Watching":
        """Monitors that have seen nothing yet."""
        return Watching(self.ordinary, monitors)

    def within(self, x: Array) -> NDArray[np.bool_]:
        """Which inputs the gateway's envelope lets pass: each number in its range, and together not too far."""
        rows = x.reshape(len(x), -1)
        near = self.bounds.within(rows)
        if len(self.bounds.mean):
            near &= self.bounds.distances(rows) <= self.bounds.furthest
        return np.asarray(near)

    def false_alarms(
        self, monitors: Sequence[str] = tuple(MONITORS), *, clients: int = 100, each: int = 200
    ) -> dict[str, Rate]:
        """Share of honest clients, each asking rows of its own, about whom each monitor gives an alarm.

        Args:
            monitors: their names.
            clients: how many ask.
            each: questions of each of them.
        """
        watching = Watching(self.ordinary, monitors, most=clients)
        names = [f"client-{number}" for number in range(clients)]
        for name in names:
            rows = self.honest[self._rng.permutation(len(self.honest))[:each]]
            for part in _parts(rows):
                watching.take(part, name)
        return {one: rate(np.array([(one, name) in watching.accused for name in names])) for one in monitors}


class Watching:
    """Monitors of one attack: a function of the inputs that were answered, in their order."""

    def __init__(self, found: Ordinary, monitors: Sequence[str], most: int = 1) -> None:
        """Nothing is seen yet."""
        self._watch = Watch("model", found.sketch, tuple(_looked(name, found) for name in monitors), most=most)
        self._asked = 0
        self._at: dict[str, int] = {}
        self.accused: set[tuple[str, str]] = set()

    def __call__(self, x: Array) -> None:
        """Takes answered inputs of the attacker."""
        for part in _parts(x.reshape(len(x), -1)):
            if self._asked >= _LONGEST or len(self._at) == len(self._watch.looked):
                break
            self._asked += len(part)
            self.take(part, "attacker")

    def take(self, rows: Array, client: str) -> None:
        """Takes one question of a client."""
        for found in self._watch.observe([Seen(client, "model", rows, np.zeros((0, 0)), 0.0)]):
            self.accused.add((found.reason, client))
            self._at.setdefault(found.reason, self._asked)

    @property
    def noticed(self) -> tuple[Noticed, ...]:
        """What each monitor saw."""
        names = [one.detector.name for one in self._watch.looked]
        return tuple(Noticed(name, self._at.get(name), self._asked) for name in names)


def sound(alarms: Mapping[str, Rate], monitor: str) -> bool:
    """Whether honest clients speak against what a monitor declares of its false alarms."""
    found = alarms.get(monitor)
    return found is None or found.interval.low <= FALSE_ALARMS


def first(noticed: Sequence[Noticed], alarms: Mapping[str, Rate]) -> int | None:
    """Questions until the first alarm of a monitor that does not accuse honest clients as well."""
    return min((one.at for one in noticed if one.at is not None and sound(alarms, one.monitor)), default=None)


def _parts(rows: Array) -> Iterator[Array]:
    for start in range(0, len(rows), _TOGETHER):
        yield rows[start : start + _TOGETHER]


def _looked(name: str, found: Ordinary) -> Looked:
    """A monitor as the gateway puts it together."""
    if name == "near-duplicates":
        pooled = NearDuplicates(found.radius / 2, _POOLED)
        return Looked(NearDuplicates(found.radius), pooled, MONITORS[name])
    detector = Outlying(found.bounds, found.whole) if name == "outlying-queries" else OneProgram(found.far)
    return Looked(detector, detector, MONITORS[name])


def _bounds(known: Array, held: Array) -> Bounds:
    """Ranges of the columns, and where they are few enough a distance that one in a thousand held-out rows passes."""
    low, high = known.min(axis=0), known.max(axis=0)
    if known.shape[1] > min(MOST_WHITENED, len(known)):
        return Bounds(low, high, np.zeros(0), np.zeros((0, 0)), 0.0)
    mean, spread = known.mean(axis=0), known.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    covariance = np.cov(((known - mean) / spread).T).reshape(len(mean), len(mean))
    level = np.trace(covariance) / len(mean)
    shrunk = (1 - _SHRUNK) * covariance + _SHRUNK * max(level, 1e-9) * np.eye(len(mean))
    whiten = np.linalg.solve(np.linalg.cholesky(shrunk), np.diag(1.0 / spread)).T
    bounds = Bounds(low, high, mean, whiten, 0.0)
    return bounds._replace(furthest=float(np.quantile(bounds.distances(held), 1 - _REFUSED)))


def _ordinary(rows: Array, bounds: Bounds, rng: np.random.Generator) -> Ordinary:
    columns = []
    for place in range(rows.shape[1]):
        held = rows[:, place].astype(np.float64)
        edges = np.array(edges_of(np.quantile(held, QUANTILES), whole=bool((held == np.floor(held)).all())))
        cells = np.searchsorted(edges, held, side="right")
        columns.append(Column(str(place), edges, np.bincount(cells, minlength=len(edges) + 1).astype(np.int64)))
    reference = Reference("0" * 64, "x", "", "", {"x": bounds}, {}, None, tuple(columns))
    return ordinary(reference, rng)
