"""Where a file that was read belongs: the project, an installed package, Python, the system, or somewhere else."""

import os
import re
from collections.abc import Collection
from enum import StrEnum
from pathlib import Path


class Place(StrEnum):
    """Classes of files; the first three and the last are listed one by one, the others are counted."""

    PROJECT = "project"
    PACKAGE_DATA = "package-data"
    OUTSIDE = "outside"
    PACKAGES = "packages"
    INTERPRETER = "interpreter"
    SYSTEM = "system"
    BYTECODE = "bytecode"
    VERSIONS = "version-control"
    SETTINGS = "user-settings"
    TEMPORARY = "temporary"


LISTED = frozenset({Place.PROJECT, Place.PACKAGE_DATA, Place.OUTSIDE})
# What people train on; such a file is listed even where only software is expected.
_DATA = re.compile(
    rb"\.(csv|tsv|psv|parquet|feather|arrow|ipc|orc|avro|npy|npz|h5|hdf5?|nc|mat|pkl|pickle|joblib|dill|pt|pth|ckpt"
    rb"|safetensors|onnx|gguf|xlsx?|ods|sqlite3?|db|duckdb|arff|libsvm|svm|svmlight|jsonl|ndjson|tfrecords?|rds|rdata"
    rb"|sav|dta|sas7bdat|data|bin)(\.(gz|bz2|xz|zst|lz4|zip))?$",
    re.IGNORECASE,
)
_SITE = re.compile(rb"/(?:site|dist)-packages/")
_PYTHON = re.compile(
    rb"/lib(?:32|64)?/(?:python\d(?:\.\d{1,3})?t?/|python\d{2,4}\.zip$)|/pyvenv\.cfg$|/bin/python[^/]*$"
)
_LIBRARY = re.compile(rb"\.(?:so(?:\.[0-9.]+)?|dylib|dll)$")
_BYTECODE = re.compile(rb"/__pycache__/([^/.]+)\.[a-z]+-[0-9]+[^/]*\.pyc$")
_VERSIONS = re.compile(rb"/\.(?:git|hg|svn)/")
_BY_NAME = (
    (_SITE, Place.PACKAGES),
    (_PYTHON, Place.INTERPRETER),
    (_BYTECODE, Place.BYTECODE),
    (_VERSIONS, Place.VERSIONS),
)
_SYSTEM = (
    *(
        b"/usr/" + part + b"/"
        for part in (b"lib", b"lib32", b"lib64", b"libexec", b"share", b"bin", b"sbin", b"include")
    ),
    *(b"/usr/local/" + part + b"/" for part in (b"lib", b"lib64", b"share", b"bin", b"sbin", b"etc")),
    *(b"/" + part + b"/" for part in (b"lib", b"lib32", b"lib64", b"bin", b"sbin", b"etc", b"run", b"nix/store")),
    b"/var/cache/fontconfig/",
    b"/System/",
    b"/Library/Frameworks/",
)
_BESIDE_PYTHON = (b"/lib/", b"/etc/", b"/share/", b"/ssl/", b"/bin/", b"/include/")
_SETTINGS = (b"/.config/", b"/.cache/fontconfig/", b"/.cache/matplotlib/", b"/.matplotlib/", b"/.gitconfig", b"/.netrc")
_TEMPORARY = (b"/tmp/", b"/var/tmp/", b"/dev/shm/")


def is_data(path: bytes) -> bool:
    """Whether a name is that of a file that data or a model is kept in."""
    return bool(_DATA.search(path))


def place(path: bytes, root: Path, *, home: Path | None = None, prefixes: Collection[bytes] = ()) -> Place:
    """The class of a file.

    Args:
        path: absolute, without links.
        root: the project's folder.
        home: the user's folder.
        prefixes: folders that interpreters were started from, such as `/opt/conda`.
    """
    software = _software(path, root, prefixes)
    if software is not None:
        if not is_data(path) or _path_configuration(path):
            return software
        if software is Place.PACKAGES:
            return Place.PACKAGE_DATA
    if _inside(path, root):
        return Place.PROJECT
    if (
        home is not None
        and not is_data(path)
        and path.startswith(tuple(os.fsencode(home) + name for name in _SETTINGS))
    ):
        return Place.SETTINGS
    return Place.OUTSIDE


def _software(path: bytes, root: Path, prefixes: Collection[bytes]) -> Place | None:
    """The class of a file by its place among software; None where there is none."""
    named = next((where for pattern, where in _BY_NAME if pattern.search(path)), None)
    if named is not None:
        return named
    if _inside(path, root):
        return None
    if path.startswith(_SYSTEM) or _LIBRARY.search(path):
        return Place.SYSTEM
    if any(path.startswith(prefix + name) for prefix in prefixes for name in _BESIDE_PYTHON):
        return Place.INTERPRETER
    return None


def _path_configuration(path: bytes) -> bool:
    """Whether it is a `.pth` file that `site` reads, not weights in a `.pth` file of PyTorch."""
    return path.endswith(b".pth") and bool(re.search(rb"/(?:site|dist)-packages/[^/]+$", path))


def _inside(path: bytes, root: Path) -> bool:
    return path.startswith(os.fsencode(root).rstrip(b"/") + b"/")


def is_temporary(path: bytes, folder: Path) -> bool:
    """Whether a file lies where programs put what they need for a while.

    Args:
        path: absolute.
        folder: the system's folder for temporary files.
    """
    return path.startswith((*_TEMPORARY, os.fsencode(folder) + b"/"))


def source_of(path: bytes) -> bytes | None:
    """The Python source that a compiled file in `__pycache__` stands for (PEP 3147); None for other files."""
    found = _BYTECODE.search(path)
    return None if found is None else path[: found.start()] + b"/" + found[1] + b".py"
