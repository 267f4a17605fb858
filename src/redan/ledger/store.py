"""The local append-only ledger: durable groups of entries, each ending in a signed checkpoint.

Source: RFC 9162 section 2.1, C2SP tlog-checkpoint and tlog-proof. See ADR 0002 for what it protects against.
"""

import os
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from redan.errors import InvalidError, RedanError, UsageError
from redan.ledger import tree
from redan.ledger.audit import audit
from redan.ledger.checkpoint import Checkpoint, open_checkpoint, read_checkpoint, sign
from redan.ledger.database import CHUNK_ROWS, ENTRY_LIMIT_BYTES, FILE, Database, create_database, open_database
from redan.ledger.proof import Receipt, render
from redan.seal.keys import PublicKey, Signer

BUSY_S = 30.0  # a group commit takes milliseconds; longer means that a process hangs


class Ledger:
    """An append-only log in one folder. Safe for many threads and for several processes at once.

    Every append ends in a checkpoint signed in the same transaction, so a ledger never holds an unsigned entry, and a
    signature never leaves the process before its entries are on disk.
    """

    def __init__(self, database: Database, signer: Signer | None, key: PublicKey | None, origin: str) -> None:
        self._database = database
        self._signer = signer
        self._key = key
        self.origin = origin
        self._last: _Last | None = None
        self._turn = threading.Lock()

    @classmethod
    def open(
        cls,
        folder: Path,
        signer: Signer | None = None,
        *,
        key: PublicKey | None = None,
        origin: str | None = None,
        busy_s: float = BUSY_S,
    ) -> Self:
        """The ledger in a folder, its last checkpoint verified where a key is given.

        Args:
            folder: created when absent, if there is a signer.
            signer: signs what is appended; None opens for reading.
            key: the public key that verifies a ledger opened for reading; the signer's when there is one.
            origin: the log's identity, such as `example.com/churn`; None takes the ledger's own, random at creation.
            busy_s: longest wait for another process, in seconds.

        Raises:
            UsageError: there is no ledger, it cannot be used now, or it is of another origin.
            InvalidError: it is damaged, or its last checkpoint is not signed by this key.
        """
        if signer is not None and not os.path.lexists(folder / FILE):
            fresh = origin if origin is not None else f"redan.local/{secrets.token_hex(8)}"
            create_database(folder, sign(Checkpoint(fresh, 0, tree.EMPTY_ROOT), signer))
        database = open_database(folder, writable=signer is not None, busy_s=busy_s)
        try:
            with _naming_checkpoint(database):
                found = read_checkpoint(database.note()).origin
            ledger = cls(database, signer, signer.public if signer else key, found)
            ledger._check_opened(origin)
        except RedanError:
            database.close()
            raise
        return ledger

    def append(self, entries: Sequence[bytes]) -> range:
        """Appends entries in one durable transaction and signs the new checkpoint.

        Args:
            entries: opaque bytes, at most 65,535 each.

        Returns:
            Their indexes; the entries are on disk when this returns. Empty when there were none.

        Raises:
            UsageError: there is no signer, an entry is too large, or the disk is full; nothing was appended.
            InvalidError: what is stored is not what was signed last; nothing was appended.
        """
        if self._signer is None:
            raise UsageError("the ledger is open for reading only", where=self._where, remedy="give the signing key")
        check_entries(entries)
        leaves = [tree.leaf_hash(entry) for entry in entries]
        with self._turn:
            last, self._last = self._last, None
            with self._database.writing():
                last = self._current(last)
                old = last.head
                nodes = list(tree.grown(old.size, leaves, last.read(self._database)))
                new, peaks = self._extended(last, nodes, old.size + len(entries))
                if entries:
                    self._database.add(old.size, entries, nodes, sign(new, self._signer))
                version = self._database.version()
            self._last = _Last(new, peaks, version)
        return range(old.size, new.size)

    @property
    def size(self) -> int:
        """The number of entries, by the last checkpoint."""
        with _naming_checkpoint(self._database):
            return read_checkpoint(self._database.note()).size

    @property
    def verifiable(self) -> bool:
        """Whether there is a key to verify the ledger with."""
        return self._key is not None

    def checkpoint(self) -> str:
        """The last signed checkpoint: the log's identity, size and root as a C2SP signed note."""
        with _naming_checkpoint(self._database):
            return self._database.note()

    def entry(self, index: int) -> bytes:
        """The bytes of one entry, compared with its stored hash.

        Raises:
            UsageError: there is no such entry.
            InvalidError: it was changed.
        """
        with self._database.reading():
            self._check_range(index, index + 1)
            return self._checked(index, self._database.entry(index))

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The entries from `start` up to `stop` (None: up to the size now), compared with their stored hashes.

        Raises:
            UsageError: the range is not within the ledger.
            InvalidError: an entry was changed.
        """
        with self._database.reading():
            end = self.size if stop is None else stop
            self._check_range(start, end)
        for first in range(start, end, CHUNK_ROWS):
            with self._database.reading():
                chunk = [self._checked(i, d) for i, d in enumerate(self._database.span(first, end), start=first)]
            yield from chunk

    def receipt(self, index: int) -> str:
        """The C2SP tlog-proof that an entry is in the ledger, for anyone with the public key; O(log size).

        Raises:
            UsageError: there is no such entry.
            InvalidError: the entry or a stored hash was changed.
        """
        return self.receipts((index,))[0]

    def receipts(self, indexes: Sequence[int]) -> list[str]:
        """Receipts that all carry the same checkpoint, whatever other processes append meanwhile.

        Raises:
            UsageError: there is no such entry.
            InvalidError: an entry or a stored hash was changed.
        """
        with self._database.reading():
            note = self._database.note()
            head = read_checkpoint(note) if self._key is None else self._head()
            return [self._receipt(index, note, head) for index in indexes]

    def verify(self, *, earlier: Sequence[str] = ()) -> Checkpoint:
        """Reads everything again: each entry, each stored hash, the root, and the signature.

        Args:
            earlier: signed checkpoints kept elsewhere; the ledger must extend each, so a rolled-back one is found.

        Returns:
            The verified checkpoint.

        Raises:
            UsageError: no public key was given.
            InvalidError: names what is wrong.
        """
        with self._database.reading():
            head = self._head()
            audit(self._database, head)
            for note in earlier:
                self._check_extends(note, head)
        return head

    def check_extends(self, old: Checkpoint) -> None:
        """Accepts a ledger that goes on from an earlier head of it, or raises; O(log size), reads no entry.

        Args:
            old: a checkpoint kept elsewhere, its signature verified.

        Raises:
            UsageError: no public key was given.
            InvalidError: the ledger was rolled back, exchanged for another, or changed.
        """
        with self._database.reading():
            self._extends(old, self._trusted())

    def close(self) -> None:
        """Closes the ledger."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def _where(self) -> str:
        return str(self._database.path)

    def _check_opened(self, origin: str | None) -> None:
        if origin not in {None, self.origin}:
            raise UsageError(f"the ledger is of {self.origin[:80]!r}, not of {origin!r}", where=self._where)
        if self._key is not None:
            with self._database.reading():
                self._trusted()

    def _required_key(self) -> PublicKey:
        if self._key is None:
            raise UsageError("a ledger cannot be verified without its public key", remedy="give --key PUB")
        return self._key

    def _head(self) -> Checkpoint:
        """The last checkpoint, its signature verified."""
        key = self._required_key()
        with _naming_checkpoint(self._database):
            return open_checkpoint(self._database.note(), key, origin=self.origin, canonical=True)

    def _trusted(self) -> Checkpoint:
        """The last checkpoint, its signature and the stored tree compared with it; only inside a transaction."""
        head = self._head()
        if self._database.size() != head.size:
            raise self._invalid(f"there are {self._database.size()} entries; the signed checkpoint has {head.size}")
        if tree.root(head.size, self._database.node) != head.root:
            raise self._invalid("the stored hashes do not lead to the root that was signed")
        return head

    def _check_extends(self, note: str, head: Checkpoint) -> None:
        self._extends(open_checkpoint(note, self._required_key(), origin=self.origin), head)

    def _extends(self, old: Checkpoint, head: Checkpoint) -> None:
        if old.origin != self.origin:
            raise self._invalid(f"the ledger is {self.origin[:80]!r}, and was {old.origin[:80]!r} before")
        if old.size > head.size:
            raise InvalidError(f"the ledger had {old.size} entries and has {head.size} now", where=self._where)
        proof = tree.consistency_proof(old.size, head.size, self._database.node)
        tree.verify_consistency(old.size, head.size, proof, old.root, head.root)

    def _current(self, last: "_Last | None") -> "_Last":
        """The last head: of this ledger's own append where nobody else has written since, else read and verified."""
        version = self._database.version()
        if last is not None and last.version == version:
            return last
        return _Last(self._trusted(), {}, version)

    def _extended(
        self, last: "_Last", nodes: Sequence[tree.Node], size: int
    ) -> tuple[Checkpoint, dict[tuple[int, int], bytes]]:
        """The checkpoint to sign next, after a proof that it extends the last one (C2SP: never sign otherwise).

        Returns:
            It, and the perfect subtrees that its tree consists of.
        """
        fresh = {(node.level, node.place): node.hash for node in nodes}
        before, old = last.read(self._database), last.head

        def read(level: int, place: int) -> bytes:
            return fresh.get((level, place)) or before(level, place)

        new = Checkpoint(self.origin, size, tree.root(size, read))
        proof = tree.consistency_proof(old.size, size, read)
        tree.verify_consistency(old.size, size, proof, old.root, new.root)
        return new, {place: read(*place) for place in tree.peaks(0, size)}

    def _checked(self, index: int, entry: bytes) -> bytes:
        if tree.leaf_hash(entry) != self._database.node(0, index):
            raise self._invalid(f"entry {index} was changed: it does not have the hash stored for it")
        return entry

    def _receipt(self, index: int, note: str, head: Checkpoint) -> str:
        self._check_range(index, index + 1)
        leaf = tree.leaf_hash(self._checked(index, self._database.entry(index)))
        path = tree.inclusion_proof(index, head.size, self._database.node)
        tree.verify_inclusion(leaf, index, head.size, path, head.root)
        return render(Receipt(index=index, hashes=tuple(path), checkpoint=note))

    def _check_range(self, start: int, stop: int) -> None:
        size = self.size
        if not 0 <= start <= stop <= size:
            wanted = f"entry {start}" if stop == start + 1 else f"entries from {start} up to {stop}"
            raise UsageError(f"the ledger has {size} entries, but not {wanted}", where=self._where)

    def _invalid(self, what: str) -> InvalidError:
        return InvalidError(what, where=self._where, remedy="restore the ledger from a copy")


