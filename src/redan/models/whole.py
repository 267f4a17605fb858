"""One digest for a model that lies in several files."""

import hashlib
from collections.abc import Iterable


def whole_digest(sha256: str, pieces: Iterable[tuple[str, str]]) -> str:
    """One SHA-256 over a model and its further files; that of the file where there are none.

    Args:
        sha256: of the model's file, in hex digits.
        pieces: name and SHA-256 of each further file, in any order.
    """
    ordered = sorted(pieces)
    if not ordered:
        return sha256
    whole = hashlib.sha256(bytes.fromhex(sha256))
    for name, digest in ordered:
        whole.update(hashlib.sha256(name.encode()).digest() + bytes.fromhex(digest))
    return whole.hexdigest()
