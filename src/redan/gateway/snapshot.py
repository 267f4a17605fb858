"""What the memory of one process spent, in a file, so that a restart refills no budget.

The file is replaced whole, carries a keyed digest, and is bounded; one that was altered is refused and not passed
over: who alters it would otherwise refill every budget.
"""

import hmac
from pathlib import Path
from typing import Final

import msgspec

from redan.errors import InputError, InvalidError, UsageError
from redan.files import read_bounded, write_atomic
from redan.guards.store import Held, MemoryStore

LIMIT_BYTES: Final = 1 << 30
_MAGIC: Final = b"redan-state-1\n"
_DIGEST: Final = 32


class State(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What is kept over a restart.

    Args:
        at: seconds since the epoch when it was written.
        held: by the store.
        releases: highest release that was in service, by model.
        clean: whether it was written at an orderly end, so that nothing was spent after it.
        monitors: what they have to remember, as `redan.gateway.watching_kept` writes it.
    """

    at: float
    held: Held
    releases: dict[str, int] = {}
    clean: bool = False
    monitors: bytes = b""


def write(path: Path, state: State, secret: bytes) -> None:
    """Replaces the file, whole or not at all.

    Args:
        path: of the file.
        state: to keep.
        secret: key of the digest.

    Raises:
        UsageError: it cannot be written.
    """
    body = msgspec.msgpack.encode(state)
    write_atomic(path, _MAGIC + hmac.digest(secret, body, "sha256") + body, mode=0o600)


def read(path: Path, secret: bytes) -> State | None:
    """What was kept; None when nothing was.

    Raises:
        InvalidError: it is not what was written.
        UsageError: it cannot be read.
    """
    if not path.exists() and not path.is_symlink():
        return None
    remedy = "restore it; to begin with full budgets, move it away"
    try:
        data = read_bounded(path, LIMIT_BYTES)
    except InputError as error:
        raise UsageError(error.what, where=str(path), remedy=remedy) from error
    start = len(_MAGIC) + _DIGEST
    digest, body = data[len(_MAGIC) : start], data[start:]
    if not data.startswith(_MAGIC) or not hmac.compare_digest(digest, hmac.digest(secret, body, "sha256")):
        raise InvalidError("the kept state was altered, or is of another key", where=str(path), remedy=remedy)
    try:
        return msgspec.msgpack.decode(body, type=State)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidError("the kept state is malformed", where=str(path), remedy=remedy) from error


def restore(state: State, store: MemoryStore, now: float) -> None:
    """Puts what was kept into a store.

    Args:
        state: read from a file.
        store: empty.
        now: seconds since the epoch.

    Raises:
        InvalidError: it is more than the store holds.
    """
    try:
        store.restore(state.held, now)
    except ValueError as error:
        raise InvalidError(f"the kept state does not fit: {error}", remedy="give the store its size back") from error