class _Last(NamedTuple):
    """What this process knows of the tree since its last append.

    Args:
        head: that was signed last.
        peaks: the perfect subtrees of its tree, by level and place; empty where they are to be read.
        version: of the file; another one says that somebody else has written.
    """

    head: Checkpoint
    peaks: Mapping[tuple[int, int], bytes]
    version: int

    def read(self, database: Database) -> tree.Read:
        """Gives subtrees from memory, else from the file."""

        def read(level: int, place: int) -> bytes:
            return self.peaks.get((level, place)) or database.node(level, place)

        return read


@contextmanager
def _naming_checkpoint(database: Database) -> Iterator[None]:
    """Says of an error inside that the stored checkpoint is what is wrong."""
    try:
        yield
    except InvalidError as error:
        what = f"the signed checkpoint is invalid: {error.what}"
        raise InvalidError(what, where=str(database.path), remedy=error.remedy) from error


def check_entries(entries: Sequence[bytes]) -> None:
    """Accepts entries that a ledger can hold, or raises UsageError."""
    for position, entry in enumerate(entries):
        if len(entry) > ENTRY_LIMIT_BYTES:
            raise UsageError(
                f"entry {position} of {len(entries)} is {len(entry):,} bytes; a ledger takes {ENTRY_LIMIT_BYTES:,}",
                remedy="log a digest instead",
            )
