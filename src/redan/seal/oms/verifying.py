"""Verifying: the signature first, then the list, then every byte.

Source: OMS v1.0 section 8, made stricter: nothing is read through a link or outside the root, what the default rules
hide is refused as long as it is there, and nothing is kept from one verification to the next.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from redan.errors import InputError, InvalidError
from redan.seal.oms import hashing, names, tree
from redan.seal.oms.records import Progress, Resource, Sealed, Trust
from redan.seal.oms.trusting import opened_seal

if TYPE_CHECKING:
    from collections.abc import Iterator

READ_LIMIT_BYTES = 16 << 30
_SHOWN = 4  # names in one message; the others are counted


class _Laid(NamedTuple):
    """The listed files as they lie there, and what lies beside them."""

    files: dict[str, tree.Entry]
    unsigned: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A seal whose signature is valid and whose files are all there; their bytes are verified when they are read.

    Args:
        path: the sealed file or folder.
        sealed: what the signer listed.
    """

    path: Path
    sealed: Sealed

    def open(self, name: str, limit_bytes: int = READ_LIMIT_BYTES) -> bytes:
        """The bytes of a listed file, read once, and exactly those that were verified.

        Args:
            name: as the seal lists it; a single file may be named by its own name too.
            limit_bytes: the most bytes that are read.

        Raises:
            InvalidError: the seal does not list the name, or the bytes are not those that were sealed.
        """
        with _invalid(), tree.opened(self.path) as root:
            wanted = "." if root.file == name and self.sealed.names == (".",) else name
            parts = [resource for resource in self.sealed.resources if resource.name == wanted]
            if not parts:
                raise InvalidError(
                    "is not listed in the seal", where=root.where(name), remedy="seal it, or do not use it"
                )
            data = hashing.read_whole(root, root.file or name, limit_bytes)
        for part in parts:
            state = hashing.new(part.algorithm)()
            state.update(data[part.start : part.end] if part.start is not None else data)
            if state.hexdigest() != part.digest or max(each.end or len(data) for each in parts) != len(data):
                raise InvalidError("is not as it was sealed", where=str(self.path / name), remedy="fetch it again")
        return data


