"""A whole comparison: every feature, the mix of classes, features within classes and in time, and all features jointly.

Source: Rabanser, Günnemann and Lipton, Failing Loudly: An Empirical Study of Methods for Detecting Dataset Shift
(NeurIPS 2019) for what to look at; the verdict is a test of "no more than the tolerated share of rows moved", because a
test of "nothing moved" rejects everything once there are enough rows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from redan.errors import IncompleteError, InputError
from redan.measures.drift.bins import Counts
from redan.measures.drift.counting import count, count_by
from redan.measures.drift.features import Feature, features, within
from redan.measures.drift.frozen import Frozen, freeze
from redan.measures.drift.images import is_array, table_of_arrays
from redan.measures.drift.joint import Joint, joint
from redan.measures.drift.settings import Parts, Settings
from redan.measures.drift.windows import Windows, windows_of
from redan.tables import Table, table_of

MOST_NEW_CLASSES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What a comparison came to.

    Args:
        frozen: the reference.
        rows: now.
        settings: what decided.
        features: every compared column.
        classes: the mix of classes; None without a label on both sides.
        within_classes: columns within classes.
        windows: columns in windows of time; None without a column of times.
        joint: all features together; None when it was not asked for or could not be told.
        untold: why something was not compared, by what it is.
        gone: columns of the reference that are no longer there.
    """

    frozen: Frozen
    rows: int
    settings: Settings
    features: tuple[Feature, ...]
    classes: Feature | None = None
    within_classes: tuple[Feature, ...] = ()
    windows: Windows | None = None
    joint: Joint | None = None
    untold: tuple[tuple[str, str], ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def shifted(self) -> tuple[Feature, ...]:
        """Everything that moved more than is tolerated, most first: all rows, then classes, then windows."""
        mix = () if self.classes is None else (self.classes,)
        timed = () if self.windows is None else self.windows.features
        sets = (self.features, mix, self.within_classes, timed)
        return tuple(f for found in sets for f in sorted(found, key=lambda f: -f.moved.low) if f.shifted)

    @property
    def noticed(self) -> bool:
        """Whether anything moved more than is tolerated."""
        return bool(self.shifted) or (self.joint is not None and self.joint.shifted)


def shift(
    reference: object,
    current: object,
    *,
    columns: Sequence[str] | None = None,
    label: str | None = None,
    time: str | None = None,
    private: Collection[str] = (),
    jointly: bool = True,
    settings: Settings = Settings(),  # noqa: B008 -- frozen
    seed: int = 0,
) -> Shift:
    """Compares current data with a reference, feature by feature and jointly, under one budget of false alarms.

    Args:
        reference: data that the model is right for: a table of any engine, a frozen reference, or an array of
            shape (n, ...) such as images.
        current: the data of now, likewise.
        columns: to compare; None takes all that can be.
        label: column of classes; looked at where both sides have it.
        time: column of moments of the current data, which is then looked at in windows, too.
        private: columns whose levels and edges are not shown.
        jointly: whether all features are compared together, too, on a bounded sample of rows.
        settings: what is tolerated and how often the alarm may be false.
        seed: of samples, halves and forests.

    Raises:
        InputError: something is no table, or there is no such column.
        IncompleteError: a side has no rows, or nothing can be compared.
        MissingExtraError: `jointly`, and scikit-learn is not installed.
    """
    new = _table(current)
    old = None if isinstance(reference, Frozen) else _table(reference)
    for side in (t for t in (old, new) if t is not None):
        if not side.rows:
            raise IncompleteError("has no rows", where=side.place, remedy="give data")
    frozen = reference if isinstance(reference, Frozen) else None
    if frozen is None and old is not None:
        frozen = freeze(old, columns, label=label, private=private, seed=seed)
    if frozen is None or not any(b.name in new.columns for b in frozen.bins):
        raise IncompleteError("no column can be compared", where=new.place, remedy="give columns that both tables have")
    return _compared(frozen, (old, new), settings, time=time, jointly=jointly, seed=seed)


def _table(data: object) -> Table:
    return table_of_arrays(data) if is_array(data) else table_of(data)


def _compared(
    frozen: Frozen,
    tables: tuple[Table | None, Table],
    settings: Settings,
    *,
    time: str | None,
    jointly: bool,
    seed: int,
) -> Shift:
    (old, new), parts = tables, Parts()
    counts = count(new, frozen.bins, seed)
    every = features(frozen.bins, frozen.counts, counts, settings, settings.look * parts.columns)
    mix = next((f for f in every if f.name == frozen.label), None)
    by_class = _by_class(frozen, new) if mix is not None and frozen.classes else {}
    timed = windows_of(frozen, new, time, settings, settings.look * parts.windows) if time is not None else None
    shared = tuple(b for b in frozen.features if b.name in counts)
    together = None
    if jointly and old is not None and shared:
        together = joint((old, new), shared, settings, budget=settings.look * parts.joint, seed=seed)
    untold = dict(sorted(frozen.skipped.items()))
    if isinstance(timed, str):
        untold["windows of time"] = timed
    if isinstance(by_class, str):
        untold["classes"] = by_class
    return Shift(
        frozen=frozen,
        rows=new.rows,
        settings=settings,
        features=tuple(f for f in every if f is not mix),
        classes=mix,
        within_classes=()
        if isinstance(by_class, str)
        else within(frozen.features, frozen.classes, by_class, settings, settings.look * parts.classes),
        windows=None if isinstance(timed, str) else timed,
        joint=together,
        untold=tuple(untold.items()),
        gone=tuple(b.name for b in frozen.features if b.name not in counts),
    )


def _by_class(frozen: Frozen, new: Table) -> dict[str, dict[str, Counts]] | str:
    """Counts within the classes that the reference knows; why there are none, where there are none."""
    try:
        found = count_by(new, frozen.features, str(frozen.label), MOST_NEW_CLASSES)
    except InputError:
        return f"column {frozen.label} has more than {MOST_NEW_CLASSES:,} classes now"
    return {one: columns for one, columns in found.items() if one is not None}
