"""Tries the values that pseudonyms may stand for: what a plain hash hides from nobody.

A key that the attacker does not have makes every guess useless; a hash without one, of values that can be counted,
hides nothing. The attacker assumed here knows the hash functions in use and how identifiers are numbered, and has a
desk computer for a minute.
"""

import hashlib
import hmac
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from redan.measures.enumeration.domains import Domain, Numbers, alike_domains, phone_domains, plain_domains
from redan.measures.enumeration.forms import Form, decoded, form_of
from redan.measures.personal.kinds import Kind
from redan.stats.binomial import chance_of_at_least, clopper_pearson
from redan.stats.interval import Interval
from redan.tables.engine import connect

if TYPE_CHECKING:
    import duckdb

BUDGET = 40_000_000  # values hashed in all: about ten seconds of two cores
SMALL = 100_000  # so many values are tried with every hash function, more only with the likeliest
POWER = 0.95
SURPRISE = 1e-6  # hits of digests cut short must be less likely than this by chance
CHUNK = 4_000_000
LINKED = 200_000  # known values that are tried
SALTED = 5_000
_FAST = frozenset({"md5", "sha1", "sha256"})  # the engine's own
_SALTS = ("salt", "pepper", "secret", "key", "password", "changeme", "hash", "anonymous", "pseudonym")


class Reach(NamedTuple):
    """How far an attack went in one domain.

    Args:
        domain: its name.
        kind: the kind of personal data it has, if any.
        tried: values of it that were hashed, for each hash function.
        power: probability to hit at least one pseudonym, if all of them were plain hashes of its values.
    """

    domain: str
    kind: Kind | None
    tried: int
    power: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """What trying came to.

    Args:
        n: distinct pseudonyms attacked.
        form: what they look like; None when they are no digests.
        hits: pseudonyms whose value was found.
        interval: exact 95 % interval of the share of pseudonyms found; (0, 1) without any.
        how: how they were found, in words; None when they were not.
        tried: values hashed in all.
        reach: domain by domain, in the order of the attack; ends with the one that hit.
    """

    n: int
    form: Form | None
    hits: int
    interval: Interval
    how: str | None
    tried: int
    reach: tuple[Reach, ...]


def attack(
    values: Sequence[str],
    *,
    known: Mapping[str, Sequence[str]] | None = None,
    words: Iterable[str] = (),
    budget: int = BUDGET,
    rng: np.random.Generator,
) -> Attack:
    """Tries to find what pseudonyms stand for.

    Source: Marx, Zimmer, Mueller, Blochberger, Federrath, "Hashing of personally identifiable information is not
    sufficient", Sicherheit 2018, section 3 (enumeration); the power is that of sampling with replacement.

    Args:
        values: distinct pseudonyms.
        known: values in the clear that the pseudonyms may stand for, by where they are from; tried first.
        words: names that may have been used as a salt, such as the system's.
        budget: values that may be hashed.
        rng: which values of a large domain are tried.

    Returns:
        The first way that finds more than chance explains, or how far the attack went without.
    """
    known = known or {}
    form = form_of(values)
    found = _encoded(values, known) or (_linked(form, known, words) if form else None)
    if found is not None or form is None:
        return _told(values, form, found, (), 0)
    reach: list[Reach] = []
    tried = 0
    with connect() as connection:
        _hold(connection, form)
        for domain, planned in _planned(form, known, budget):
            names = _names(form, planned)
            hits, name = _enumerated(connection, form, domain, planned, rng)
            tried += planned * len(names)
            reach.append(Reach(domain.name, domain.kind, planned, _power(planned, domain.size, len(form.values))))
            if name is not None:
                return _told(values, form, (f"plain {name} of {domain.name}", hits), reach, tried)
    return _told(values, form, None, reach, tried)


def _told(
    values: Sequence[str], form: Form | None, found: tuple[str, int] | None, reach: Sequence[Reach], tried: int
) -> Attack:
    how, hits = found or (None, 0)
    n = max(len(form.values) if form and reach else len(values), hits)
    return Attack(
        n=n, form=form, hits=hits, interval=clopper_pearson(hits, n), how=how, tried=tried, reach=tuple(reach)
    )


