"""Variety of a sensitive value within groups of equal quasi-identifiers: l-diversity."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw

from redan.errors import InputError
from redan.measures.anonymity.groups import standing
from redan.tables import Table, table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LDiversity:
    """How many different sensitive values the members of each group have.

    Args:
        l: distinct values in the group with the fewest; None when no group has a value.
        entropy: effective number of values, exp of the entropy, in the group where it is least; None likewise.
        groups: groups with at least one value.
        persons: in these groups, with a value.
        levels: distinct values in all groups together.
        unknown: rows left to judge in which the sensitive value is missing; a missing value protects nobody.
        varieties: (distinct values in the group, groups, persons in them), fewest values first.
    """

    l: int | None  # noqa: E741 -- the name that the literature gives it
    entropy: float | None
    groups: int
    persons: int
    levels: int
    unknown: int
    varieties: tuple[tuple[int, int, int], ...]

    def below(self, least: int) -> tuple[int, int]:
        """Groups with fewer than `least` distinct values, and persons in them."""
        few = [(groups, persons) for distinct, groups, persons in self.varieties if distinct < least]
        return sum(groups for groups, _ in few), sum(persons for _, persons in few)


def l_diversity(
    data: Any,  # noqa: ANN401 -- whatever `table_of` understands
    quasi_identifiers: Sequence[str],
    sensitive: str,
    *,
    person: str | None = None,
) -> LDiversity:
    """The fewest distinct sensitive values that any group of equal quasi-identifiers has.

    Source: Machanavajjhala et al., l-Diversity: Privacy Beyond k-Anonymity, ACM TKDD 1(1), 2007, distinct and entropy
    l-diversity (definition 4.1).

    Args:
        data: a table, or a frame of any kind that `redan.tables.table_of` takes.
        quasi_identifiers: columns that an outsider may know.
        sensitive: column whose value nobody should be able to tell of a person.
        person: column that tells persons apart where one person has several rows.

    Returns:
        `l` is None when no row left to judge has a sensitive value.

    Raises:
        InputError: there is no such column, or the sensitive column is a quasi-identifier.
    """
    table = standing(table_of(data), quasi_identifiers)
    cells = sensitive_cells(table, quasi_identifiers, sensitive, person)
    known = cells.filter(~nw.col("s").is_null())
    n = nw.col("n").cast(nw.Float64)
    groups = (
        known.with_columns(w=n * n.log())
        .group_by(*[f"q{i}" for i in range(len(quasi_identifiers))])
        .agg(nw.len().alias("d"), nw.col("n").sum().cast(nw.Float64).alias("p"), nw.col("w").sum().alias("t"))
        .with_columns(e=nw.col("p").log() - nw.col("t") / nw.col("p"))
    )
    counted = groups.group_by("d").agg(nw.len().alias("g"), nw.col("p").sum().alias("n"), nw.col("e").min().alias("e"))
    found = sorted(counted.collect("pyarrow").to_arrow().to_pylist(), key=lambda row: int(row["d"]))
    return LDiversity(
        l=int(found[0]["d"]) if found else None,
        entropy=math.exp(max(0.0, min(float(row["e"]) for row in found))) if found else None,
        groups=sum(int(row["g"]) for row in found),
        persons=sum(int(row["n"]) for row in found),
        levels=int(known.select("s").unique().select(n=nw.len()).collect("pyarrow").item()),
        unknown=table.select([sensitive]).null_counts()[sensitive],
        varieties=tuple((int(row["d"]), int(row["g"]), int(row["n"])) for row in found),
    )


def sensitive_cells(
    table: Table, quasi_identifiers: Sequence[str], sensitive: str, person: str | None
) -> nw.LazyFrame[Any]:
    """Persons per group and sensitive value, as columns q0 ... s, n; a missing value is a group's own.

    Raises:
        InputError: there is no such column, or the sensitive column is a quasi-identifier.
    """
    if sensitive in quasi_identifiers:
        raise InputError(
            f"column {sensitive!r} is both sensitive and a quasi-identifier",
            where=table.place,
            remedy="within groups of equal quasi-identifiers it cannot vary; leave it out of one of them",
        )
    wanted = [*quasi_identifiers, sensitive, *([person] if person else [])]
    table.select(wanted)
    value = nw.col(sensitive)
    if table.dtype(sensitive) == "float":
        value = nw.when(~value.is_nan()).then(value)
    keys = {f"q{i}": nw.col(c) for i, c in enumerate(quasi_identifiers)}
    rows = table.frame.select(**keys, s=value, **({"p": nw.col(person)} if person else {}))
    single = rows.unique().drop("p") if person else rows
    return single.group_by(*keys, "s").agg(nw.len().alias("n"))
