"""Values that an attacker can try one after the other: counters, dates, telephone numbers, devices of one type."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from redan.measures.personal.kinds import Kind
from redan.measures.personal.phone import REGIONS
from redan.tables.engine import quoted

Numbers = NDArray[np.int64]
_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"  # control letters of the Spanish DNI, by the number modulo 23
_FIRST_DAY, _DAYS = "1920-01-01", 45_000  # until 2043
_LEAST_NATIONAL = 6
_PREFIX = 3
_LOOKS = 6  # completions of a prefix that are tried, to see whether the plan has any number there


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """Texts that follow from whole numbers.

    Args:
        name: what they are, for messages.
        kind: the kind of personal data, where there is one.
        starts: first number of each block, in order.
        sizes: how many numbers each block has.
        sql: SQL for the text of the number `i`.
        luhn: whether the number gets a check digit first.
        rarity: how much less often it is hashed than others of its size; orders the attack.
    """

    name: str
    kind: Kind | None
    starts: tuple[int, ...]
    sizes: tuple[int, ...]
    sql: str = "CAST(i AS VARCHAR)"
    luhn: bool = False
    rarity: int = 1

    @property
    def size(self) -> int:
        """How many texts there are."""
        return sum(self.sizes)

    def numbers(self, places: Numbers) -> Numbers:
        """The numbers at some places of the domain.

        Args:
            places: shape (n,), from 0 to below the size.
        """
        ends = np.cumsum(np.array(self.sizes, dtype=np.int64))
        block = np.searchsorted(ends, places, side="right")
        starts = np.array(self.starts, dtype=np.int64)
        found: Numbers = starts[block] + places - (ends[block] - np.array(self.sizes, dtype=np.int64)[block])
        return _with_luhn(found) if self.luhn else found


def plain_domains() -> tuple[Domain, ...]:
    """Counters, padded numbers, days and a few national numbers: what is tried before anything else."""
    padded = tuple(
        Domain(name=f"numbers of {w} digits", kind=None, starts=(0,), sizes=(10**w,), sql=_padded(w), rarity=2)
        for w in range(4, 11)
    )
    forms = ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d%m%Y", "%Y-%m-%d 00:00:00")
    days = tuple(
        Domain(
            name=f"days as {form.replace('%', '')}",
            kind=Kind.BIRTH,
            starts=(0,),
            sizes=(_DAYS,),
            sql=f"strftime(DATE {quoted(_FIRST_DAY)} + CAST(i AS INTEGER), {quoted(form)})",
        )
        for form in forms
    )
    whole = Domain(name="whole numbers", kind=None, starts=(0,), sizes=(10_000_000,))
    return (*days, whole, *padded, *_national(), _addresses())


def _padded(width: int) -> str:
    return f"lpad(CAST(i AS VARCHAR), {width}, '0')"


def _national() -> tuple[Domain, ...]:
    dni = f"{_padded(8)} || substr({quoted(_DNI)}, CAST(i % 23 AS INTEGER) + 1, 1)"
    ssn = "substr({0}, 1, 3) || '-' || substr({0}, 4, 2) || '-' || substr({0}, 6, 4)".format(_padded(9))
    kind = Kind.NATIONAL_ID
    return (
        Domain(name="Spanish DNI", kind=kind, starts=(0,), sizes=(10**8,), sql=dni),
        Domain(name="US social security numbers", kind=kind, starts=(10**6,), sizes=(899 * 10**6,), sql=ssn),
    )


def _addresses() -> Domain:
    parts = " || '.' || ".join(f"CAST((i >> {shift}) & 255 AS VARCHAR)" for shift in (24, 16, 8, 0))
    return Domain(
        name="IPv4 addresses", kind=Kind.IP, starts=(1 << 24,), sizes=((223 << 24) - (1 << 24),), sql=parts, rarity=2
    )


def phone_domains(regions: Iterable[str] = REGIONS) -> Iterator[Domain]:
    """Mobile numbers of countries, as +49..., 49... and 0..."""
    import phonenumbers

    for region in regions:
        code = phonenumbers.country_code_for_region(region)
        blocks = _blocks(region)
        if not blocks:
            continue
        national = tuple(start for start, _ in blocks)
        sizes = tuple(size for _, size in blocks)
        whole = tuple(int(f"{code}{start}") for start in national)
        named = f"mobile numbers of {region}"
        yield Domain(
            name=f"{named} with +", kind=Kind.PHONE, starts=whole, sizes=sizes, sql="'+' || CAST(i AS VARCHAR)"
        )
        yield Domain(name=f"{named} without +", kind=Kind.PHONE, starts=whole, sizes=sizes)
        trunk = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) or ""
        front = f"{quoted(trunk)} || " if trunk in {"0", "8"} else ""
        yield Domain(
            name=f"{named}, national",
            kind=Kind.PHONE,
            starts=national,
            sizes=sizes,
            sql=f"{front}CAST(i AS VARCHAR)",
            rarity=4,
        )


@cache
def _blocks(region: str) -> tuple[tuple[int, int], ...]:
    """First number and size of the thousand-part blocks that a country's mobile plan has."""
    from phonenumbers import PhoneMetadata

    about = PhoneMetadata.metadata_for_region(region)
    if about is None or about.mobile is None or not about.mobile.national_number_pattern:
        return ()
    fits = re.compile(about.mobile.national_number_pattern).fullmatch
    rng = np.random.default_rng(0)  # which numbers of a block are tried; the blocks are the same every time
    found = []
    for length in about.mobile.possible_length:
        left = length - _PREFIX
        if length < _LEAST_NATIONAL:
            continue
        tries = [f"{n:0{left}}" for n in rng.integers(0, 10**left, _LOOKS).tolist()]
        found += [
            (prefix * 10**left, 10**left)
            for prefix in range(100, 1000)
            if any(fits(f"{prefix}{rest}") for rest in tries)
        ]
    return tuple(found)


def alike_domains(known: Sequence[str]) -> Iterator[Domain]:
    """Identifiers that begin like known ones: the subscribers of their networks, the devices of their types.

    Args:
        known: identifiers in the clear, such as another table of the same system holds.
    """
    digits = [d for d in known if d.isascii() and d.isdecimal()]
    for name, kind, length, front, check in (
        ("IMSI of networks that are known", Kind.IMSI, 15, 5, False),
        ("IMEI of types that are known", Kind.IMEI, 15, 8, True),
        ("ICCID of issuers that are known", Kind.ICCID, 19, 9, True),
    ):
        fits = _telecom(kind)
        heads = sorted({int(d[:front]) for d in digits if len(d) == length and fits(d)})[:200]
        body = length - front - (1 if check else 0)
        if heads:
            yield Domain(
                name=name,
                kind=kind,
                starts=tuple(head * 10**body for head in heads),
                sizes=(10**body,) * len(heads),
                sql=_padded(length),
                luhn=check,
            )


def _telecom(kind: Kind) -> Callable[[str], bool]:
    from redan.measures.personal.telecom import is_iccid, is_imei, is_imsi

    return {Kind.IMSI: is_imsi, Kind.IMEI: is_imei}.get(kind, is_iccid)


def _with_luhn(stems: Numbers) -> Numbers:
    total = np.zeros(len(stems), dtype=np.int64)
    left = stems.copy()
    for place in range(19):
        digit = left % 10
        left //= 10
        doubled = digit * 2
        total += np.where(doubled > 9, doubled - 9, doubled) if place % 2 == 0 else digit  # noqa: PLR2004
    return stems * 10 + (-total % 10)
