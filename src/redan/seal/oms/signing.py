"""Signing: every file below a path is hashed, listed and put under one signature.

Source: OMS v1.0 section 6.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from redan.errors import InputError
from redan.seal.oms import bundle, hashing, names, statement, tree
from redan.seal.oms.records import (
    DEFAULT_IGNORED,
    HashType,
    Method,
    Progress,
    Resource,
    Sealer,
    Serialization,
    Signing,
)
from redan.seal.oms.sealers import KeySealer, checked_key


class Made(NamedTuple):
    """A new seal.

    Args:
        bundle: its bytes, to be written where the user wants them.
        root: the root digest, 64 hex digits.
        resources: what it covers, in listed order.
        size: bytes covered.
        method: how the signer is known: `key`, `certificate` or `sigstore`.
        signer: the signer in words, such as a key id and its kind.
        hidden: files that every OMS tool leaves out by default and that are there; verifying refuses them.
        left_out: paths that the caller left out and that are there.
    """

    bundle: bytes
    root: str
    resources: tuple[Resource, ...]
    size: int
    method: Method
    signer: str
    hidden: tuple[str, ...]
    left_out: tuple[str, ...]


def sign(
    path: Path,
    signer: Signing | Sealer,
    *,
    ignore: Iterable[str] = (),
    hash_type: HashType = "sha256",
    threads: int | None = None,
    progress: Progress | None = None,
    dot: bool = False,
) -> bytes:
    """The seal of a file or folder: an OMS v1.0 bundle, method `files`; see `make`."""
    made = make(path, signer, ignore=ignore, hash_type=hash_type, threads=threads, progress=progress, dot=dot)
    return made.bundle


def make(
    path: Path,
    signer: Signing | Sealer,
    *,
    ignore: Iterable[str] = (),
    hash_type: HashType = "sha256",
    threads: int | None = None,
    progress: Progress | None = None,
    dot: bool = False,
) -> Made:
    """Seals a file or folder, and says what the seal does not cover.

    Args:
        path: a regular file, or a folder whose files all are regular and have one name each.
        signer: a key, or what makes a bundle under a certificate or an identity.
        ignore: exact paths relative to the folder that are left out, folders with all below them.
        hash_type: of the files; the root digest is SHA-256 always.
        threads: files read at a time; one for each core when None.
        progress: told bytes done, bytes in all, and the current file.
        dot: name a single file `.`, as model-signing up to 1.1 does, instead of by its name, as the specification does.

    Raises:
        InputError: there is no file, or one that cannot be sealed, or it changed while it was read.
        UsageError: an ignored path is malformed, or the key is of a kind that OMS does not know.
        MissingExtraError: blake3 is wanted and not installed.
    """
    sealer = signer if isinstance(signer, Sealer) else KeySealer(signer)
    if isinstance(sealer, KeySealer):
        checked_key(sealer.key.public)  # before hours of hashing
    left_out = names.checked_ignore(ignore)
    with tree.opened(path) as root:
        single = root.file is not None
        prune = frozenset() if single else frozenset({*DEFAULT_IGNORED, *left_out})
        before = tree.entries(root, prune)
        _check_entries(root, before)
        found = hashing.digests(root, [_part(entry) for entry in before], hash_type, threads, progress)
        if tree.entries(root, prune) != before:
            raise InputError("changed while it was read", where=str(path), remedy="run again when nothing writes to it")
        around = [] if single else tree.entries(root)
    resources = tuple(
        Resource(name="." if single and dot else entry.name, digest=found[entry.name, 0, None], algorithm=hash_type)
        for entry in before
    )
    recorded = () if single else tuple(sorted(prune))
    serialization = Serialization(hash_type=hash_type, ignore_paths=recorded)
    payload = statement.build(_name(path), resources, serialization)
    apart = {entry.name for entry in around} - {entry.name for entry in before}
    ours = {name for name in apart if names.under(name, left_out) is not None}
    return Made(
        bundle=bundle.render(sealer.bundle(payload)),
        root=statement.root_of(resource.digest for resource in resources),
        resources=resources,
        size=sum(entry.size for entry in before),
        method=sealer.method,
        signer=sealer.words,
        hidden=tuple(sorted(apart - ours)),
        left_out=tuple(sorted(ours)),
    )


def _check_entries(root: tree.Root, entries: list[tree.Entry]) -> None:
    if not entries:
        raise InputError("holds no file to seal", where=str(root.path), remedy="give a folder with files")
    for entry in entries:
        if (why := names.fault(entry.name)) is not None:
            raise InputError(f"cannot be sealed: the name {why}", where=root.where(entry.name), remedy="rename it")
        if entry.sort != "file":
            remedy = "put the file itself there, or leave it out with --ignore"
            raise InputError(
                f"cannot be sealed: it {tree.WORDS[entry.sort]}", where=root.where(entry.name), remedy=remedy
            )


def _part(entry: tree.Entry) -> hashing.Part:
    return hashing.Part(entry.name, 0, None, entry.stamp, entry.size)


def _name(path: Path) -> str:
    """The basename of what was sealed, also where it was given as `.` (section 6.5)."""
    return path.absolute().resolve().name or "root"
