"""One generation of a model: exactly the bytes that a trusted key sealed, read once, as a session.

Source: A-MLSG-004-D002; R10: CVE-2026-4137 (exchange between download and load); R11: CVE-2025-51480 (tensors).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from redan.canon import Json, digest, parse_canonical
from redan.errors import InputError, InvalidError, UsageError
from redan.files import read_bounded
from redan.gateway.local_model import LocalModel, local_model
from redan.guards.own import Around
from redan.guards.reference import LIMIT_BYTES, Reference, read_reference
from redan.models.onnx_ends import gives_shares
from redan.models.onnx_external import is_onnx, locations
from redan.models.onnx_session import onnx_session
from redan.models.onnx_unknowns import unknowns
from redan.models.source import Vouched, below, vouched
from redan.models.whole import whole_digest
from redan.scan import ScanVerdict, scan_bytes
from redan.scan.region import Region
from redan.seal.oms import Trust

_LIMIT_BYTES = 4 << 30
_SEAL_LIMIT_BYTES = 64 << 20
_PIECES = 1000
_CARD = "release.json"  # what a pull leaves beside the files, as redan.seal.distribution writes it
_CARD_LIMIT_BYTES = 4 << 20
_ROWS = 2  # axes of rows and columns
_WORD = 12  # hex digits that clients are told of a generation


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a sealed model lies.

    Args:
        path: of the ONNX file.
        seal: of the file, or of the folder `within`.
        trust: whose seal is believed.
        within: the folder that the seal covers; None when it covers the file alone.
        reference: the file of its reference in that folder; None when none is declared.
        screen: where the model lies that looks at its input first; None when none is declared.
        releases: whether only what a pull installed is served, and never an older release than before.
        threads: of the runtime for one answer.
    """

    path: Path
    seal: Path
    trust: Trust
    within: Path | None = None
    reference: Path | None = None
    screen: "Place | None" = None
    releases: bool = False
    threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A model that can be asked, and what it was made from.

    Args:
        model: over the verified bytes.
        sha256: over the bytes of the model and its external tensors.
        root: the one name of everything that the seal covers.
        signer: who sealed it, in words.
        unknowns: numbers that describe it, the unit of leak budgets.
        release: number in its distribution, the newest has the highest; None where none is declared.
        reference: what was measured of this very model, from sealed bytes; None where none is declared.
        screen: the model that looks at its input first; None where none is declared.
        shares: of its outputs in rows, whether their numbers are from 0 to 1; None where that cannot be told.
        around: guards of its own; None until what is declared of it was made into them.
    """

    model: LocalModel
    sha256: str
    root: str
    signer: str
    unknowns: int
    release: int | None = None
    reference: Reference | None = None
    screen: "Generation | None" = None
    shares: Mapping[str, bool | None] = field(default_factory=dict)
    around: Around | None = None

    def same(self, other: "Generation") -> bool:
        """Whether another one is made from the same sealed bytes, under the same name."""
        mine, its = self.screen, other.screen
        alike = (mine is None and its is None) or (mine is not None and its is not None and mine.same(its))
        return alike and (self.sha256, self.root, self.model.version) == (other.sha256, other.root, other.model.version)

    def told(self) -> dict[str, Json]:
        """What an operator is told of it."""
        return {
            "version": self.model.version,
            "sha256": self.sha256,
            "root": self.root,
            "signer": self.signer,
            "unknowns": self.unknowns,
            "release": self.release,
            "guard": None if self.screen is None else self.screen.sha256,
        }


def load_generation(place: Place) -> Generation:
    """A generation from the bytes that lie there now.

    Raises:
        InvalidError: the seal does not verify or does not cover the model or one of its files.
        InputError: it is no ONNX model, or the scan found something in it.
        UsageError: the seal or the card of the release is missing.
        MissingExtraError: onnxruntime is not installed.
    """
    source, data, pieces = _read(place)
    if not is_onnx(data):
        raise InputError("only ONNX models are served", where=str(place.path), remedy="export the model to ONNX")
    _scan(place, data, pieces)
    session, _, _ = onnx_session(data, pieces, threads=place.threads)
    sealed = source.verified.sealed
    digested = _digest(data, pieces)
    version, number = _release(place, sealed.root)
    model = local_model(session, version or digested[:_WORD])
    return Generation(
        model=model,
        sha256=digested,
        root=sealed.root,
        signer=sealed.signer,
        unknowns=unknowns(data),
        release=number,
        reference=_reference(place, source, digested),
        screen=None if place.screen is None else load_generation(place.screen),
        shares={port.name: gives_shares(data, port.name) for port in model.outputs if len(port.shape) == _ROWS},
    )


def still_sealed(place: Place, generation: Generation) -> bool:
    """Whether what lies there now is sealed, and is what is in service.

    Raises:
        InvalidError: it is not as it was sealed.
        InputError: it cannot be read.
    """
    source, data, pieces = _read(place)
    digested = _digest(data, pieces)
    _reference(place, source, digested)
    same = digested == generation.sha256
    if place.screen is not None and generation.screen is not None:
        same = still_sealed(place.screen, generation.screen) and same
    return same


def _read(place: Place) -> tuple[Vouched, bytes, dict[str, bytes]]:
    """The bytes of the model and of its external tensors; each must be in the seal, and is read once."""
    if not place.seal.is_file():
        raise UsageError("no seal vouches for the model", where=str(place.path), remedy="seal it: redan seal")
    bundle = read_bounded(place.seal, _SEAL_LIMIT_BYTES)
    source = vouched(place.path, place.within, bundle, place.trust, ())
    data = source.read(source.name, _LIMIT_BYTES)
    names = locations(data) if is_onnx(data) else ()
    if len(names) > _PIECES:
        raise InputError(f"the model's tensors lie in more than {_PIECES:,} files", where=str(place.path))
    left = _LIMIT_BYTES - len(data)
    folder = PurePosixPath(source.name).parent
    pieces: dict[str, bytes] = {}
    for name in names:
        pieces[name] = source.read((folder / name).as_posix(), left)
        left -= len(pieces[name])
    return source, data, pieces


def _scan(place: Place, data: bytes, pieces: Mapping[str, bytes]) -> None:
    regions = {PurePosixPath(name).as_posix(): Region.of(held) for name, held in pieces.items()}
    scanned = scan_bytes(data, place.path.name, siblings=lambda name: regions.get(PurePosixPath(name).as_posix()))
    if scanned.verdict is not ScanVerdict.CLEAN:
        first = next(iter(scanned.detections), None)
        why = "it was not understood" if first is None else f"{first.rule}, {first.what}"
        raise InputError(f"the scan does not let it pass: {why}", where=str(place.path), remedy="see redan scan")


def _digest(data: bytes, pieces: Mapping[str, bytes]) -> str:
    return whole_digest(digest(data), [(name, digest(held)) for name, held in pieces.items()])


def _reference(place: Place, source: Vouched, digested: str) -> Reference | None:
    """The reference from the seal's own bytes; it must be of this very model."""
    if place.reference is None:
        return None
    where = str(place.reference)
    name = None if place.within is None else below(place.reference, place.within)
    if name is None:
        raise UsageError(
            "the seal covers the model and not its reference",
            where=where,
            remedy="put both into one folder, seal the folder and name it as the model's bundle",
        )
    found = read_reference(source.read(name, LIMIT_BYTES), where)
    if found.model != digested:
        raise InvalidError(
            "the reference is of another model", where=where, remedy="make it anew: redan defend reference"
        )
    return found


def _release(place: Place, root: str) -> tuple[str | None, int | None]:
    """Version and number of the release that a pull installed; nothing where no distribution is declared."""
    if not place.releases:
        return None, None
    card = next((folder / _CARD for folder in place.path.parents if (folder / _CARD).is_file()), None)
    if card is None:
        raise UsageError(
            "no pull put the model there, and a distribution of it is declared",
            where=str(place.path),
            remedy="install it: redan pull",
        )
    try:
        found = parse_canonical(read_bounded(card, _CARD_LIMIT_BYTES), limit_bytes=_CARD_LIMIT_BYTES)
    except ValueError as error:
        raise InvalidError(f"the card of the release is malformed: {error}", where=str(card)) from error
    version, number = (found.get("version"), found.get("number")) if isinstance(found, dict) else (None, None)
    if not isinstance(version, str) or not isinstance(number, int) or isinstance(number, bool):
        raise InvalidError("the card of the release names none", where=str(card), remedy="install it: redan pull")
    if not isinstance(found, dict) or found.get("root") != root:
        raise InvalidError("the card is of another release", where=str(card), remedy="install it: redan pull")
    return version, number
