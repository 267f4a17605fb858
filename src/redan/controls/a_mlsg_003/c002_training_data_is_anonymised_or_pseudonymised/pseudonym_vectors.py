"""Plain hashes of what can be counted up, and keyed pseudonyms beside them."""

import base64
import hashlib
import hmac
import random
from collections.abc import Callable

from redan.controls.contract import Vector
from redan.terms import Outcome

_KEYED = "A-MLSG-003-C002/pseudonyms-are-keyed"
_ROWS = 2000
_OPEN = "The hash of a telephone number is the telephone number: all of them can be tried in minutes."
_KEY = bytes(range(32))


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    rng = random.Random(31)  # noqa: S311  # planted data is the same in every run
    phones = [f"+316{number}" for number in rng.sample(range(10_000_000, 59_999_999), _ROWS)]
    customers = [str(number) for number in rng.sample(range(10_000, 900_000), 400)]
    days = [f"{rng.randrange(1940, 2008)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}" for _ in range(400)]
    clear = "\n".join(["customer", *customers, ""]).encode()
    return (
        _case("SHA-256 of telephone numbers", [_hashed(p) for p in phones], Outcome.BROKEN),
        _case("telephone numbers by HMAC", [_mac(p) for p in phones], Outcome.HOLDS),
        _case("MD5 of customer numbers", [_hashed(c, hashlib.md5) for c in customers], Outcome.BROKEN),
        _case("birth dates, hashed and cut to 12 digits", [_hashed(d)[:12] for d in days], Outcome.BROKEN),
        _case("customer numbers in base64", [base64.b64encode(c.encode()).decode() for c in customers], Outcome.BROKEN),
        _case(
            "customer numbers with the system's name as salt, and the customers in another table",
            [_hashed(f"churn{c}") for c in customers],
            Outcome.BROKEN,
            clear,
        ),
        _case("numbers drawn for each customer", [str(rng.randrange(10**9)) for _ in customers], Outcome.HOLDS, clear),
        _case("a dozen hashes", [_mac(c) for c in customers[:12]], Outcome.NOT_RUN),
    )


def _hashed(value: str, function: Callable[[bytes], "hashlib._Hash"] = hashlib.sha256) -> str:
    return function(value.encode()).hexdigest()


def _mac(value: str) -> str:
    return hmac.digest(_KEY, value.encode(), "sha256").hex()


def _case(name: str, pseudonyms: list[str], outcome: Outcome, clear: bytes | None = None) -> Vector:
    other = '\n[[dataset]]\nname = "crm"\nrole = "reference"\npath = "crm.csv"\nidentifiers = ["customer"]\n'
    toml = (
        '[system]\nname = "churn"\nstage = "training"\n\n[[dataset]]\nname = "train"\nrole = "train"\n'
        f'path = "train.csv"\npseudonyms = ["who"]\n{other if clear else ""}'
    )
    rows = "\n".join(["who,churn", *(f"{p},{i % 2}" for i, p in enumerate(pseudonyms)), ""])
    files = {"redan.toml": toml.encode(), "train.csv": rows.encode(), **({"crm.csv": clear} if clear else {})}
    return Vector(name=name, files=files, check=_KEYED, expect=outcome, subject="dataset:train", note=_OPEN)
