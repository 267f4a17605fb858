"""What a lock file pins, whatever tool wrote it."""

from dataclasses import dataclass
from typing import NamedTuple

DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}  # the algorithms that installers accept, and their hex digits
_HEX = frozenset("0123456789abcdef")


class Hash(NamedTuple):
    """A digest of one file of a distribution; lower-case hex digits."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One distribution of a lock file.

    Args:
        name: in normal form.
        version: in normal form; None when no exact version is pinned.
        hashes: digests that an installer would accept.
        line: where it starts, from 1.
        conditional: whether it is installed on some platforms or Pythons only.
        fault: why it is not pinned by version and digest, as a clause; None when it is.
        own: whether it is the project itself and not a dependency.
    """

    name: str
    version: str | None
    hashes: tuple[Hash, ...] = ()
    line: int = 1
    conditional: bool = False
    fault: str | None = None
    own: bool = False


class Fault(NamedTuple):
    """Something in a lock file that pins nothing or cannot be understood, and its line (from 1)."""

    line: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """All that one lock file says.

    Args:
        kind: which tool's format it is.
        pins: in the order of the file.
        faults: besides those of single pins.
        includes: other files that it takes in, as it names them, with their lines.
    """

    kind: str
    pins: tuple[Pin, ...]
    faults: tuple[Fault, ...] = ()
    includes: tuple[tuple[int, str], ...] = ()


def parsed_hash(text: str) -> Hash | str:
    """A digest from `ALGORITHM:HEX`, or why it is none, as a clause.

    Args:
        text: as a lock file writes it.
    """
    algorithm, mark, value = text.strip().partition(":")
    algorithm, value = algorithm.lower(), value.lower()
    wanted = DIGITS.get(algorithm)
    if not mark or wanted is None:
        shown = algorithm if mark and algorithm in {"md5", "sha1", "sha224"} else "something else"
        return f"has a digest of {shown} instead of SHA-256, SHA-384 or SHA-512"
    if not _HEX.issuperset(value):
        return f"has a {algorithm} digest that is not hexadecimal"
    if len(value) != wanted:
        return f"has a {algorithm} digest of {len(value)} hex digits instead of {wanted}"
    return Hash(algorithm, value)


def judged(
    name: str,
    version: str | None,
    texts: tuple[str, ...],
    *,
    line: int,
    conditional: bool = False,
    fault: str | None = None,
) -> Pin:
    """A pin, with what is wrong with its version or digests.

    Args:
        name: in normal form.
        version: in normal form; None when it is not exact.
        texts: digests as the file writes them.
        line: where it starts.
        conditional: whether a marker limits it.
        fault: a fault that is already known.
    """
    found = [parsed_hash(text) for text in texts]
    wrong = next((entry for entry in found if isinstance(entry, str)), None)
    if fault is None and version is None:
        fault = "names no exact version"
    if fault is None and not texts:
        fault = "has no digest"
    hashes = tuple(dict.fromkeys(entry for entry in found if isinstance(entry, Hash)))
    return Pin(name=name, version=version, hashes=hashes, line=line, conditional=conditional, fault=fault or wrong)
