"""Digests as publishers announce them: which texts are of SHA-256, and which are something else."""

import re

_HEX = re.compile(r"[0-9a-f]*")
_SHA256_DIGITS = 64
# Lengths in hex digits that users paste for SHA-256; half of the digests in Croissant's own examples are such.
_OTHER_DIGESTS = {32: "an MD5", 40: "a SHA-1", 56: "a SHA-224", 96: "a SHA-384", 128: "a SHA-512"}


def malformed(digest: str) -> str | None:
    """Why a text is not a SHA-256 digest, as a clause; None when it is one.

    Args:
        digest: as a description gives it; upper case and a leading `sha256:` are accepted.
    """
    bare = plain(digest)
    if not _HEX.fullmatch(bare):
        return "is not hexadecimal"
    if len(bare) == _SHA256_DIGITS:
        return None
    other = _OTHER_DIGESTS.get(len(bare))
    guess = f", the length of {other} digest" if other else ""
    return f"has {len(bare)} hex digits instead of {_SHA256_DIGITS}{guess}"


def plain(digest: str) -> str:
    """The hex digits alone, in lower case."""
    return digest.strip().lower().removeprefix("sha256:").removeprefix("sha-256:").strip()
