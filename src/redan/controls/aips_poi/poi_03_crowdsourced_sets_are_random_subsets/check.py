"""Crowdsourced sets: drawn at random from a community that is large beside what an attacker can bring."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from redan.artifacts.dataset_file import DatasetFile
from redan.canon import Json, digest
from redan.controls.contract import Check, Have, Subject
from redan.errors import IncompleteError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.measures.subset import Draw, attackers_work, drawn_at_random
from redan.measures.subset.draw import ALPHA, WHOLE
from redan.measures.subset.work import ACCOUNTS
from redan.system.records import Dataset
from redan.system.system import System
from redan.tables import Table
from redan.terms import Level, Tier

CONTROL = "AIPS-POI-03"
DRAWN, WORK = f"{CONTROL}/sets-are-drawn-at-random", f"{CONTROL}/attackers-work-is-too-high"
_ROLES = frozenset({"train", "validation", "test", "calibration"})
_NAMED = 5


def _each_set(system: System) -> Iterable[Subject]:
    """Every set that is learned from or judged on and came from a crowd, with the pool that it was drawn from."""
    crowds = {s.name for s in system.sources if s.kind == "crowd"}
    pools = {d.drawn_from for d in system.datasets}
    for dataset in system.datasets:
        drawn = dataset.drawn_from is not None
        if dataset.path and (
            drawn or (dataset.role in _ROLES and crowds & {*dataset.sources} and dataset.name not in pools)
        ):
            pool = (f"dataset:{dataset.drawn_from}",) if drawn and dataset.drawn_from != dataset.name else ()
            yield Subject(f"dataset:{dataset.name}", (f"dataset:{dataset.name}", *pool))


class _Sets(NamedTuple):
    dataset: Dataset
    pool: Dataset | None
    table: Table
    pool_table: Table | None

    @classmethod
    def of(cls, have: Have) -> "_Sets":
        names = [element.partition(":")[2] for element in have.subject.elements]
        records = [have.system.dataset(name) for name in names]
        tables = [have.get(DatasetFile, element).table() for element in have.subject.elements]
        several = len(records) > 1
        return cls(records[0], records[1] if several else None, tables[0], tables[1] if several else None)

    def counts(self) -> tuple[dict[str, int], dict[str, int]]:
        """Rows by contributor, of the set and of its pool."""
        ours = _by(self.table, self.dataset)
        return ours, ours if self.pool is None or self.pool_table is None else _by(self.pool_table, self.pool)


def _by(table: Table, dataset: Dataset) -> dict[str, int]:
    if dataset.contributor is None:
        raise IncompleteError(f"dataset {dataset.name} declares no 'contributor' column")
    found: dict[str, int] = {}
    for (who,), n in table.group_counts([dataset.contributor]):
        if who is None:
            raise IncompleteError(f"{n:,} rows of dataset {dataset.name} do not say who gave them")
        name = str(int(who)) if isinstance(who, float) and who.is_integer() else str(who)
        found[name] = found.get(name, 0) + n
    return found


def _drawn(have: Have) -> Iterator[Finding]:
    sets, subject = _Sets.of(have), have.subject.id
    if sets.pool is None or sets.pool_table is None:
        text = (
            f"Everything that was sent may be in dataset {sets.dataset.name}: it names no dataset it was 'drawn_from'."
        )
        yield broken(DRAWN, subject, text, _DRAW)
        return
    try:
        found = drawn_at_random(*sets.counts(), have.rng)
    except IncompleteError as error:
        text = f"Whether dataset {sets.dataset.name} was drawn at random cannot be told: {error.what}."
        yield not_run(DRAWN, subject, text, remedy=_WHO)
        return
    yield _answer(subject, sets, found, _outside(sets.table, sets.pool_table))


def _outside(table: Table, pool: Table) -> int:
    """Rows of the set that the pool does not hold, by the columns that both have."""
    kinds = {c: (table.dtype(c), pool.dtype(c)) for c in table.columns if c in pool.columns}
    common = [c for c, (ours, theirs) in kinds.items() if ours == theirs and ours != "other"]
    if not common:
        return 0
    return table.complete(common).rows - table.shared_keys(pool, common).rows


def _answer(subject: str, sets: _Sets, found: Draw, outside: int) -> Finding:
    name, pool = sets.dataset.name, sets.pool.name if sets.pool else ""
    whole = (
        f"{found.rows:,} of {found.pool:,} rows of {pool}, by {found.chosen:,} of {found.contributors:,} contributors"
    )
    measure = Measure(
        name="chance_of_such_a_draw", value=found.p_value, n=found.rows, threshold=ALPHA, comparator=">=", unit=""
    )
    none = replace(measure, threshold=None)
    detail: dict[str, Json] = {
        "fraction": round(found.fraction, 4),
        "cap": found.cap,
        "by_contributor": found.by_contributor,
        "favoured": [digest(who.encode())[:6] for who, _, _ in found.favoured[:20]],
    }
    if outside or found.foreign:
        text = f"{max(outside, found.foreign):,} rows of dataset {name} are not in {pool}, which it was drawn from."
        finding = broken(DRAWN, subject, text, _DRAW, measure=none)
    elif found.fraction >= WHOLE:
        text = f"Dataset {name} holds {whole}: that is no draw, everything that is sent gets in."
        finding = broken(DRAWN, subject, text, _DRAW, measure=none)
    elif found.favoured:
        shown = ", ".join(
            f"contributor {digest(who.encode())[:6]}… ({k:,} of {m:,} rows)" for who, k, m in found.favoured[:_NAMED]
        )
        text = f"Dataset {name} holds {whole}; chance gives {len(found.favoured):,} of them fewer rows: {shown}."
        finding = broken(DRAWN, subject, text, _DRAW, measure=none)
    elif not found.random:
        text = f"Dataset {name} holds {whole}; a random draw spreads otherwise over contributors."
        finding = broken(DRAWN, subject, text, _DRAW, measure=measure)
    else:
        how = "contributors" if found.by_contributor else "rows"
        cap = f", at most {found.cap:,} of each contributor" if found.cap is not None else ""
        text = f"Dataset {name} looks like a random draw of {how}{cap}: {whole}."
        finding = holds(DRAWN, subject, text, measure=measure)
    return replace(finding, detail=detail)


def _work(have: Have) -> Iterator[Finding]:
    sets, subject = _Sets.of(have), have.subject.id
    stance = have.system.stance(CONTROL)
    bound = ACCOUNTS if stance is None or stance.threshold is None else stance.threshold
    try:
        ours, pool = sets.counts()
        cap = (
            drawn_at_random(ours, pool, have.rng).cap if sets.pool and sum(ours.values()) < sum(pool.values()) else None
        )
        found = attackers_work(list(pool.values()), sum(ours.values()) if sets.pool else None, cap=cap)
    except IncompleteError as error:
        text = f"What it costs an attacker to get into dataset {sets.dataset.name} cannot be told: {error.what}."
        yield not_run(WORK, subject, text, remedy=_WHO)
        return
    measure = Measure(
        name="accounts_needed",
        value=float(found.accounts),
        interval=found.interval,
        n=found.community,
        threshold=bound,
        comparator=">=",
        unit="accounts",
    )
    agreed = "the agreed bound" if stance is not None and stance.threshold is not None else "redan's default bound"
    text = (
        f"An attacker who does not see the draw needs {found.accounts:,} accounts as busy as the busiest of "
        f"{found.community:,} ({found.per_account:,} rows) for {found.share:.0%} of dataset {sets.dataset.name}, "
        f"and sends {found.factor:.1f} rows for each that is drawn; {agreed} is {bound:,.0f}."
    )
    detail: dict[str, Json] = {"rows_to_send": found.rows, "rows_per_drawn_row": round(found.factor, 3)}
    finding = (
        holds(WORK, subject, text, measure=measure)
        if found.accounts >= bound
        else broken(WORK, subject, text, _COMMUNITY, measure=measure)
    )
    yield replace(finding, detail=detail)


_DRAW = Remedy(
    text="Keep all contributions as a dataset, draw the set from them with a recorded seed, such as "
    "redan.defences.sampling.fair_sample does, and name the pool under 'drawn_from'.",
    effort=Level.MEDIUM,
)
_WHO = Remedy(text="Declare the 'contributor' column of the set and of its pool.", effort=Level.LOW)
_COMMUNITY = Remedy(
    text="Collect from more people, cap the rows of one contributor before the draw, and raise the cost of new "
    'accounts; agree on a bound under threshold of [controls."AIPS-POI-03"].',
    effort=Level.HIGH,
)

CHECKS = (
    Check(id=DRAWN, subjects=_each_set, run=_drawn, needs=(DatasetFile,), tier=Tier.SECONDS),
    Check(id=WORK, subjects=_each_set, run=_work, needs=(DatasetFile,), tier=Tier.SECONDS, adjustable=True),
)
