"""The in-toto statement inside a seal: built with nothing but what the specification has, read without trusting it.

Source: OMS v1.0 sections 5 and 6.5; section 11 for the layout of v0.2.0, whose files stand in the subject.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast, get_args

from redan.canon import Json, canonical, parse_strict
from redan.errors import InvalidError
from redan.seal.dsse import PAYLOAD_LIMIT_BYTES
from redan.seal.in_toto import STATEMENT_TYPE
from redan.seal.oms import names
from redan.seal.oms.records import PREDICATE_TYPE, HashType, Resource, Serialization

OLD_PREDICATE_TYPE = "https://model_signing/Digests/v0.1"
RESOURCES_LIMIT = 1_000_000
_DEPTH = 12
_SHARD = re.compile(r"(?P<name>.*):(?P<start>0|[1-9][0-9]{0,14}):(?P<end>[1-9][0-9]{0,14})", re.DOTALL)
_SHARDED = re.compile(r"(?P<hash>[a-z0-9]+)(?:-sharded-[0-9]{1,15})?")
_HEX = re.compile(r"(?:[0-9a-f]{2})+")
_DIGEST_CHARS = {"sha256": 64, "blake2b": 128, "blake3": 64}
_SERIALIZATION = {"method", "hash_type", "allow_symlinks", "ignore_paths", "shard_size"}
_AGAIN = "ask the signer for another seal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a signer stated.

    Args:
        name: of the subject.
        root: SHA-256 over the listed digests in their order.
        resources: in listed order.
        serialization: how they were made.
    """

    name: str
    root: str
    resources: tuple[Resource, ...]
    serialization: Serialization


def root_of(digests: Iterable[str]) -> str:
    """The root digest: SHA-256 over the raw digests in the given order (section 6.5.1)."""
    state = hashlib.sha256()
    for digest in digests:
        state.update(bytes.fromhex(digest))
    return state.hexdigest()


def build(name: str, resources: Sequence[Resource], serialization: Serialization) -> bytes:
    """The statement's bytes, canonical JSON; the predicate has `resources` and `serialization` alone.

    Args:
        name: of the sealed file or folder.
        resources: whole files, sorted by name.
        serialization: method `files`.
    """
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": name, "digest": {"sha256": root_of(r.digest for r in resources)}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "resources": [{"name": r.name, "digest": r.digest, "algorithm": r.algorithm} for r in resources],
                "serialization": {
                    "method": "files",
                    "hash_type": serialization.hash_type,
                    "allow_symlinks": False,
                    "ignore_paths": list(serialization.ignore_paths),
                },
            },
        }
    )


def parse(payload: bytes) -> Statement:
    """What the signer stated, from bytes whose signature was verified.

    Raises:
        InvalidError: the bytes are no such statement, list a name that is refused, or their root digest is another.
    """
    try:
        value = parse_strict(payload, limit_bytes=PAYLOAD_LIMIT_BYTES, depth=_DEPTH)
    except ValueError as error:
        raise InvalidError(f"the sealed statement is {error}", remedy=_AGAIN) from error
    whole = _table(value, "the sealed statement", {"_type", "subject", "predicateType", "predicate"})
    if whole["_type"] != STATEMENT_TYPE:
        raise InvalidError("the sealed statement is no in-toto Statement v1", remedy=_AGAIN)
    if whole["predicateType"] == OLD_PREDICATE_TYPE:
        return _old(whole)
    if whole["predicateType"] != PREDICATE_TYPE:
        raise InvalidError(
            "the sealed statement is not about a model's files", remedy="give the seal, not another bundle"
        )
    predicate = _table(whole["predicate"], "the predicate", {"resources", "serialization"})
    serialization = _serialization(predicate["serialization"])
    resources = tuple(_resource(item, serialization) for item in _list(predicate["resources"], "resources"))
    name, stated = _subject(_list(whole["subject"], "the subject"))
    _check_names(resources, serialization)
    root = root_of(r.digest for r in resources)
    if root != stated:
        raise InvalidError("the seal's root digest is not that of its list", remedy=_AGAIN)
    return Statement(name=name, root=root, resources=resources, serialization=serialization)


def _old(whole: dict[str, Json]) -> Statement:
    """The layout of v0.2.0: one subject for each file, no root, no serialization."""
    resources = []
    for item in _list(whole["subject"], "the subject"):
        name, digest = _subject([item])
        resources.append(Resource(name=name, digest=digest, algorithm="sha256"))
    _check_names(tuple(resources), Serialization())
    root = root_of(r.digest for r in resources)
    return Statement(name="", root=root, resources=tuple(resources), serialization=Serialization())


def _subject(items: list[Json]) -> tuple[str, str]:
    first = items[0]
    if len(items) != 1 or not isinstance(first, dict):
        raise InvalidError("the sealed statement has not exactly one subject", remedy=_AGAIN)
    name, digests = first.get("name"), first.get("digest")
    digest = digests.get("sha256") if isinstance(digests, dict) else None
    if not isinstance(name, str) or not name or not isinstance(digest, str) or not _is_digest(digest, "sha256"):
        raise InvalidError("the sealed statement's subject has no name and SHA-256", remedy=_AGAIN)
    return name, digest


