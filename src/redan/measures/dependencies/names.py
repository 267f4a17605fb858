"""Names and versions of distributions, so that two spellings of one are one.

Source: PyPA specifications "Name normalization" (PEP 503), "Version specifiers" (PEP 440), "purl-spec" type pypi.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?"
_NAME = re.compile(NAME)
_RUN = re.compile(r"[-_.]+")
_LIMIT_CHARS = 128
_VERSION = re.compile(
    r"v?(?:(?P<epoch>\d+)!)?(?P<release>\d+(?:\.\d+)*)"
    r"(?:[-_.]?(?P<pre>alpha|beta|preview|pre|a|b|c|rc)[-_.]?(?P<pre_n>\d*))?"
    r"(?:-(?P<post_i>\d+)|[-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_n>\d*))?"
    r"(?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_n>\d*))?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
    re.ASCII,
)
_PRE = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}


def normal_name(text: str) -> str | None:
    """The normal form of a distribution's name: lower case, runs of `-`, `_` and `.` as one `-`.

    Returns:
        None when the text cannot be a distribution's name.
    """
    return _RUN.sub("-", text).lower() if _NAME.fullmatch(text) else None


def normal_version(text: str) -> str | None:
    """The normal form of a version: two spellings of one version have the same.

    Returns:
        Such as `1.2rc1` for `v1.2.0-RC.1`; None when PEP 440 knows no such version.
    """
    bare = text.strip().lower()
    found = _VERSION.fullmatch(bare) if len(bare) <= _LIMIT_CHARS else None
    if found is None:
        return None
    part = found.groupdict(default="")
    release = [part_.lstrip("0") or "0" for part_ in part["release"].split(".")]
    while len(release) > 1 and release[-1] == "0":
        release.pop()
    epoch = part["epoch"].lstrip("0")
    words = [f"{epoch}!" if epoch else "", ".".join(release)]
    if part["pre"]:
        words.append(_PRE.get(part["pre"], part["pre"]) + _number(part["pre_n"]))
    if part["post"] or part["post_i"]:
        words.append(f".post{_number(part['post_n'] or part['post_i'])}")
    if part["dev"]:
        words.append(f".dev{_number(part['dev_n'])}")
    if part["local"]:
        pieces = re.split(r"[-_.]", part["local"])
        words.append("+" + ".".join(_number(p) if p.isdigit() else p for p in pieces))
    return "".join(words)


def _number(digits: str) -> str:
    return digits.lstrip("0") or "0"


class Purl(NamedTuple):
    """A Python distribution as a package URL names it.

    Args:
        name: in normal form.
        version: in normal form; None when the address names none.
    """

    name: str
    version: str | None


def python_purl(text: str) -> Purl | None:
    """What `pkg:pypi/NAME@VERSION` names; None for every other address."""
    scheme, _, rest = text.partition(":")
    rest = rest.partition("#")[0].partition("?")[0].lstrip("/")
    kind, _, rest = rest.partition("/")
    if scheme.lower() != "pkg" or kind.lower() != "pypi":
        return None
    bare, mark, tail = rest.rpartition("@")
    name = normal_name(unquote(bare if mark else tail))
    if name is None:
        return None
    version = normal_version(unquote(tail)) if mark else None
    return None if mark and version is None else Purl(name, version)
