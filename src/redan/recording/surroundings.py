"""Where a run took place, without its secrets: the command, names of variables, versions, the commit."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from redan.errors import escaped

MASK = "***"
# Values that explain a result and hold no secret.
_SETTINGS = (
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_VISIBLE_DEVICES",
    "LANG",
    "LC_ALL",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "PYTHONHASHSEED",
    "PYTHONOPTIMIZE",
    "TZ",
)
_VALUE_CHARS = 200
_SECRET = re.compile(
    r"pass(word|wd|phrase)?|pwd|secret|token|api[-_]?key|access[-_]?key|credential|auth|bearer|sas|signature|private",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"\b([a-zA-Z][a-zA-Z0-9+.-]*://)[^/@\s]+@")
_QUERY = re.compile(r"(?<=\?)[^#\s]+")
_RANDOM = re.compile(r"(?=[^\s]*[0-9])(?=[^\s]*[a-zA-Z])[A-Za-z0-9+/_=.~-]{20,}")
_GIT_S = 20
_TREE_LIMIT_BYTES = 64 << 20
_BLOB_LIMIT_BYTES = 64 << 20


class Commit(NamedTuple):
    """The commit that the project's folder is at.

    Args:
        id: 40 or 64 hex digits.
        differing: names of files that were asked about and are not as in that commit.
    """

    id: str
    differing: tuple[str, ...]


def masked(command: Sequence[str], folder: Path) -> tuple[str, ...]:
    """The words of a command line with whatever may be a secret left out.

    Args:
        command: the words.
        folder: names of files in it are kept.

    Returns:
        As many words. A word after an option such as `--token`, the value in `--token=...` or `API_KEY=...`, what
        stands before `@` and after `?` in an address, and long words of mixed letters and digits that name no file
        become `***`; program text given with `-c` becomes its digest.
    """
    shown: list[str] = []
    before = ""
    for word in command:
        shown.append(_shown_word(word, before, folder))
        before = word
    return tuple(shown)


def _shown_word(word: str, before: str, folder: Path) -> str:
    if before == "-c":
        return f"sha256:{hashlib.sha256(os.fsencode(word)).hexdigest()}"
    if before.startswith("-") and "=" not in before and _SECRET.search(before) and not word.startswith("-"):
        return MASK
    name, equals, value = word.partition("=")
    if equals and "://" not in name:
        hidden = MASK if _SECRET.search(name) else _plain(value, folder)
        return f"{escaped(name)}={hidden}"
    return _plain(word, folder)


def _plain(word: str, folder: Path) -> str:
    clean = _QUERY.sub(MASK, _USERINFO.sub(rf"\1{MASK}@", word)) if "://" in word else word
    if clean == word and not _is_file(word, folder) and _RANDOM.fullmatch(word):
        return MASK
    return escaped(clean)


def _is_file(word: str, folder: Path) -> bool:
    try:
        return bool(word) and (folder / word).exists()
    except (OSError, ValueError):
        return False


def settings(env: Mapping[str, str]) -> dict[str, str]:
    """The few variables whose values are written."""
    return {name: escaped(env[name])[:_VALUE_CHARS] for name in _SETTINGS if name in env}


def variables(env: Mapping[str, str]) -> tuple[str, ...]:
    """The names of all variables, without their values."""
    return tuple(sorted(escaped(name)[:_VALUE_CHARS] for name in env))


def machine() -> str:
    """Operating system and architecture, such as `Linux x86_64`; neither host nor user."""
    return f"{platform.system()} {platform.machine()}"


def own_version() -> str:
    """The version of redan, as it is installed."""
    try:
        return version("redan")
    except PackageNotFoundError:  # run from its sources
        return "unknown"


def commit(folder: Path, files: Iterable[Path]) -> Commit | None:
    """The commit of the repository that a folder lies in, and which files differ from it.

    Only two reading commands of git are run, neither of which starts hooks, filters or other programs that a hostile
    repository configures; files are compared by their own digest, not by git.

    Args:
        folder: inside the repository.
        files: absolute paths without links.

    Returns:
        None when there is no git, no repository, no commit, or git does not trust the folder's owner.
    """
    git = shutil.which("git")
    head = _asked(git, folder, "rev-parse", "--verify", "--show-toplevel", "HEAD") if git else None
    if git is None or head is None:
        return None
    lines = head.splitlines()
    if len(lines) != 2 or not re.fullmatch(rb"[0-9a-f]{40}|[0-9a-f]{64}", lines[1]):  # noqa: PLR2004 -- two questions
        return None
    top, name = Path(os.fsdecode(lines[0])), lines[1].decode()
    tree = _asked(git, top, "ls-tree", "-r", "-z", "--full-tree", name)
    blobs = _blobs(tree or b"")
    differing = [path for path in files if path.is_relative_to(top) and not _same(path, blobs, top)]
    return Commit(name, tuple(escaped(str(path.relative_to(top))) for path in differing))


def _blobs(tree: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for entry in tree.split(b"\0"):
        about, _, name = entry.partition(b"\t")
        words = about.split(b" ")
        if name and len(words) == 3:  # noqa: PLR2004 -- mode, type, object
            found[name] = words[2]
    return found


def _same(path: Path, blobs: Mapping[bytes, bytes], top: Path) -> bool:
    wanted = blobs.get(os.fsencode(path.relative_to(top)))
    try:
        if wanted is None or path.stat().st_size > _BLOB_LIMIT_BYTES:
            return False
        data = path.read_bytes()
    except OSError:
        return False
    kind = hashlib.sha1 if len(wanted) == 40 else hashlib.sha256  # noqa: PLR2004 -- git's two object formats
    return kind(b"blob %d\0" % len(data) + data).hexdigest().encode() == wanted


def _asked(git: str, folder: Path, *words: str) -> bytes | None:
    options = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "protocol.allow=never")
    quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 -- fixed words, no shell
            [git, *options, *words], cwd=folder, env={**kept, **quiet}, capture_output=True, timeout=_GIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 and len(done.stdout) <= _TREE_LIMIT_BYTES else None
