"""Requirements files in the form that `pip install --require-hashes` accepts.

Source: pip user guide, "Requirements File Format" and "Secure installs"; PEP 508 (names, extras, markers).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from redan.measures.dependencies.names import NAME, normal_name, normal_version
from redan.measures.dependencies.pins import Fault, Lock, Pin, judged

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")  # a look-behind, so that runs of white space cost linear time
_REQUIREMENT = re.compile(rf"(?P<name>{NAME})\s*(?:\[(?P<extras>[A-Za-z0-9._,\s-]*)\])?\s*(?P<rest>.*)", re.DOTALL)
_EXACT = re.compile(r"(?:===|==)\s*(?P<version>[^\s,;*]+)")
_OPTION = re.compile(
    r"(?<=\s)--(?P<name>hash|config-settings?|global-option|install-option)(?:\s*=\s*|\s+)(?P<value>\S+)"
)
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
_WHEEL = re.compile(rf"(?P<name>{NAME}?)-(?P<version>[0-9][^-]*)(?:-[^-]+)?(?:-[^-]+){{3}}\.whl", re.IGNORECASE)
_ARCHIVE = re.compile(rf"(?P<name>{NAME}?)-(?P<version>[0-9][^-]*)\.(?:tar\.gz|zip|tar\.bz2|tgz)", re.IGNORECASE)
_INCLUDE = re.compile(r"(?:-r|--requirement)(?:\s*=\s*|\s+|(?<=-r))(?P<path>\S.*)")
_EDITABLE = re.compile(r"(?:-e|--editable)\b|-e\S")
_OPTION_LINE = re.compile(r"-")


class _Line(NamedTuple):
    number: int
    text: str


def read_requirements(text: str) -> Lock:
    """What a requirements file pins.

    Args:
        text: of the file; lines may continue behind a backslash.

    Returns:
        Every requirement with what it lacks; editable ones, version-control addresses, folders and lines that are
        neither requirement nor option are faults.
    """
    pins: list[Pin] = []
    faults: list[Fault] = []
    includes: list[tuple[int, str]] = []
    for line in _logical(text):
        include = _INCLUDE.fullmatch(line.text)
        if include:
            includes.append((line.number, include["path"].strip()))
        elif _EDITABLE.match(line.text):
            faults.append(Fault(line.number, "an editable requirement has no digest and may change at any time"))
        elif not _OPTION_LINE.match(line.text):
            found = _requirement(line)
            (pins if isinstance(found, Pin) else faults).append(found)  # type: ignore[arg-type]
    return Lock(kind="requirements", pins=tuple(pins), faults=tuple(faults), includes=tuple(includes))


def _logical(text: str) -> Iterator[_Line]:
    """Lines joined behind a backslash and freed of comments, in pip's order: join first, then strip."""
    start, parts = 0, list[str]()
    for number, raw in enumerate(text.splitlines(), 1):
        comment = raw.lstrip().startswith("#")
        piece = " " + raw if comment and parts else raw  # pip: a comment line ends a continued one
        if not parts:
            start = number
        if raw.endswith("\\") and not comment:
            parts.append(piece.rstrip("\\"))
            continue
        parts.append(piece)
        yield from _bare(start, "".join(parts))
        parts = []
    if parts:
        yield from _bare(start, "".join(parts))


def _bare(number: int, text: str) -> Iterator[_Line]:
    bare = _COMMENT.sub("", text).strip()
    if bare:
        yield _Line(number, bare)


def _requirement(line: _Line) -> Pin | Fault:
    options = _OPTION.findall(" " + line.text)
    bare = _OPTION.sub("", line.text).strip()
    hashes = tuple(value for option, value in options if option == "hash")
    if " --" in bare:
        return Fault(line.number, "an option of the requirement is not known")
    if _VARIABLE.search(bare):
        return Fault(line.number, "the requirement depends on an environment variable")
    found = _REQUIREMENT.fullmatch(bare)
    name = normal_name(found["name"]) if found else None
    rest = found["rest"].strip() if found else ""
    if found is None or name is None or not _begins_right(rest):
        return _unnamed(line.number, bare, hashes)
    if rest.startswith("@"):
        return _direct(name, rest[1:].strip(), hashes, line.number)
    specifier, _, marker = rest.partition(";")
    exact = _EXACT.fullmatch(specifier.strip().strip("()").strip())
    version = normal_version(exact["version"]) if exact else None
    return judged(name, version, hashes, line=line.number, conditional=bool(marker.strip()))


def _begins_right(rest: str) -> bool:
    return not rest or rest[0] in "=<>!~(;@"


def _direct(name: str, address: str, hashes: tuple[str, ...], line: int) -> Pin:
    """A requirement that is fetched from one address; a digest binds it, the file's name says the version."""
    url, _, marker = address.partition(" ;")
    parts = urlsplit(url.strip()) if _is_address(url) else None
    if parts is None or "+" in parts.scheme or parts.scheme == "file":
        return judged(
            name, None, hashes, line=line, fault="comes from version control or a folder, which no digest binds"
        )
    fragment = parts.fragment.partition("=")
    inline = (f"{fragment[0]}:{fragment[2]}",) if fragment[0].lower() in {"sha256", "sha384", "sha512"} else ()
    file = unquote(parts.path.rpartition("/")[2])
    named = _WHEEL.fullmatch(file) or _ARCHIVE.fullmatch(file)
    version = normal_version(named["version"]) if named and normal_name(named["name"]) == name else None
    return judged(name, version, (*hashes, *inline), line=line, conditional=bool(marker.strip()))


def _unnamed(line: int, bare: str, hashes: tuple[str, ...]) -> Pin | Fault:
    """An address or file without a name in front; its own file name tells which distribution it is."""
    url, _, marker = bare.partition(" ;")
    if not _is_address(url):
        return Fault(line, "is neither a requirement nor an option")
    file = unquote(urlsplit(url).path.rpartition("/")[2])
    named = _WHEEL.fullmatch(file) or _ARCHIVE.fullmatch(file)
    name = normal_name(named["name"]) if named else None
    if name is None:
        return Fault(line, "an address does not tell which distribution it is")
    return _direct(name, f"{url} ;{marker}" if marker else url, hashes, line)


def _is_address(text: str) -> bool:
    try:
        return bool(urlsplit(text.strip()).scheme) and ":" in text
    except ValueError:
        return False
