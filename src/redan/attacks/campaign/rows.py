"""A campaign on a table: rows move within what their columns allow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.attacks.campaign.parts import SIZE, Part, cut
from redan.attacks.campaign.radii import at_radii, curve_over, radii_of
from redan.attacks.campaign.tried import Tried
from redan.attacks.cost import Cost
from redan.attacks.failure.readings import agreement
from redan.attacks.failure.signs import trust
from redan.attacks.memory import Memory
from redan.attacks.queries import Queries, StoppedError
from redan.attacks.tables.asked import Asked
from redan.attacks.tables.cascading import Cascade, cascade
from redan.attacks.tables.encode import Rows
from redan.attacks.tables.search import Order
from redan.attacks.threat import Threat
from redan.errors import IncompleteError
from redan.measures.robustness import Bounds

if TYPE_CHECKING:
    from redan.attacks.evasion.network import Network

_PROBES = 64
PROVE = 2000
_UNIT = "The radius counts in scales of the columns: the widths of their bounds, unless the rules say otherwise."


class RowsWanted(NamedTuple):
    """What is wanted of one.

    Args:
        threat: norm and radius, in units of the columns' scales.
        queries: most of them for each row.
        seed: of every draw.
        classes: labels in the order of the model's scores; the model's own when None.
        ruled: whether a constraints file says what may change.
        prove: steps of the exact attack on trees for each row that is left; none when 0.
        radii: further radii for the curve.
        size: rows of a part.
    """

    threat: Threat
    queries: int
    seed: int = 0
    classes: Sequence[object] | None = None
    ruled: bool = True
    prove: int = PROVE
    radii: tuple[float, ...] = ()
    size: int = SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsCampaign:
    """Gradients where there are some, greedy and genetic search, and the exact attack on trees.

    Args:
        model: anything that predicts, as the table has its columns; a source where it is asked elsewhere.
        of: what answers, as a work file names it.
        rows: encoded, with their rules.
        wanted: threat model, queries and seed.
        network: the same model with gradients, over encoded rows.
        notes: what a reader has to know.
    """

    model: Any
    of: str
    rows: Rows
    wanted: RowsWanted
    network: "Network | None" = None
    notes: tuple[str, ...] = ()

    def parts(self) -> tuple[Part, ...]:
        """Parts of the rows for each radius.

        Raises:
            InputError: a label is none of the model's classes; told before anything is asked.
        """
        self._asked(None).places(self.rows.y)
        return cut(len(self.rows.x), radii_of(self.wanted.threat, self.wanted.radii), self.wanted.size)

    def attempt(self, part: Part, work: Path | None) -> Tried:
        """Attacks one part, judged under its rules.

        Raises:
            InputError: the rows do not fit the rules, the labels or the model.
            IncompleteError: the model does not answer any more.
        """
        x, labels = self.rows.x[part.start : part.stop], self.rows.y[part.start : part.stop]
        threat = type(self.wanted.threat)(part.eps, self.wanted.threat.low, self.wanted.threat.high)
        asked = self._asked(work)
        before = asked.apart().labels(x)
        order = Order(
            space=self.rows.space,
            threat=threat,
            seed=self.wanted.seed,
            budget=self.wanted.queries,
            classes=asked.classes,
            prove=self.wanted.prove,
        )
        try:
            made = cascade(asked, x, labels, order, network=self.network)
        except StoppedError as error:
            broke, n = int(error.result.broken.sum()), len(x)
            text = f"{error.what}; until then {broke:,} of {n:,} rows were broken"
            raise IncompleteError(text, where=error.where, remedy=error.remedy) from error
        return self._tried(made, asked, (x, before, asked.places(labels)), threat)

    def joined(self, tried: Sequence[Tried]) -> Tried:
        """One campaign, with its curve, and with what can be told of a model that only answers."""
        radii = radii_of(self.wanted.threat, self.wanted.radii)
        made = at_radii(tried, len(radii))
        whole, proved = made[0], any("exact" in one.attacks for one in made)
        again = self._asked(None).labels(self.rows.x[:_PROBES])
        return replace(
            whole,
            threat=str(self.wanted.threat),
            trust=trust(
                (agreement("random-answers", whole.before[:_PROBES], again, "The first and the second answer"),)
            ),
            cost=sum((one.cost for one in made), start=Cost()),
            curve=curve_over(radii, made),
            certified=whole.certified if proved else None,
            beside=_beside(radii, made) if proved else (),
        )

    def _asked(self, work: Path | None) -> Asked:
        """The model as attacks ask it; answers of one that is elsewhere are kept."""
        model = self.model
        if work is not None and hasattr(model, "ask"):
            model = Queries(model, memory=Memory(work, self.of))
        return Asked(model, self.rows.space, classes=self.wanted.classes)

    def _tried(
        self,
        made: Cascade,
        asked: Asked,
        data: tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]],
        threat: Threat,
    ) -> Tried:
        x, before, y = data
        names = tuple(dict.fromkeys(result.attack for result in made.results))
        breaker = np.array([names.index(name) if name in names else -1 for name in made.first.tolist()], dtype=np.int64)
        told = int(max(before.max(), y.max(), made.judged.answers.max())) + 1
        known = [str(label) for label in asked.classes or ()]
        gradients = "knows the model and its gradients, and " if self.network is not None else ""
        return Tried(
            threat=str(threat),
            suite="rows",
            attacker=f"{gradients}asks for scores, {self.wanted.queries:,} times for each row at most",
            attacks=names,
            classes=tuple(known) if len(known) >= told else tuple(str(place) for place in range(told)),
            y=y,
            before=before,
            after=np.where(breaker >= 0, made.judged.answers, before),
            breaker=breaker,
            size=made.judged.size,
            x=x,
            x_adv=made.x_adv,
            cost=sum((result.cost for result in made.results), start=Cost()),
            notes=(*self.notes, _UNIT, *_left_out(self.rows), *_unruled(self.wanted), *_unproved(made)),
            columns=self.rows.space.columns,
            certified=None if made.certified is None else made.certified & (before == y),
            proof="" if made.certified is None else "by a search over all leaves that a row can reach",
        )


def _beside(radii: Sequence[float | tuple[float, ...]], made: Sequence[Tried]) -> tuple[tuple[str, Bounds], ...]:
    """What is proved beside what survived, by ascending radius."""
    order = sorted(range(len(made)), key=lambda place: np.max(radii[place]))
    return tuple((made[place].threat, told) for place in order if (told := made[place].bounds) is not None)


def _left_out(rows: Rows) -> tuple[str, ...]:
    if not rows.left_out:
        return ()
    told = ", ".join(f"{count:,} for {reason}" for reason, count in rows.left_out.items())
    return (f"Rows that were not attacked: {told}.",)


def _unruled(wanted: RowsWanted) -> tuple[str, ...]:
    if wanted.ruled:
        return ()
    return ("No constraints are given, so every column moves freely over the values that the data show.",)


def _unproved(made: Cascade) -> tuple[str, ...]:
    if not made.unproved.startswith("needs "):
        return ()
    return (f"Nothing is proved of trees, which {made.unproved}.",)
