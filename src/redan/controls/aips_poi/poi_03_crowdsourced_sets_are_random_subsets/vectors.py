"""Sets that participants could choose to land in, and draws that give nobody that choice."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from redan.controls.contract import Vector
from redan.terms import Outcome

_DRAWN, _WORK = "AIPS-POI-03/sets-are-drawn-at-random", "AIPS-POI-03/attackers-work-is-too-high"
_NOTE = "Whoever can choose to be in the set decides how much poison arrives."
_NONE: Mapping[str, bytes] = MappingProxyType({})
Row = tuple[str, int, str]


def vectors() -> tuple[Vector, ...]:
    """Whole pools, favoured contributors, smuggled rows, small communities; random draws of rows and of people."""
    rng = np.random.default_rng(3)
    pool = _pool(240, rng)
    fair = [pool[i] for i in sorted(rng.permutation(len(pool))[: len(pool) // 3])]
    chosen = {f"u{i}" for i in range(12)}
    favoured = [row for row in pool if row[0] in chosen]
    rest = [row for row in pool if row[0] not in chosen]
    favoured = [*favoured, *(rest[i] for i in sorted(rng.permutation(len(rest))[: len(pool) // 3 - len(favoured)]))]
    people = {f"u{i}" for i in rng.permutation(240)[:80]}
    capped = _capped(pool, 4, rng)
    smuggled = [*fair[:-5], *((name, -1 - i, "1") for i, (name, _, _) in enumerate(fair[-5:]))]
    small, loud = _pool(25, rng), [*pool, *(("u7", 10_000 + i, "1") for i in range(len(pool) // 4))]
    return (
        _case("no pool is named", _DRAWN, Outcome.BROKEN, pool, None),
        _case("the whole pool", _DRAWN, Outcome.BROKEN, pool, pool),
        _case("twelve participants with all of their rows", _DRAWN, Outcome.BROKEN, favoured, pool),
        _case("rows that the pool does not hold", _DRAWN, Outcome.BROKEN, smuggled, pool),
        _case("a third of all rows by chance", _DRAWN, Outcome.HOLDS, fair, pool),
        _case(
            "a third of all participants by chance", _DRAWN, Outcome.HOLDS, [r for r in pool if r[0] in people], pool
        ),
        _case("at most four rows of each by chance", _DRAWN, Outcome.HOLDS, capped, pool),
        _case("nobody says who gave a row", _DRAWN, Outcome.NOT_RUN, fair, pool, contributor=""),
        _case("a community of twenty-five", _WORK, Outcome.BROKEN, small[::3], small),
        _case("one participant gave a fifth", _WORK, Outcome.BROKEN, loud[::3], loud),
        _case("a community of hundreds", _WORK, Outcome.HOLDS, fair, pool),
        _case("the agreed bound is higher", _WORK, Outcome.BROKEN, fair, pool, bound=500.0),
    )


def _pool(people: int, rng: np.random.Generator) -> list[Row]:
    rows = [(f"u{i}", int(rng.integers(2)), "x") for i in range(people) for _ in range(int(rng.integers(4, 9)))]
    return [(name, place, str(value)) for place, (name, value, _) in enumerate(rows)]


def _capped(pool: Sequence[Row], most: int, rng: np.random.Generator) -> list[Row]:
    kept: list[Row] = []
    seen: dict[str, int] = {}
    for place in rng.permutation(len(pool)):
        row = pool[place]
        seen[row[0]] = seen.get(row[0], 0) + 1
        if seen[row[0]] <= most and rng.random() < 0.5:  # noqa: PLR2004 - half of what the cap leaves
            kept.append(row)
    return kept


def _csv(rows: Sequence[Row]) -> bytes:
    return "\n".join(["who,item,kind", *(f"{name},{item},{kind}" for name, item, kind in rows), ""]).encode()


def _case(
    name: str,
    check: str,
    expect: Outcome,
    rows: Sequence[Row],
    pool: Sequence[Row] | None,
    *,
    contributor: str = 'contributor = "who"\n',
    bound: float | None = None,
) -> Vector:
    drawn = "" if pool is None else 'drawn_from = "all"\n'
    toml = (
        '[system]\nname = "app"\n[[source]]\nname = "users"\nkind = "crowd"\n'
        f'[[dataset]]\nname = "train"\nrole = "train"\npath = "train.csv"\nsources = ["users"]\n{contributor}{drawn}'
    )
    files = _NONE
    if pool is not None:
        toml += f'[[dataset]]\nname = "all"\nrole = "site"\npath = "all.csv"\nsources = ["users"]\n{contributor}'
        files = {"all.csv": _csv(pool)}
    if bound is not None:
        toml += f'[controls."AIPS-POI-03"]\nthreshold = {bound}\n'
    everything = {"redan.toml": toml.encode(), "train.csv": _csv(rows), **files}
    return Vector(name=name, files=everything, check=check, expect=expect, subject="dataset:train", note=_NOTE)
