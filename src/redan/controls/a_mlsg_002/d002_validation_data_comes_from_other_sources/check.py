"""Independence of held-out data: no row, near or re-encoded copy, contributor, source or period is shared."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from redan.artifacts.dataset_file import DatasetFile
from redan.canon import Json
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import is_stated
from redan.findings import Finding, Measure, Remedy, broken, holds, not_applicable, not_run
from redan.measures.identifying import UNIQUE, identifying
from redan.measures.leakage import Coincidence, counters, shared_rows
from redan.measures.near_duplicates import copies_stand_alone, near_duplicates
from redan.measures.overlap import comparable_times, shared_identifiers, shared_values, times
from redan.measures.reencoding import Reencoding, reencoded_copies
from redan.system.records import Dataset, Model
from redan.system.system import System
from redan.tables import Table
from redan.terms import Level, Outcome, Tier

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
_FIRST = 5_000


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
    # a held-out set that no model names is compared all the same: leaving it out of validated_on hides nothing
    named = {name for other in system.models if other.name != model.name for name in other.validated_on}
    held_out = tuple(d.name for d in system.datasets if d.role in _HELD_OUT and d.name not in named)
    learned = tuple(d.name for d in system.datasets if d.role == "train")
    return tuple(dict.fromkeys((*model.validated_on, *held_out))), model.trained_on or learned


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
        return self.have.get(DatasetFile, left).table(), self.have.get(DatasetFile, right).table()

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
        """Such columns that both tables have; none when most columns of both have other names."""
        left, right = self.features(evaluation, train)
        both = tuple(c for c in left if c in right)
        return both if 2 * len(both) >= min(len(left), len(right)) else ()

    def views(self, evaluation: Table, train: Table) -> Iterator[tuple[tuple[str, ...], str]]:
        """Columns to compare rows by, each with a clause for the reader: all, without keys, without fine ones too.

        A key or a measurement made anew for each set makes every copy differ from its original, so neither is the last
        word.
        """
        columns = self.common(evaluation, train)
        if not columns:
            return
        yield columns, ""
        tables = (evaluation, train)
        seed = int(self.have.rng.integers(2**31 - 1))
        floats = [c for c in columns if all(t.dtype(c) == "float" for t in tables)]
        likely = [c for c in columns if c not in floats and all(_varies(t, c) for t in tables)]
        named = [identifying(t, likely, today=_NO_BIRTHS, seed=seed) for t in tables]
        keys = [c for c in likely if all(c in n and n[c].unique >= UNIQUE for n in named)]
        if 0 < len(keys) <= len(columns) // 2:
            yield tuple(c for c in columns if c not in keys), f", apart from columns that name rows ({_listed(keys)})"
        fine = _fine(tables, floats, len(columns) // 2 - len(keys))
        if fine:
            aside = f", apart from columns in which hardly a value recurs ({_listed([*keys, *fine])})"
            yield tuple(c for c in columns if c not in keys and c not in fine), aside


def _varies(table: Table, column: str) -> bool:
    """Whether most of the first rows differ in a column, as they do in one that names rows."""
    rows = table.first(_FIRST).select([column])
    return 2 * rows.distinct_counts()[column] > rows.rows


def _fine(tables: tuple[Table, Table], floats: Sequence[str], most: int) -> list[str]:
    """Columns measured so finely that hardly a value recurs; none when there are more than can be left out."""
    found = list(floats)
    for rows in (_FIRST, None):  # the first rows rule most columns out, all rows decide
        for whole in tables:
            table = whole if rows is None else whole.first(rows)
            counts = table.select(found).distinct_counts() if found else {}
            found = [c for c in found if counts[c] >= UNIQUE * table.rows]
        if len(found) > most:
            return []
    return found


def _rows(have: Have) -> Iterator[Finding]:
    pair, subject = _Pair(have), have.subject.id
    evaluation, train = pair.tables()
    keys = tuple(_identifiers(subject, pair, evaluation, train))
    yield from keys
    found = [_rows_alike(pair, (evaluation, train), *view) for view in pair.views(evaluation, train)]
    if not found:
        yield not_run(ROWS, subject, _UNCOMPARABLE, remedy=_RENAME)
        return
    told_apart = bool(keys) and all(key.outcome is Outcome.HOLDS for key in keys)
    worst = next((f for f in found if f.outcome is Outcome.BROKEN), found[0])
    if worst.outcome is not Outcome.NOT_RUN or not told_apart:
        yield worst


def _rows_alike(pair: _Pair, tables: tuple[Table, Table], columns: tuple[str, ...], aside: str) -> Finding:
    """What the rows of two tables have in common, by some columns."""
    subject, (held_out, learned) = pair.have.subject.id, pair.records
    found = shared_rows(*tables, columns)
    copied = found.rows == found.n and not found.expected
    alone = copied or (found.rows > 0 and not found.excess and copies_stand_alone(*tables, columns, pair.have.rng))
    counted = _counted(found, held_out.name, ("is also a row", "are also rows"), learned.name) + aside
    measure = _measure("shared_rows", found, leaked=alone or found.excess)
    if not found.rows:
        text = f"None of the {found.n:,} rows of {held_out.name} is a row of {learned.name}{aside}."
        finding = holds(ROWS, subject, text, measure=measure)
    elif alone or found.excess:
        text = f"{counted}, more than the {found.expected:,.0f} that chance explains."
        finding = broken(ROWS, subject, text, _SPLIT, measure=measure)
    elif found.powerless:
        finding = _open(not_run(ROWS, subject, f"{counted}, and {_ANY}.", remedy=_TELL_APART), measure)
    else:
        text = f"{counted}, no more than chance explains ({found.explained:,}): rows recur within the sets as well."
        finding = holds(ROWS, subject, text, measure=measure)
    return _with(finding, _chance(found, len(columns)))


def _counted(found: Coincidence, left: str, verbs: tuple[str, str], right: str) -> str:
    rows = "row" if found.n == 1 else "rows"
    return f"{found.rows:,} of {found.n:,} {rows} of {left} {verbs[found.rows != 1]} of {right}"


def _open(finding: Finding, measure: Measure) -> Finding:
    """A question that a number leaves open, with that number and no threshold, since none decided."""
    return replace(finding, measure=replace(measure, threshold=None))


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
            values, verb = ("value", "is") if shared.keys == 1 else ("values", "are")
            text = (
                f"{shared.keys:,} {values} of identifier {column} {verb} in both sets, "
                f"on {shared.rows:,} of {evaluation.rows:,} rows of {left.name}."
            )
            yield broken(ROWS, subject, text, _SPLIT, part=part, measure=measure)
        else:
            yield holds(ROWS, subject, f"No value of identifier {column} is in both sets.", part=part, measure=measure)


def _near(have: Have) -> Iterator[Finding]:
    pair = _Pair(have)
    evaluation, train = pair.tables()
    found: list[Finding] = []
    for view in islice(pair.views(evaluation, train), 2):  # a fine column counts as one that may differ
        found.append(_nearly_alike(pair, (evaluation, train), *view))
        if found[-1].outcome is Outcome.BROKEN:
            break
    if not found:
        yield not_run(NEAR, have.subject.id, _UNCOMPARABLE, remedy=_RENAME)
        return
    yield found[-1] if found[-1].outcome is Outcome.BROKEN else found[0]


def _nearly_alike(pair: _Pair, tables: tuple[Table, Table], columns: tuple[str, ...], aside: str) -> Finding:
    """Which rows of two tables nearly agree, by some columns."""
    subject, (held_out, learned) = pair.have.subject.id, pair.records
    found = near_duplicates(*tables, columns, pair.have.rng)
    near, measure = found.near, _measure("near_duplicates", found.near, leaked=found.near.leaked)
    copies = "copy is" if found.exact == 1 else "copies are"
    exact = f" ({found.exact:,} exact {copies} counted by rows-are-not-shared)" if found.exact else ""
    counted = _counted(near, held_out.name, ("differs", "differ"), "").removesuffix(" of ")
    counted += f" only slightly from a row of {learned.name}{aside}"
    if not near.n:
        text = f"Every row of {held_out.name} is a row of {learned.name}, so no near copy is left to look for."
        finding = not_applicable(NEAR, subject, text)
    elif near.leaked:
        text = f"{counted}, more than the {near.expected:,.0f} that chance explains{exact}."
        finding = broken(NEAR, subject, text, _SPLIT, measure=measure)
    elif near.powerless:
        finding = _open(not_run(NEAR, subject, f"{counted}, and {_ANY}{exact}.", remedy=_MORE), measure)
    else:
        text = f"{counted}, no more than chance explains ({near.explained:,}){exact}."
        finding = holds(NEAR, subject, text, measure=measure)
    detail = {**_chance(near, len(columns)), "examined": found.examined, "columns_that_may_differ": found.tolerance}
    return _with(finding, detail)


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
    asked = ((evaluation, held_out, held_out.contributor), (train, learned, learned.contributor))
    silent = [d.name for table, d, column in asked if not _says_who(table, column)]
    if silent:
        text = f"Whether contributors differ cannot be told: the contributor column of {' and '.join(silent)} is empty."
        yield not_run(CONTRIBUTORS, subject, text, remedy=_WHO)
        return
    shared = shared_values(evaluation, train, held_out.contributor, learned.contributor)
    measure = Measure(name="shared_contributors", value=shared.keys, n=evaluation.rows, threshold=0.0, unit="values")
    if shared.keys:
        people = "1 contributor" if shared.keys == 1 else f"{shared.keys:,} contributors"
        text = (
            f"{people} gave rows to both sets: {shared.rows:,} of {evaluation.rows:,} rows of "
            f"{held_out.name} are theirs."
        )
        yield broken(CONTRIBUTORS, subject, text, _BY_CONTRIBUTOR, measure=measure)
    else:
        yield holds(CONTRIBUTORS, subject, "Nobody contributed rows to both sets.", measure=measure)


def _says_who(table: Table, column: str) -> bool:
    """Whether a column of contributors holds anything but blanks."""
    return any(value is not None and str(value).strip() for value, _ in table.value_counts(column, 3))


def _sources(have: Have) -> Iterator[Finding]:
    subject = have.subject.id
    held_out, learned = _Pair(have).records
    unnamed = [d.name for d in (held_out, learned) if not d.sources]
    if unnamed:
        verb = "names" if len(unnamed) == 1 else "name"
        text = f"Whether the sources differ cannot be told: {' and '.join(unnamed)} {verb} none."
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
    elif unhosted := _unhosted(have.system, (*held_out.sources, *learned.sources)):
        verb = "states" if len(unhosted) == 1 else "state"
        text = f"Whether the sources differ in more than name cannot be told: {_listed(unhosted)} {verb} no host."
        yield not_run(SOURCES, subject, text, remedy=_STATE_HOSTS)
    else:
        text = f"{held_out.name} and {learned.name} come from different sources with different hosts."
        yield holds(SOURCES, subject, text, measure=measure)


def _hosts(system: System, dataset: Dataset) -> Iterator[str]:
    for source in system.sources:
        if source.name in dataset.sources and source.host and is_stated(source.host):
            yield _host(source.host)


def _host(text: str) -> str:
    """A host as compared: without the scheme, path, port and www of an address, in one case, with single blanks."""
    plain = " ".join(text.casefold().split())
    if " " in plain:
        return plain
    return plain.rpartition("://")[2].partition("/")[0].partition(":")[0].removeprefix("www.").rstrip(".")


def _unhosted(system: System, sources: Iterable[str]) -> list[str]:
    stated = {s.name for s in system.sources if is_stated(s.host)}
    return sorted(set(sources) - stated)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""  # noqa: PLR2004 -- a line stays readable
    return ", ".join(names[:5]) + more


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


_NO_BIRTHS = dt.date.min  # ages are not asked for, so that the answer does not depend on the day
_ANY = "chance would explain any number: the columns cannot tell a copy from a row that is merely alike"
_UNCOMPARABLE = "Most columns of the two tables have different names, so rows cannot be compared as they stand."
_RENAME = Remedy(text="Give the columns of both sets the same names.", effort=Level.LOW)
_SPLIT = Remedy(
    text="Remove these rows from one of the sets, and split before rows are copied, augmented or re-encoded.",
    effort=Level.MEDIUM,
)
_TELL_APART = Remedy(
    text="Keep a column in both sets that identifies each row, and declare it under identifiers of both datasets.",
    effort=Level.LOW,
)
_MORE = Remedy(
    text="Compare more rows, or more columns of many values, where the records of collection have them. Where they do "
    "not, the question stays open: list under require of [policy] the questions that must hold, without this one.",
    effort=Level.MEDIUM,
)
_BY_CONTRIBUTOR = Remedy(text="Split by contributor, so that all rows of one are in one set.", effort=Level.MEDIUM)
_WHO = Remedy(
    text="Write into each row who contributed it, under a pseudonym that stays the same.", effort=Level.MEDIUM
)
_BY_TIME = Remedy(text="Split by time: hold out rows recorded after the last training row.", effort=Level.MEDIUM)
_OTHER_SOURCE = Remedy(text="Collect the held-out set from a source that training does not use.", effort=Level.HIGH)
_STATE_HOSTS = Remedy(text="State the host of each [[source]] in redan.toml.", effort=Level.LOW)
_DECLARE_SOURCES = Remedy(text="Name the sources of both datasets in redan.toml.", effort=Level.LOW)
_ISO = Remedy(text="Write times as ISO 8601 dates or moments, or as numbers, in both sets.", effort=Level.LOW)


def _check(id_: str, run: Callable[[Have], Iterable[Finding]], *, reads: bool = True) -> Check:
    needs = (DatasetFile,) if reads else ()
    tier = Tier.SECONDS if reads else Tier.INSTANT
    return Check(id=id_, subjects=pairs, run=run, needs=needs, tier=tier, version=3)


CHECKS = (
    _check(ROWS, _rows),
    _check(NEAR, _near),
    _check(REENCODED, _reencoded),
    _check(CONTRIBUTORS, _contributors),
    _check(SOURCES, _sources, reads=False),
    _check(TIMES, _times),
)
