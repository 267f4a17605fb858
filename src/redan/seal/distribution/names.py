"""Names of targets: where each file of a release stands in the metadata, and what a name from outside may look like.

Source: TUF specification 1.0.31, section 4.5 (a target path is a path-relative URL string): percent-encoded per
segment, in one way only, so that two names are never one file.
"""

import re
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import quote, unquote

from redan.errors import InvalidError, UsageError

Part: TypeAlias = Literal["seal", "key", "file"]

RELEASES = "releases"
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,79}")
_SEAL, _KEY, _FILES = "seal.json", "key.pub", "files"
_SEGMENT_BYTES = 180  # a file name has 255 bytes, and 65 of them are the digest that is put before it
_PATH_BYTES = 1024
_DEPTH = 32


class Parsed(NamedTuple):
    """What a target's name says: whose release it belongs to, and as what; `path` is empty for seal and key."""

    name: str
    version: str
    part: Part
    path: str


def check_word(text: str, what: str) -> str:
    """A model's name or version, fit to be one segment of a path.

    Raises:
        UsageError: it is not.
    """
    if not _WORD.fullmatch(text) or text.endswith("."):
        raise UsageError(
            f"{text!r} is no {what} of a release",
            remedy="use 1 to 80 letters, digits, '_', '.', '+' or '-', beginning with a letter or digit",
        )
    return text


def fault(path: str) -> str | None:
    """Why a path cannot be a file of a release, as a clause; None when it can.

    Args:
        path: with `/`, not encoded.
    """
    segments = path.split("/")
    if len(path.encode("utf-8", "surrogatepass")) > _PATH_BYTES or len(segments) > _DEPTH:
        return "is too long or too deep"
    if any(segment in {"", ".", ".."} for segment in segments):
        return "is absolute, has an empty part, or climbs with '..'"
    if "\\" in path or not path.isprintable():
        return "has a backslash, a control or an invisible character"
    if any(len(segment.encode()) > _SEGMENT_BYTES for segment in segments):
        return f"has a part of more than {_SEGMENT_BYTES} bytes"
    return None


def folder_of(name: str, version: str) -> str:
    """The common beginning of a release's targets."""
    return f"{RELEASES}/{quote(name, safe='+')}/{quote(version, safe='+')}/"


def target_path(name: str, version: str, part: Part, path: str = "") -> str:
    """A target's name.

    Args:
        name: of the model.
        version: of the release.
        part: what the target is.
        path: of the file below the release; the empty string for seal and key.
    """
    start = folder_of(name, version)
    if part == "file":
        return f"{start}{_FILES}/{quote(path)}"
    return start + (_SEAL if part == "seal" else _KEY)


def parse(target: str) -> Parsed:
    """What a target's name says.

    Args:
        target: from metadata of anyone.

    Raises:
        InvalidError: the name is none that `target_path` makes: it climbs, is absolute, is encoded in another way, or
            belongs to no release.
    """
    words = target.split("/")
    if len(words) < 4 or words[0] != RELEASES:  # noqa: PLR2004 -- releases, name, version, and what it is
        raise InvalidError("hostile name: a target belongs to no release", where=_shown(target))
    name, version = (unquote(word) for word in words[1:3])
    rest = "/".join(words[3:])
    part: Part = "seal" if rest == _SEAL else "key" if rest == _KEY else "file"
    path = unquote("/".join(words[4:]), errors="replace") if part == "file" else ""
    why = None if part != "file" else fault(path)
    if not (_WORD.fullmatch(name) and _WORD.fullmatch(version)) or why is not None:
        text = f"hostile name: a target {why or 'has no proper name or version'}"
        raise InvalidError(text, where=_shown(target))
    if target_path(name, version, part, path) != target:
        raise InvalidError("hostile name: a target is not written in the one way that names it", where=_shown(target))
    return Parsed(name, version, part, path)


def _shown(target: str) -> str:
    return ascii(target[:120])
