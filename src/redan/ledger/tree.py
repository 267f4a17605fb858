"""Merkle tree of the log: hashes, roots, proofs and their verification, pure functions of bytes.

Source: RFC 6962 section 2.1 (definitions), RFC 9162 section 2.1 (verification algorithms).

A perfect subtree of `level` holds 2**level leaves; subtree (level, index) starts at leaf index * 2**level. A tree keeps
the hashes of its perfect subtrees only; every other hash is folded from at most 64 of them.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from redan.errors import InvalidError, UsageError

HASH_BYTES = 32
PROOF_LIMIT = 64  # a tree of 2**63 leaves has inclusion proofs of 63 hashes and consistency proofs of at most 64
EMPTY_ROOT = hashlib.sha256(b"").digest()

Read: TypeAlias = Callable[[int, int], bytes]
"""Gives the hash of the perfect subtree (level, index)."""


class Node(NamedTuple):
    """The hash of the perfect subtree (level, place)."""

    level: int
    place: int
    hash: bytes


def leaf_hash(entry: bytes) -> bytes:
    """MTH({d0}) = SHA-256(0x00 || d0)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def grown(size: int, leaves: Iterable[bytes], read: Read) -> Iterator[Node]:
    """The perfect subtrees that come into being when leaves are appended.

    Args:
        size: number of leaves before.
        leaves: hashes of the new leaves, in order.
        read: gives the perfect subtrees of the tree before; at most 64 are read.

    Returns:
        Each new leaf, followed by the parents that it completes, smallest first.
    """
    edge = [read(level, index) for level, index in peaks(0, size)]
    for index, leaf in enumerate(leaves, start=size):
        yield Node(0, index, leaf)
        merged, level, above = leaf, 0, index
        while above & 1:  # a right child completes its parent
            merged = node_hash(edge.pop(), merged)
            level, above = level + 1, above >> 1
            yield Node(level, above, merged)
        edge.append(merged)


def root(size: int, read: Read) -> bytes:
    """The Merkle Tree Hash of the first `size` leaves; for 0 leaves the SHA-256 of nothing."""
    return _folded(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: Read) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 section 2.1.1, from the leaf's sibling to the root's child.

    Args:
        index: the leaf, counted from 0.
        size: number of leaves of the tree that the proof is for.
        read: gives the perfect subtrees; O(log size) are read.

    Raises:
        UsageError: there is no such leaf in a tree of that size.
    """
    if not 0 <= index < size:
        raise UsageError(f"there is no entry {index} in a ledger of {size}", remedy=f"give 0 to {size - 1}")
    begin, end, path = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_folded(middle, end, read))
            end = middle
        else:
            path.append(_folded(begin, middle, read))
            begin = middle
    return path[::-1]


def consistency_proof(old: int, new: int, read: Read) -> list[bytes]:
    """PROOF(old, D[new]) of RFC 6962 section 2.1.2; empty when old is 0 or equals new.

    Raises:
        UsageError: the old tree is larger than the new one.
    """
    if not 0 <= old <= new:
        raise UsageError(f"a ledger of {new} entries cannot extend one of {old}")
    if old in {0, new}:
        return []
    begin, end, path = 0, new, []
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(_folded(middle, end, read))
            end = middle
        else:
            path.append(_folded(begin, middle, read))
            begin = middle
    if begin:  # SUBPROOF with b = false: the verifier does not know this subtree's hash yet
        path.append(_folded(begin, end, read))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root_hash: bytes) -> None:
    """Accepts the proof that a leaf is in a tree, or raises (RFC 9162 section 2.1.3.2).

    Args:
        leaf: hash of the leaf, 32 bytes.
        index: its place, counted from 0.
        size: number of leaves of the tree.
        proof: hashes of 32 bytes, from the leaf's sibling upwards.
        root_hash: of the tree.

    Raises:
        InvalidError: the proof does not lead from this leaf at this place to this root.
    """
    if not 0 <= index < size or not _are_hashes(proof, leaf, root_hash):
        raise InvalidError("the inclusion proof is malformed")
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise InvalidError("the inclusion proof is too long")
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise InvalidError("the inclusion proof is too short")
    if found != root_hash:
        raise InvalidError(f"the inclusion proof of entry {index} does not lead to the root")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Accepts the proof that a tree extends an older one, or raises (RFC 9162 section 2.1.4.2).

    Args:
        old: number of leaves of the older tree.
        new: number of leaves of the newer tree.
        proof: hashes of 32 bytes; empty when old is 0 or equals new.
        old_root: root hash of the older tree.
        new_root: root hash of the newer tree.

    Raises:
        InvalidError: the newer tree is not shown to start with the leaves of the older one.
    """
    if not 0 <= old <= new or not _are_hashes(proof, old_root, new_root):
        raise InvalidError("the consistency proof is malformed")
    if old in {0, new}:
        _verify_trivial(old, new, proof, old_root, new_root)
        return
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        raise InvalidError("the consistency proof is too short")
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            raise InvalidError("the consistency proof is too long")
        if place & 1 or place == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, step)
        place, last = place >> 1, last >> 1
    if last or first != old_root or second != new_root:
        raise InvalidError(f"the ledger of {new} entries does not extend the one of {old}")


def _verify_trivial(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    if proof:
        raise InvalidError("the consistency proof is too long")
    if (old == 0 and old_root != EMPTY_ROOT) or (old == new and old_root != new_root):
        raise InvalidError(f"two roots claim to be of the ledger of {old} entries")


def _are_hashes(proof: Sequence[bytes], *others: bytes) -> bool:
    return len(proof) <= PROOF_LIMIT and all(len(h) == HASH_BYTES for h in (*proof, *others))


def _split(count: int) -> int:
    """The largest power of two smaller than `count`, which is at least 2."""
    return 1 << (count - 1).bit_length() - 1


def peaks(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The perfect subtrees, largest first, of a range whose start is aligned to its width."""
    while begin < end:
        level = (end - begin).bit_length() - 1
        yield level, begin >> level
        begin += 1 << level


def _folded(begin: int, end: int, read: Read) -> bytes:
    hashes = [read(level, index) for level, index in peaks(begin, end)]
    found = hashes.pop()
    while hashes:
        found = node_hash(hashes.pop(), found)
    return found
