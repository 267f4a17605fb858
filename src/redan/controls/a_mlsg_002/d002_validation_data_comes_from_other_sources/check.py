"""Independence of held-out data: no row, near or re-encoded copy, contributor, source or period is shared."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from redan.artifacts.dataset_file import DatasetFile
from redan.canon import Json
from redan.controls.contract import Check, Have, Subject
from redan.findings import Finding, Measure, Remedy, broken, holds, not_applicable, not_run
from redan.measures.leakage import Coincidence, counters, shared_rows
from redan.measures.near_duplicates import copies_stand_alone, near_duplicates
from redan.measures.overlap import comparable_times, shared_identifiers, shared_values, times
from redan.measures.reencoding import Reencoding, reencoded_copies
from redan.system.records import Dataset, Model
from redan.system.system import System
from redan.tables import Table, open_table
from redan.terms import Level, Tier

CONTROL = "A-MLSG-002-D002"
ROWS, NEAR, REENCODED, CONTRIBUTORS, SOURCES, TIMES = (
    f"{CONTROL}/{name}"
    for name in (
        "rows-are-not-shared",
        "no-near-duplicates",
        "no-reencoded-copies",
        "contributors-are-disjoint",
        "sources-are-disjoint",
        "times-do-not-overlap",
    )
)
_HELD_OUT = frozenset({"validation", "test", "calibration"})
_KEYS = "identifiers"


def pairs(system: System) -> tuple[Subject, ...]:
    """Every held-out dataset with every training dataset of the same model; without models, by role alone."""
    names = {d.name for d in system.datasets}
    found: dict[str, Subject] = {}
    for held_out, learned in (_of_model(system, m) for m in system.models or (Model(name="any"),)):
        for first in held_out:
            for second in learned:
                if {first, second} <= names:
                    ids = (f"dataset:{first}", f"dataset:{second}")
                    found[f"{ids[0]}+{ids[1]}"] = Subject("+".join(ids), tuple(dict.fromkeys(ids)))
    return tuple(found.values())


def _of_model(system: System, model: Model) -> tuple[tuple[str, ...], tuple[str, ...]]:
    held_out = tuple(d.name for d in system.datasets if d.role in _HELD_OUT)
    learned = tuple(d.name for d in system.datasets if d.role == "train")
    return model.validated_on or held_out, model.trained_on or learned


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both datasets of a subject, by record and, when opened, by table."""

    have: Have

    @property
    def records(self) -> tuple[Dataset, Dataset]:
        """The held-out dataset and the training dataset."""
        left, right = (self.have.system.dataset(i.partition(":")[2]) for i in self.have.subject.id.split("+"))
        return left, right

    def tables(self) -> tuple[Table, Table]:
        """Both files, opened; one twice when a model is judged on its own training data."""
        left, right = self.have.subject.id.split("+")
        return open_table(self.have.get(DatasetFile, left).path), open_table(self.have.get(DatasetFile, right).path)

    def features(self, evaluation: Table, train: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Columns of each that say something about the row: no declared identifiers or contributors, no row numbers."""
        named = {c for r in self.records for c in (*r.identifiers, r.contributor)}
        kept = []
        for table in (evaluation, train):
            names = [c for c in table.columns if c not in named]
            numbering = counters(table, names)
            kept.append(tuple(c for c in names if c not in numbering))
        return kept[0], kept[1]

    def common(self, evaluation: Table, train: Table) -> tuple[str, ...]:
        """Such columns that both tables have."""
        left, right = self.features(evaluation, train)
        return tuple(c for c in left if c in right)


def _rows(have: Have) -> Iterator[Finding]:
    pair, subject = _Pair(have), have.subject.id
    evaluation, train = pair.tables()
    held_out, learned = pair.records
    columns = pair.common(evaluation, train)
    yield from _identifiers(subject, pair, evaluation, train)
    if not columns:
        yield not_run(ROWS, subject, _UNCOMPARABLE, remedy=_RENAME)
        return
    found = shared_rows(evaluation, train, columns)
    alone = found.rows > 0 and not found.excess and copies_stand_alone(evaluation, train, columns, have.rng)
    counted = f"{found.rows:,} of {found.n:,} rows of {held_out.name} are also rows of {learned.name}"
    measure = _measure("shared_rows", found, leaked=alone or found.excess)
    detail = _chance(found, len(columns))
    if alone or found.excess:
        text = f"{counted}, more than the {found.expected:,.0f} that chance explains."
        yield _with(broken(ROWS, subject, text, _SPLIT, measure=measure), detail)
    elif found.rows:
        text = f"{counted}, no more than chance explains ({found.explained:,}): the columns have few values."
        yield _with(holds(ROWS, subject, text, measure=measure), detail)
    else:
        text = f"None of the {found.n:,} rows of {held_out.name} is a row of {learned.name}."
        yield _with(holds(ROWS, subject, text, measure=measure), detail)


def _identifiers(subject: str, pair: _Pair, evaluation: Table, train: Table) -> Iterator[Finding]:
    """Declared identifiers that both tables hold: each names a person or row, so sharing one is a leak outright."""
    left, right = pair.records
    declared = tuple(dict.fromkeys((*left.identifiers, *right.identifiers)))
    for column in declared:
        if column not in evaluation.columns or column not in train.columns:
            continue
        shared = shared_identifiers(evaluation, train, column)
        if shared is None:
            continue
        part = f"{_KEYS}:{column}"
        measure = Measure(name="shared_identifiers", value=shared.keys, n=evaluation.rows, threshold=0.0, unit="values")
        if shared.keys:
            text = (
                f"{shared.keys:,} values of identifier {column} are in both sets: {shared.rows:,} of "
                f"{evaluation.rows:,} rows of {left.name} belong to them."
            )
            yield broken(ROWS, subject, text, _SPLIT, part=part, measure=measure)
        else:
            yield holds(ROWS, subject, f"No value of identifier {column} is in both sets.", part=part, measure=measure)


def _near(have: Have) -> Iterator[Finding]:
    pair, subject = _Pair(have), have.subject.id
    evaluation, train = pair.tables()
    held_out, learned = pair.records
    columns = pair.common(evaluation, train)
    if not columns:
        yield not_run(NEAR, subject, _UNCOMPARABLE, remedy=_RENAME)
        return
    found = near_duplicates(evaluation, train, columns, have.rng)
    near, measure = found.near, _measure("near_duplicates", found.near, leaked=found.near.leaked)
    detail = {**_chance(near, len(columns)), "examined": found.examined, "columns_that_may_differ": found.tolerance}
    aside = f" ({found.exact:,} exact copies are counted by rows-are-not-shared)" if found.exact else ""
    counted = f"{near.rows:,} of {near.n:,} rows of {held_out.name} differ only slightly from a row of {learned.name}"
    if near.leaked:
        text = f"{counted}, more than the {near.expected:,.0f} that chance explains{aside}."
        yield _with(broken(NEAR, subject, text, _SPLIT, measure=measure), detail)
    else:
        text = f"{counted}, no more than chance explains ({near.explained:,}){aside}."
        yield _with(holds(NEAR, subject, text, measure=measure), detail)


def _reencoded(have: Have) -> Iterator[Finding]:
    pair, subject = _Pair(have), have.subject.id
    evaluation, train = pair.tables()
    held_out, learned = pair.records
    found = reencoded_copies(evaluation, train, pair.features(evaluation, train), have.rng)
    measure = Measure(
        name="reencoded_rows",
        value=float(found.pairs.rows) if found.copied else 0.0,
        n=found.pairs.n,
        threshold=0.0,
        unit="rows",
    )
    detail = _compared(found)
    if found.copied:
        text = (
            f"{found.pairs.rows:,} of {found.pairs.n:,} rows of {held_out.name} are rows of {learned.name} in "
            f"another encoding: ranks and frequencies agree in {found.columns} columns, and so does the rows' order."
        )
        yield _with(broken(REENCODED, subject, text, _SPLIT, measure=measure), detail)
    elif not found.power:
        text = (
            f"Whether {held_out.name} holds re-encoded rows of {learned.name} cannot be told: a planted copy "
            "was not recognised, because the tables have too few rows or too few columns of many values."
        )
        yield _with(not_run(REENCODED, subject, text, remedy=_MORE), detail)
    else:
        text = (
            f"No row of {held_out.name} is a row of {learned.name} in another encoding, over {found.columns} columns; "
            "a copy planted on purpose was recognised."
        )
        yield _with(holds(REENCODED, subject, text, measure=measure), detail)


def _contributors(have: Have) -> Iterator[Finding]:
    pair, subject = _Pair(have), have.subject.id
    held_out, learned = pair.records
    if held_out.contributor is None or learned.contributor is None:
        yield _undeclared(
            CONTRIBUTORS,
            subject,
            "contributor",
            {held_out.name: held_out.contributor, learned.name: learned.contributor},
        )
        return
    evaluation, train = pair.tables()
    shared = shared_values(evaluation, train, held_out.contributor, learned.contributor)
    measure = Measure(name="shared_contributors", value=shared.keys, n=evaluation.rows, threshold=0.0, unit="values")
    if shared.keys:
        text = (
            f"{shared.keys:,} contributors gave rows to both sets: {shared.rows:,} of {evaluation.rows:,} rows of "
            f"{held_out.name} are theirs."
        )
        yield broken(CONTRIBUTORS, subject, text, _BY_CONTRIBUTOR, measure=measure)
    else:
        yield holds(CONTRIBUTORS, subject, "Nobody contributed rows to both sets.", measure=measure)


def _sources(have: Have) -> Iterator[Finding]:
    subject = have.subject.id
    held_out, learned = _Pair(have).records
    unnamed = [d.name for d in (held_out, learned) if not d.sources]
    if unnamed:
        text = f"Whether the sources differ cannot be told: {' and '.join(unnamed)} names none."
        yield not_run(SOURCES, subject, text, remedy=_DECLARE_SOURCES)
        return
    shared = sorted(set(held_out.sources) & set(learned.sources))
    hosts = sorted(set(_hosts(have.system, held_out)) & set(_hosts(have.system, learned)))
    measure = Measure(
        name="shared_sources", value=len(shared) or len(hosts), n=len(held_out.sources), threshold=0.0, unit="sources"
    )
    if shared:
        text = f"{held_out.name} and {learned.name} come from the same source: {', '.join(shared)}."
        yield broken(SOURCES, subject, text, _OTHER_SOURCE, measure=measure)
    elif hosts:
        text = f"The sources of {held_out.name} and {learned.name} differ in name only: {', '.join(hosts)} hosts both."
        yield broken(SOURCES, subject, text, _OTHER_SOURCE, measure=measure)
    else:
        yield holds(SOURCES, subject, f"{held_out.name} and {learned.name} name different sources.", measure=measure)


def _hosts(system: System, dataset: Dataset) -> Iterator[str]:
    for source in system.sources:
        if source.name in dataset.sources and source.host:
            yield " ".join(source.host.casefold().split())


def _times(have: Have) -> Iterator[Finding]:
    pair, subject = _Pair(have), have.subject.id
    held_out, learned = pair.records
    if held_out.time is None or learned.time is None:
        yield _undeclared(TIMES, subject, "time", {held_out.name: held_out.time, learned.name: learned.time})
        return
    evaluation, train = pair.tables()
    if not comparable_times(evaluation, train, held_out.time, learned.time):
        text = f"Columns {held_out.time} and {learned.time} do not tell time in the same way."
        yield not_run(TIMES, subject, text, remedy=_ISO)
        return
    found = times(evaluation, train, held_out.time, learned.time)
    if found.evaluation is None or found.train is None:
        yield not_run(TIMES, subject, "One of the time columns holds no time at all.", remedy=_ISO)
        return
    inside = f"{found.inside:,} of {found.rows:,} rows of {held_out.name}"
    measure = Measure(name="rows_in_training_period", value=found.inside, n=found.rows, threshold=0.0, unit="rows")
    if found.overlap:
        text = f"{inside} were recorded between the first and the last row of {learned.name}; the periods overlap."
        yield broken(TIMES, subject, text, _BY_TIME, measure=measure)
    else:
        order = "after" if found.evaluation[0] > found.train[1] else "before"  # type: ignore[operator]
        text = f"All {found.rows:,} dated rows of {held_out.name} were recorded {order} those of {learned.name}."
        yield holds(TIMES, subject, text, measure=measure)


def _undeclared(check: str, subject: str, key: str, columns: Mapping[str, str | None]) -> Finding:
    """Neither set has such a column: the question does not arise. Only one has: it cannot be answered."""
    declared = [name for name, column in columns.items() if column is not None]
    if not declared:
        return not_applicable(check, subject, f"Neither dataset declares a {key} column.")
    missing = next(name for name, column in columns.items() if column is None)
    advice = Remedy(text=f"Declare the {key} column of {missing} in redan.toml.", effort=Level.LOW)
    return not_run(check, subject, f"{missing} declares no {key} column, {declared[0]} does.", remedy=advice)


def _measure(name: str, found: Coincidence, *, leaked: bool) -> Measure:
    limit = 0 if leaked and not found.excess else found.explained
    return Measure(name=name, value=float(found.rows), n=found.n, threshold=float(limit), unit="rows")


def _chance(found: Coincidence, columns: int) -> dict[str, Json]:
    return {
        "columns": columns,
        "expected_by_chance": round(found.expected, 3),
        "beyond_chance": [round(found.interval.low, 1), round(found.interval.high, 1)],
    }


def _compared(found: Reencoding) -> dict[str, Json]:
    return {
        "columns": found.columns,
        "numeric_columns": found.numeric,
        "columns_in_the_same_order": found.ordered,
        "the_same_within_training": found.null_ordered,
        "alike_in_ranks": found.pairs.rows,
    }


def _with(finding: Finding, detail: dict[str, Json]) -> Finding:
    return replace(finding, detail=detail)


_UNCOMPARABLE = "The two tables have no column name in common, so rows cannot be compared as they stand."
_RENAME = Remedy(text="Give the columns of both sets the same names.", effort=Level.LOW)
_SPLIT = Remedy(
    text="Remove these rows from one of the sets, and split before rows are copied, augmented or re-encoded.",
    effort=Level.MEDIUM,
)
_MORE = Remedy(
    text="Confirm from the records of collection that the rows are new, and accept the question with a waiver.",
    effort=Level.LOW,
)
_BY_CONTRIBUTOR = Remedy(text="Split by contributor, so that all rows of one are in one set.", effort=Level.MEDIUM)
_BY_TIME = Remedy(text="Split by time: hold out rows recorded after the last training row.", effort=Level.MEDIUM)
_OTHER_SOURCE = Remedy(text="Collect the held-out set from a source that training does not use.", effort=Level.HIGH)
_DECLARE_SOURCES = Remedy(text="Name the sources of both datasets in redan.toml.", effort=Level.LOW)
_ISO = Remedy(text="Write times as ISO 8601 dates or moments, or as numbers, in both sets.", effort=Level.LOW)


def _check(id_: str, run: Callable[[Have], Iterable[Finding]], *, reads: bool = True) -> Check:
    needs = (DatasetFile,) if reads else ()
    return Check(id=id_, subjects=pairs, run=run, needs=needs, tier=Tier.SECONDS if reads else Tier.INSTANT)


CHECKS = (
    _check(ROWS, _rows),
    _check(NEAR, _near),
    _check(REENCODED, _reencoded),
    _check(CONTRIBUTORS, _contributors),
    _check(SOURCES, _sources, reads=False),
    _check(TIMES, _times),
)
