"""Whoever attacks parts of a campaign elsewhere: opens the verified bytes as the driver did, and keeps its work."""

import hashlib
import shutil
import tempfile
import weakref
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from redan.attacks.campaign.fitting import Wanted, campaign_of
from redan.attacks.campaign.inputs import LIMIT_BYTES, Arrays, Opening, Target
from redan.attacks.campaign.parts import Campaign, Part
from redan.attacks.campaign.tried import Tried
from redan.errors import IncompleteError, InputError, RedanError, UsageError
from redan.extras import missing_import

if TYPE_CHECKING:
    from redan.attacks.tables.encode import Rows

_VERSIONS = ("redan", "numpy", "torch", "onnxruntime", "scikit-learn", "dtai-veritas")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cargo:
    """What every worker gets, once.

    Args:
        opening: how the model is opened; its path is that of the first file.
        files: bytes of the model's files by name, its own first.
        digests: SHA-256 of each, as the driver verified them.
        read: samples and labels, or encoded rows.
        wanted: of the campaign, without what belongs to the driver.
        threads: of a worker, as many as the driver's, since sums depend on them.
        versions: of what computes, since answers depend on them.
        kept: whether work is kept.
    """

    opening: Opening
    files: dict[str, bytes]
    digests: dict[str, str]
    read: "Arrays | Rows"
    wanted: Wanted
    threads: int
    versions: dict[str, str]
    kept: bool


class Outcome(NamedTuple):
    """What became of a part.

    Args:
        tried: what was tried; None where it was not finished.
        work: what was added to the work file.
        fault: class and words of an error of redan's own.
    """

    tried: Tried | None
    work: bytes
    fault: tuple[str, str, str | None, str | None] | None = None


class Worker:
    """Attacks parts, one at a time."""

    def __init__(self, cargo: Cargo) -> None:
        """Opens the model from the bytes that the driver verified.

        Args:
            cargo: of the campaign.
        """
        self._cargo = cargo
        self._folder = Path(tempfile.mkdtemp(prefix="redan-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._work = self._folder / "work"
        self._campaign: Campaign | None = None
        self._begun = 0

    def attempt(self, part: Part, work: bytes) -> Outcome:
        """Attacks one part.

        Args:
            part: of the campaign.
            work: content of its work file, if it was begun.
        """
        self._work.unlink(missing_ok=True)
        if work:
            self._work.write_bytes(work)
        self._begun = len(work)
        try:
            tried = self._opened().attempt(part, self._work if self._cargo.kept else None)
        except RedanError as error:
            fault = (type(error).__name__, error.what, error.where, error.remedy)
            return Outcome(None, self.news(self._begun), fault)
        return Outcome(tried, self.news(self._begun))

    def news(self, start: int) -> bytes:
        """What the work file holds from some byte on; asked while a part is attacked."""
        if not self._work.exists():
            return b""
        with self._work.open("rb") as file:
            file.seek(start)
            return file.read()

    def close(self) -> None:
        """Removes what it wrote."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _opened(self) -> Campaign:
        if self._campaign is None:
            cargo = self._cargo
            _same(cargo.versions, versions())
            _threads(cargo.threads)
            folder = self._folder / "model"
            unpacked(cargo, folder)
            opening = replace(cargo.opening, word=str(folder / next(iter(cargo.files))))
            own = cargo.read._replace(x=cargo.read.x.copy(), y=cargo.read.y.copy())  # what is shared cannot be written
            self._campaign = campaign_of(opening(), Path(opening.word), own, cargo.wanted)
            shutil.rmtree(folder, ignore_errors=True)  # it is in memory; nothing lies about when the worker dies
        return self._campaign


def cargo_of(opening: Opening, target: Target, path: Path, read: "Arrays | Rows", wanted: Wanted) -> Cargo:
    """A campaign as it travels: the bytes of the model, never an object made from them.

    Raises:
        UsageError: the model is behind an address.
        InputError: the file changed since it was opened.
    """
    if target.endpoint is not None:
        raise UsageError("an endpoint is asked from one place", remedy="leave out the workers")
    from redan.files import read_bounded
    from redan.models.formats import Format, recognise
    from redan.models.onnx_external import locations

    data = read_bounded(path, LIMIT_BYTES)
    if hashlib.sha256(data).hexdigest() != target.of.removeprefix("sha256:"):
        raise InputError("the file changed since it was opened", where=str(path), remedy="start again")
    files = {path.name: data}
    if recognise(data) is Format.ONNX:
        files |= {name: read_bounded(path.parent / name, LIMIT_BYTES) for name in locations(data)}
    return Cargo(
        opening=opening,
        files=files,
        digests={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        read=read,
        wanted=wanted._replace(work=None, progress=None, cluster=None),
        threads=_threads(0),
        versions=versions(),
        kept=wanted.work is not None,
    )


def unpacked(cargo: Cargo, folder: Path) -> None:
    """Writes the files of a cargo below a folder.

    Raises:
        InputError: a file is not what the driver verified, or would lie outside.
    """
    for name, content in cargo.files.items():
        steps = PurePosixPath(name)
        if steps.is_absolute() or ".." in steps.parts or "\\" in name:
            raise InputError("a file of the model would lie outside of its folder", where=name)
        if hashlib.sha256(content).hexdigest() != cargo.digests[name]:
            raise InputError("a file of the model is not what was verified", where=name, remedy="start again")
        (folder / steps).parent.mkdir(parents=True, exist_ok=True)
        (folder / steps).write_bytes(content)


def versions() -> dict[str, str]:
    """Of what computes."""
    found = {}
    for name in _VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def _same(driver: dict[str, str], here: dict[str, str]) -> None:
    other = [
        f"{name} {here[name] or 'is missing'}, not {driver[name]}" for name in driver if driver[name] != here[name]
    ]
    if other:
        raise IncompleteError(
            f"a worker has {'; '.join(other)}", remedy="install the same versions everywhere, since answers differ"
        )


def _threads(wanted: int) -> int:
    """Threads of a sum, set where some are wanted."""
    if missing_import("torch") is not None:
        return 1
    import torch

    if wanted:
        torch.set_num_threads(wanted)
    return int(torch.get_num_threads())
