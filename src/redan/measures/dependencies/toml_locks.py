"""Lock files in TOML: `pylock.toml` (PEP 751), `uv.lock`, `poetry.lock`; and `Pipfile.lock`, which is JSON.

Source: PyPA specification "pylock.toml"; the lock formats of uv (version 1), Poetry 2 and Pipenv (pipfile-spec 6).
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from redan.canon import parse_strict
from redan.measures.dependencies.names import normal_name, normal_version
from redan.measures.dependencies.pins import Fault, Lock, Pin, judged

_HERE = frozenset({".", "./", ""})
_PACKAGE_LINE = re.compile(r"^[ \t]*\[\[[ \t]*packages?[ \t]*\]\]", re.MULTILINE)


def read_toml_lock(text: str) -> Lock:
    """What a lock file in TOML pins.

    Args:
        text: of the file.

    Raises:
        ValueError: it is not TOML, or none of the formats that are known.
    """
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("is not TOML") from error
    lines = [text.count("\n", 0, m.start()) + 1 for m in _PACKAGE_LINE.finditer(text)]
    if isinstance(values.get("lock-version"), str) and "packages" in values:
        return _lock("pylock", _tables(values["packages"]), lines, _pylock)
    if isinstance(values.get("version"), int) and "package" in values and "metadata" not in values:
        return _lock("uv", _tables(values["package"]), lines, _uv)
    metadata = values.get("metadata")
    if isinstance(metadata, dict) and "package" in values and isinstance(metadata.get("lock-version"), str):
        return _lock("poetry", _tables(values["package"]), lines, _poetry)
    raise ValueError("is no lock file of a known kind")


def read_pipfile_lock(data: bytes, *, limit_bytes: int) -> Lock:
    """What a `Pipfile.lock` pins.

    Raises:
        ValueError: it is not JSON, or no lock file of Pipenv.
    """
    value = parse_strict(data, limit_bytes=limit_bytes)
    if not isinstance(value, dict) or not isinstance(value.get("_meta"), dict) or "default" not in value:
        raise ValueError("is no lock file of a known kind")
    pins: list[Pin] = []
    for section, packages in value.items():
        if section == "_meta":
            continue
        if not isinstance(packages, dict):
            raise ValueError("has a section that is no table")  # noqa: TRY004 -- one kind of refusal
        pins.extend(_pipenv(name, entry) for name, entry in packages.items())
    return Lock(kind="pipenv", pins=tuple(pins))


def _tables(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise ValueError("has packages that are no tables")
    return value


def _lock(kind: str, tables: list[Mapping[str, Any]], lines: list[int], read: Any) -> Lock:  # noqa: ANN401
    pins: list[Pin] = []
    faults: list[Fault] = []
    for index, table in enumerate(tables):
        line = lines[index] if len(lines) == len(tables) else 1
        name = normal_name(table["name"]) if isinstance(table.get("name"), str) else None
        if name is None:
            faults.append(Fault(line, "a package has no name that a distribution can have"))
        else:
            pins.append(read(name, table, line))
    return Lock(kind=kind, pins=tuple(pins), faults=tuple(faults))


def _version(table: Mapping[str, Any]) -> str | None:
    found = table.get("version")
    return normal_version(found) if isinstance(found, str) else None


def _pylock(name: str, table: Mapping[str, Any], line: int) -> Pin:
    directory = table.get("directory")
    if isinstance(directory, dict) and directory.get("path") in _HERE:
        return Pin(name=name, version=_version(table), line=line, own=True)
    fault = (
        "comes from version control or a folder, which no digest binds" if {"vcs", "directory"} & table.keys() else None
    )
    files = [table[key] for key in ("archive", "sdist") if isinstance(table.get(key), dict)]
    wheels = table.get("wheels")
    files += [wheel for wheel in wheels if isinstance(wheel, dict)] if isinstance(wheels, list) else []
    return _judged(
        name, table, [_each(file.get("hashes")) for file in files], line, conditional="marker" in table, fault=fault
    )


def _uv(name: str, table: Mapping[str, Any], line: int) -> Pin:
    source = table.get("source")
    kinds = source if isinstance(source, dict) else {}
    if any(kinds.get(key) in _HERE for key in ("editable", "virtual", "directory") if key in kinds):
        return Pin(name=name, version=_version(table), line=line, own=True)
    unbound = {"git", "editable", "virtual", "directory"} & kinds.keys()
    fault = "comes from version control or a folder, which no digest binds" if unbound else None
    wheels = table.get("wheels")
    files = [*(wheels if isinstance(wheels, list) else []), table.get("sdist")]
    hashes = [_one(file.get("hash")) for file in files if isinstance(file, dict)]
    return _judged(name, table, hashes, line, conditional="resolution-markers" in table, fault=fault)


def _poetry(name: str, table: Mapping[str, Any], line: int) -> Pin:
    source = table.get("source")
    kind = source.get("type") if isinstance(source, dict) else None
    unbound = kind in {"git", "directory"}
    fault = "comes from version control or a folder, which no digest binds" if unbound else None
    files = table.get("files")
    hashes = [_one(file.get("hash")) for file in files if isinstance(file, dict)] if isinstance(files, list) else []
    return _judged(
        name, table, hashes, line, conditional="markers" in table or bool(table.get("optional")), fault=fault
    )


def _pipenv(text: str, entry: object) -> Pin:
    name = normal_name(text) or "unnamed"
    table = entry if isinstance(entry, dict) else {}
    unbound = any(key in table for key in ("git", "path", "editable"))
    fault = "comes from version control or a folder, which no digest binds" if unbound else None
    written = table.get("version")
    exact = isinstance(written, str) and written.startswith("==")
    version = normal_version(written.removeprefix("==")) if exact and isinstance(written, str) else None
    hashes = tuple(_one_each(table.get("hashes")))
    return judged(name, version, hashes, line=1, conditional="markers" in table, fault=fault)


def _judged(
    name: str,
    table: Mapping[str, Any],
    files: list[tuple[str, ...]],
    line: int,
    *,
    conditional: bool,
    fault: str | None,
) -> Pin:
    """A pin whose every file has a digest; one file without is a way in."""
    if fault is None and files and not all(files):
        fault = "has a file without a digest"
    texts = tuple(text for file in files for text in file)
    return judged(name, _version(table), texts, line=line, conditional=conditional, fault=fault)


def _each(hashes: object) -> tuple[str, ...]:
    """The digests of a `hashes` table; those that installers refuse are left out where a stronger one is given."""
    if not isinstance(hashes, dict):
        return ()
    strong = [f"{key}:{value}" for key, value in hashes.items() if key in {"sha256", "sha384", "sha512"}]
    return tuple(strong or [f"{key}:{value}" for key, value in hashes.items()])


def _one(text: object) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else ()


def _one_each(texts: object) -> Iterator[str]:
    entries: Iterable[object] = texts if isinstance(texts, list) else ()
    for text in entries:
        yield text if isinstance(text, str) else ""