def verify(
    path: Path,
    bundle: bytes,
    trust: Trust,
    *,
    ignore_unsigned: bool = False,
    ignore: Iterable[str] = (),
    now: dt.datetime | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Sealed:
    """What a seal covers, after every byte of it was verified.

    Args:
        path: the file or folder.
        bundle: the seal's bytes; a copy of them inside the folder is no unsigned file.
        trust: a public key, certificate authorities, or an identity.
        ignore_unsigned: accept files that the seal does not list; they are named in the result.
        ignore: exact relative paths that are not looked at, unless the seal lists them.
        now: when certificates must be valid; the clock's time when None.
        threads: files read at a time; one for each core when None.
        progress: told bytes done, bytes in all, and the current file.

    Raises:
        InvalidError: the seal is malformed or not by whom is trusted, or a file is missing, changed, not listed, a
            link, a hard link or special; the first is named.
        InputError: the path is absent.
        UsageError: an ignored path is malformed, or the key is of a kind that OMS does not know.
        MissingExtraError: blake3 or sigstore is needed and not installed.
    """
    sealed = opened_seal(bundle, trust, now or dt.datetime.now(dt.UTC))
    with tree.opened(path) as root, _invalid():
        laid = _laid(root, sealed, bundle, names.checked_ignore(ignore))
        _refuse_unsigned(root, laid, ignore_unsigned=ignore_unsigned)
        _check_bytes(root, sealed, laid, threads, progress)
        if _laid(root, sealed, bundle, names.checked_ignore(ignore)) != laid:
            raise InvalidError(
                "changed while it was read", where=str(path), remedy="run again when nothing writes to it"
            )
    return replace(sealed, unsigned=laid.unsigned, left_out=laid.left_out)


def read_verified(
    path: Path,
    bundle: bytes,
    trust: Trust,
    *,
    ignore_unsigned: bool = False,
    ignore: Iterable[str] = (),
    now: dt.datetime | None = None,
) -> Verified:
    """A reader of a sealed path: the signature and the list are verified now, the bytes of a file when it is read.

    Args:
        path: the file or folder.
        bundle: the seal's bytes.
        trust: a public key, certificate authorities, or an identity.
        ignore_unsigned: accept files that the seal does not list; they cannot be read here anyway.
        ignore: exact relative paths that are not looked at, unless the seal lists them.
        now: when certificates must be valid; the clock's time when None.

    Raises:
        InvalidError: as `verify`, but for changed bytes.
        InputError: the path is absent.
    """
    sealed = opened_seal(bundle, trust, now or dt.datetime.now(dt.UTC))
    with tree.opened(path) as root, _invalid():
        laid = _laid(root, sealed, bundle, names.checked_ignore(ignore))
        _refuse_unsigned(root, laid, ignore_unsigned=ignore_unsigned)
    return Verified(path=path, sealed=replace(sealed, unsigned=laid.unsigned, left_out=laid.left_out))


def _laid(root: tree.Root, sealed: Sealed, bundle: bytes, ignore: tuple[str, ...]) -> _Laid:
    """Compares the list with the folder, and sorts what lies beside it.

    Raises:
        InvalidError: a listed file is missing, or is none that can be sealed.
    """
    listed = _on_disk(root, sealed)
    prune = frozenset(path for path in ignore if not any(names.under(name, (path,)) for name in listed))
    entries = {entry.name: entry for entry in tree.entries(root, prune)}
    missing = [name for name in listed if name not in entries]
    if missing:
        raise InvalidError(
            f"is missing, and the seal lists it{_more(missing)}", where=root.where(missing[0]), remedy="fetch it again"
        )
    for name in listed:
        if entries[name].sort != "file":
            raise InvalidError(
                f"{tree.WORDS[entries[name].sort]}, not the file that was sealed",
                where=root.where(name),
                remedy="put the file itself there",
            )
    unsigned: list[str] = []
    left_out: list[str] = []
    for name in entries.keys() - listed.keys():
        if names.under(name, ignore) or _is_seal(root, entries[name], bundle):
            continue
        signers_own = names.under(name, sealed.serialization.ignore_paths)
        allowed = signers_own is not None and not names.by_default(signers_own)
        empty = sealed.serialization.method == "shards" and entries[name].sort == "file" and not entries[name].size
        (left_out if allowed or empty else unsigned).append(name)  # section 6.3.2: shards list no empty file
    return _Laid({name: entries[name] for name in listed}, tuple(sorted(unsigned)), tuple(sorted(left_out)))


def _on_disk(root: tree.Root, sealed: Sealed) -> dict[str, str]:
    """Listed name by name on disk.

    Raises:
        InvalidError: the seal is of a folder and the path a file, or the other way round, or the file has another name.
    """
    where, listed = str(root.path), sealed.names
    if root.file is None:
        if listed == (".",):
            raise InvalidError("is a folder, and the seal is of a single file", where=where, remedy="give the file")
        return {name: name for name in listed}
    if len(listed) != 1:
        raise InvalidError(f"is one file, and the seal is of {len(listed)}", where=where, remedy="give the folder")
    if listed[0] not in {".", root.file}:
        raise InvalidError(
            f"is not the file that was sealed, {listed[0][:200]!r}", where=where, remedy="give that file"
        )
    return {root.file: listed[0]}


def _is_seal(root: tree.Root, entry: tree.Entry, bundle: bytes) -> bool:
    """Whether a file is a copy of the very seal that is verified: sections 6.2 and 9 leave it out of what is signed."""
    if entry.sort != "file" or entry.size != len(bundle):
        return False
    return hashlib.sha256(hashing.read_whole(root, entry.name, len(bundle))).digest() == hashlib.sha256(bundle).digest()


def _refuse_unsigned(root: tree.Root, laid: _Laid, *, ignore_unsigned: bool) -> None:
    if not laid.unsigned or ignore_unsigned:
        return
    first = laid.unsigned[0]
    hidden = names.by_default(first.partition("/")[0])
    rule = ", because OMS tools leave it out by default" if hidden else ""
    raise InvalidError(
        f"is not listed in the seal{rule}{_more(laid.unsigned)}",
        where=root.where(first),
        remedy="remove it, or accept it with --ignore",
    )


def _check_bytes(root: tree.Root, sealed: Sealed, laid: _Laid, threads: int | None, progress: Progress | None) -> None:
    disk = {listed: name for name, listed in _on_disk(root, sealed).items()}
    parts = [_part(resource, laid.files[disk[resource.name]]) for resource in sealed.resources]
    found = hashing.digests(root, parts, sealed.serialization.hash_type, threads, progress)
    ends = {part.name: part.end for part in sorted(parts, key=lambda part: part.start)}
    wrong = [
        part.name
        for part, resource in zip(parts, sealed.resources, strict=True)
        if found[part.name, part.start, part.end] != resource.digest
        or (part.end is not None and ends[part.name] != laid.files[part.name].size)
    ]
    wrong = list(dict.fromkeys(wrong))
    if wrong:
        raise InvalidError(
            f"is not as it was sealed{_more(wrong)}", where=root.where(wrong[0]), remedy="fetch it again"
        )


def _part(resource: Resource, entry: tree.Entry) -> hashing.Part:
    start = resource.start or 0
    end = None if resource.end is None else min(resource.end, max(entry.size, start))
    return hashing.Part(entry.name, start, end, entry.stamp, (entry.size if end is None else end) - start)


def _more(found: "list[str] | tuple[str, ...]") -> str:
    others = [str(name) for name in found[1:_SHOWN]]
    if not others:
        return ""
    rest = len(found) - 1 - len(others)
    return f"; likewise {', '.join(others)}" + (f" and {rest:,} more" if rest else "")


@contextmanager
def _invalid() -> "Iterator[None]":
    """What cannot be read as it was listed is a broken seal, not a wrong command line."""
    try:
        yield
    except InputError as error:
        raise InvalidError(error.what, where=error.where, remedy=error.remedy) from error