def _serialization(value: Json) -> Serialization:
    table = _table(value, "the serialization", {"method", "hash_type", "allow_symlinks"}, _SERIALIZATION)
    method, hash_type, links = table["method"], table["hash_type"], table["allow_symlinks"]
    if method not in {"files", "shards"} or hash_type not in get_args(HashType) or not isinstance(links, bool):
        raise InvalidError(
            f"the seal was made by a method that is not known: {str(method)[:40]!r}, {str(hash_type)[:40]!r}",
            remedy="ask for one of method files and hash sha256, blake2b or blake3",
        )
    ignored = table.get("ignore_paths", [])
    if not isinstance(ignored, list) or not all(isinstance(path, str) for path in ignored):
        raise InvalidError("the seal's ignore_paths are no list of text", remedy=_AGAIN)
    paths = tuple(str(path) for path in ignored)
    for path in paths:
        if (why := names.fault(path)) is not None:
            raise InvalidError(f"the seal leaves out a path that {why}: {path[:200]!r}", remedy=_AGAIN)
    return Serialization(
        method="shards" if method == "shards" else "files",
        hash_type=cast("HashType", hash_type),
        allow_symlinks=links,
        ignore_paths=paths,
        shard_size=_shard_size(table.get("shard_size"), str(method)),
    )


def _shard_size(value: Json, method: str) -> int | None:
    if method == "files":
        if value is not None:
            raise InvalidError("the seal of whole files has a shard_size", remedy=_AGAIN)
        return None
    # model-signing 1.x writes the size as 64000000.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1 << 53 or value != int(value):
        raise InvalidError("the seal of byte ranges has no whole shard_size", remedy=_AGAIN)
    return int(value)


def _resource(value: Json, serialization: Serialization) -> Resource:
    """One entry of the list; members that in-toto knows and OMS does not are passed over (section 5.2.1)."""
    if not isinstance(value, dict):
        raise InvalidError("an entry of the sealed list is no object", remedy=_AGAIN)
    name, digest, algorithm = value.get("name"), value.get("digest"), value.get("algorithm")
    if not isinstance(name, str) or not isinstance(digest, str) or not isinstance(algorithm, str):
        raise InvalidError("an entry of the sealed list lacks name, digest or algorithm", remedy=_AGAIN)
    kind = _SHARDED.fullmatch(algorithm)
    sharded = serialization.method == "shards"
    if kind is None or kind["hash"] != serialization.hash_type or (not sharded and algorithm != kind["hash"]):
        raise InvalidError(f"the seal's entry {name[:200]!r} has another algorithm than the list", remedy=_AGAIN)
    if not _is_digest(digest, serialization.hash_type):
        raise InvalidError(f"the seal's entry {name[:200]!r} has no digest of the right length", remedy=_AGAIN)
    if not sharded:
        return Resource(name=name, digest=digest, algorithm=serialization.hash_type)
    found = _SHARD.fullmatch(name)
    if found is None:
        raise InvalidError(f"the seal's entry {name[:200]!r} names no byte range", remedy=_AGAIN)
    start, end = int(found["start"]), int(found["end"])
    return Resource(name=found["name"], digest=digest, algorithm=serialization.hash_type, start=start, end=end)


def _check_names(resources: tuple[Resource, ...], serialization: Serialization) -> None:
    whole = dict.fromkeys(resource.name for resource in resources)
    if tuple(whole) == (".",):  # how model-signing names a single file
        whole = {}
    names.listed(whole if serialization.method == "shards" else [r.name for r in resources] if whole else [])
    if serialization.method == "shards":
        shards: dict[str, list[Resource]] = {}
        for resource in resources:
            shards.setdefault(resource.name, []).append(resource)
        for name, ranges in shards.items():
            _check_ranges(name, ranges, serialization.shard_size or 1)


def _check_ranges(name: str, shards: list[Resource], size: int) -> None:
    """The ranges of a file lie one behind the other from its first byte, each of the size but the last."""
    at = 0
    ordered = sorted(shards, key=lambda shard: shard.start or 0)
    for shard in ordered:
        start, end = shard.start or 0, shard.end or 0
        if start != at or not start < end <= start + size or (shard is not ordered[-1] and end - start != size):
            raise InvalidError(f"the seal's byte ranges of {name[:200]!r} have a gap or overlap", remedy=_AGAIN)
        at = end


def _table(value: Json, what: str, required: set[str], allowed: set[str] | None = None) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise InvalidError(f"{what} is no JSON object", remedy=_AGAIN)
    missing, extra = sorted(required - value.keys()), sorted(value.keys() - (allowed or required))
    if missing:
        raise InvalidError(f"{what} lacks {missing[0]!r}", remedy=_AGAIN)
    if extra:
        raise InvalidError(f"{what} has a member that is not part of it: {extra[0][:80]!r}", remedy=_AGAIN)
    return value


def _list(value: Json, what: str) -> list[Json]:
    if not isinstance(value, list) or not 0 < len(value) <= RESOURCES_LIMIT:
        raise InvalidError(f"{what} of the sealed statement is no list of 1 to {RESOURCES_LIMIT:,}", remedy=_AGAIN)
    return value


def _is_digest(text: str, hash_type: str) -> bool:
    return len(text) == _DIGEST_CHARS[hash_type] and _HEX.fullmatch(text) is not None