def _encoded(values: Sequence[str], known: Mapping[str, Sequence[str]]) -> tuple[str, int] | None:
    """Values that stand there as they are elsewhere, or merely encoded."""
    distinct = set(values)
    for place, plain in known.items():
        same = len(distinct & set(plain))
        if same >= max(1, len(distinct) // 2):
            return f"the values themselves, as in {place}", same
    texts = decoded(values)
    return ("values that are encoded, not hashed", len(texts)) if texts else None


def _linked(form: Form, known: Mapping[str, Sequence[str]], words: Iterable[str]) -> tuple[str, int] | None:
    """Hashes of values that other tables hold in the clear, plain and with the salts that people choose."""
    pseudonyms = frozenset(form.values)
    salts = [s for s in dict.fromkeys((*words, *_SALTS)) if s]
    for place, plain in known.items():
        texts = list(dict.fromkeys(variant for value in plain[:LINKED] for variant in _variants(value)))
        for name in form.algorithms:
            hits = len(pseudonyms.intersection(_digests(name, texts, form.digits)))
            if _beyond_chance(hits, len(texts), form):
                return f"plain {name} of the values in {place}", hits
            for way, digests in _salted(name, texts[:SALTED], salts, form.digits):
                hits = len(pseudonyms.intersection(digests))
                if _beyond_chance(hits, min(len(texts), SALTED), form):
                    return f"{name} of the values in {place} {way}", hits
    return None


def _variants(value: str) -> Iterator[str]:
    yield from dict.fromkeys((value, value.strip(), value.lower(), value.upper(), f"{value}\n"))
    if value.startswith("+"):
        yield from (value[1:], f"00{value[1:]}", "".join(c for c in value if c.isdigit()))


def _digests(name: str, texts: Iterable[str], digits: int) -> Iterator[str]:
    return (hashlib.new(name, t.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:digits] for t in texts)


def _salted(name: str, texts: Sequence[str], salts: Iterable[str], digits: int) -> Iterator[tuple[str, Iterator[str]]]:
    for salt in salts:
        yield "with a guessed salt before them", _digests(name, (f"{salt}{t}" for t in texts), digits)
        yield "with a guessed salt behind them", _digests(name, (f"{t}{salt}" for t in texts), digits)
        if name in _FAST:
            key = salt.encode()
            yield (
                "with a guessed key",
                (hmac.digest(key, t.encode("utf-8", "replace"), name).hex()[:digits] for t in texts),
            )


def _planned(form: Form, known: Mapping[str, Sequence[str]], budget: int) -> Iterator[tuple[Domain, int]]:
    """Domains with how many of their values to try, cheapest first, as long as the budget lasts."""
    plain = [value for values in known.values() for value in values[:LINKED]]
    everything = (*alike_domains(plain), *plain_domains(), *phone_domains())
    n, left = len(form.values), budget
    priced = sorted(((_needed(d.size, n) * d.rarity, i, d) for i, d in enumerate(everything)), key=lambda p: p[:2])
    for _, _, domain in priced:
        needed = _needed(domain.size, n)
        each = len(_names(form, needed))
        planned = min(needed, left // each)
        if planned <= 0:
            return
        left -= planned * each
        yield domain, planned


def _names(form: Form, planned: int) -> tuple[str, ...]:
    return form.algorithms if planned <= SMALL else form.algorithms[:1]


def _needed(size: int, n: int) -> int:
    """Values to try so that one of n pseudonyms is hit with a probability a little above POWER."""
    return min(size, math.ceil(size * -math.expm1(math.log1p(-POWER) / n)) + 1)


def _power(tried: int, size: int, n: int) -> float:
    return 1.0 if tried >= size else -math.expm1(n * math.log1p(-tried / size))


def _hold(connection: "duckdb.DuckDBPyConnection", form: Form) -> None:
    import pyarrow as pa

    connection.register("pseudonyms", pa.table({"h": pa.array(sorted(set(form.values)), pa.string())}))


def _enumerated(
    connection: "duckdb.DuckDBPyConnection", form: Form, domain: Domain, planned: int, rng: np.random.Generator
) -> tuple[int, str | None]:
    """Pseudonyms hit, and by which hash function; (0, None) when there are no more than chance explains."""
    names = _names(form, planned)
    hits = dict.fromkeys(names, 0)
    for numbers in _chunks(domain, planned, rng):
        for name in names:
            hits[name] += _hit(connection, form, domain, numbers, name)
            if _beyond_chance(hits[name], planned, form):
                return hits[name], name
    return 0, None


def _chunks(domain: Domain, planned: int, rng: np.random.Generator) -> Iterator[Numbers]:
    """Different places of the domain: i -> (a i + b) mod size is one to one when a and size have no common factor."""
    size = domain.size
    factor = next(f for f in iter(lambda: int(rng.integers(1, size)), 0) if math.gcd(f, size) == 1)
    shift = int(rng.integers(size))
    for start in range(0, planned, CHUNK):
        places = np.arange(start, min(start + CHUNK, planned), dtype=np.int64)
        yield domain.numbers(_affine(places, factor, shift, size) if planned < size else places)


def _affine(places: Numbers, factor: int, shift: int, size: int) -> Numbers:
    """(factor places + shift) mod size, the factor in two parts: sizes are below 2**44, places below 2**28."""
    high, low = divmod(factor, 1 << 17)
    lifted = (places * high % size) * (1 << 17) % size
    found: Numbers = (lifted + places * low % size + shift) % size
    return found


def _hit(connection: "duckdb.DuckDBPyConnection", form: Form, domain: Domain, numbers: Numbers, name: str) -> int:
    import pyarrow as pa

    connection.register("candidates", pa.table({"i": pa.array(numbers)}))
    if name not in _FAST:
        texts = connection.sql(f"SELECT {domain.sql} AS t FROM candidates").to_arrow_table()["t"].to_pylist()  # noqa: S608
        return len(set(form.values).intersection(_digests(name, texts, form.digits)))
    digest = f"{name}({domain.sql})"
    if len(hashlib.new(name, usedforsecurity=False).hexdigest()) > form.digits:
        digest = f"substr({digest}, 1, {form.digits})"
    question = f"SELECT count(DISTINCT h) FROM pseudonyms SEMI JOIN (SELECT {digest} AS g FROM candidates) ON h = g"  # noqa: S608
    return int(connection.sql(question).fetchall()[0][0])


def _beyond_chance(hits: int, tried: int, form: Form) -> bool:
    """Whether so many pseudonyms are hit by more than chance: digests cut to a few digits meet without a reason."""
    if not hits:
        return False
    n = len(form.values)
    chance = -math.expm1(tried * math.log1p(-(16.0**-form.digits)))
    return chance_of_at_least(min(hits, n), n, min(chance, 1.0)) <= SURPRISE
