"""Loading: read once, verify, scan, and hand exactly those bytes to a loader that runs nothing of them."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from redan.canon import digest
from redan.errors import InputError, UsageError
from redan.files import read_bounded
from redan.models.formats import RUNS_CODE, Format, recognise
from redan.models.loaded import FORMAT, UNSEALED, By, Loaded, Piece
from redan.models.onnx_external import locations
from redan.models.onnx_session import onnx_session
from redan.models.skops_file import estimator
from redan.models.source import LIMIT_BYTES, Plain, Source, vouched
from redan.models.tensors import tensors
from redan.models.torch_state import script, state_dict
from redan.models.unpickling import unpickle
from redan.scan.records import Detection, Scanned, ScanVerdict
from redan.scan.region import Region
from redan.seal.oms import Trust

SEAL_LIMIT_BYTES = 64 << 20
_PIECES = 10_000  # files of one model with external tensors


class _Runtime(NamedTuple):
    model: object
    loader: str
    version: str


def load(
    path: Path,
    *,
    seal: bytes | Path | None,
    trust: Trust | None,
    within: Path | None = None,
    ignore: Iterable[str] = (),
    trusted: Collection[str] = (),
    unsafe_unsealed: bool = False,
    unsafe_format: bool = False,
    limit_bytes: int = LIMIT_BYTES,
) -> Loaded:
    """A model from exactly the bytes that were verified.

    Each file is opened once, and what was read is hashed, scanned and loaded: a file exchanged meanwhile is found or
    has no effect.

    Args:
        path: the model's file.
        seal: of the file, or of the folder `within`; its bytes or its path. None only with `unsafe_unsealed`.
        trust: the public key, certificate authorities or identity whose seal is believed.
        within: the folder that the seal covers; None when it covers the file alone.
        ignore: files of that folder which the seal need not list; the seal itself never counts.
        trusted: full names of types of a skops file that the caller looked at and trusts.
        unsafe_unsealed: load although nothing vouches for the bytes; on record in the result.
        unsafe_format: load what runs code (a pickle only when it is sealed too) or was not understood; on record.
        limit_bytes: the most that is read of the model and its external tensors together.

    Returns:
        The runtime object with the facts about its bytes.

    Raises:
        UsageError: an option is missing or contradicts another.
        InvalidError: the seal does not verify, or does not cover the bytes.
        InputError: the scan found something malicious, the format is not loaded, or an `unsafe_` option is needed.
        MissingExtraError: the loader is not installed.
        IncompleteError: the loader's version has a published fault.
    """
    _allowed(path, seal, trusted=trust is not None, unsealed=unsafe_unsealed)
    source = _source(path, within, seal, trust, ignore)
    data = source.read(source.name, limit_bytes)
    kind = recognise(data)
    pieces = _pieces(source, data, limit_bytes - len(data)) if kind is Format.ONNX else {}
    scanned = _scan(data, source.name, pieces)
    unsafe = _unsafe(source, kind, scanned, allowed=unsafe_format)
    runtime = _runtime(kind, data, pieces, trusted)
    return Loaded(
        runtime=runtime.model,
        format=kind.value,
        name=source.name,
        sha256=digest(data),
        size=len(data),
        pieces=tuple(Piece(name, digest(piece)) for name, piece in sorted(pieces.items())),
        sealed_by=By.of(source.sealed),
        scan=scanned,
        loader=runtime.loader,
        loader_version=runtime.version,
        unsafe=unsafe,
        trusted=tuple(trusted) if kind is Format.SKOPS else (),
    )


def _allowed(path: Path, seal: bytes | Path | None, *, trusted: bool, unsealed: bool) -> None:
    if seal is None and not unsealed:
        raise UsageError(
            "no seal vouches for the model",
            where=str(path),
            remedy="give seal and trust, or say unsafe_unsealed=True, which is recorded",
        )
    if seal is not None and not trusted:
        raise UsageError("a seal proves nothing without a trusted key", where=str(path), remedy="give trust")


def _source(
    path: Path, within: Path | None, seal: bytes | Path | None, trust: Trust | None, ignore: Iterable[str]
) -> Source:
    if seal is None or trust is None:
        return Plain(path.parent, path.name)
    bundle = read_bounded(seal, SEAL_LIMIT_BYTES) if isinstance(seal, Path) else seal
    return vouched(path, within, bundle, trust, ignore)


def _pieces(source: Source, data: bytes, limit_bytes: int) -> dict[str, bytes]:
    """The bytes of every file with external tensors, by the name that the model uses."""
    names = locations(data)
    if len(names) > _PIECES:
        raise InputError(f"the model's tensors lie in more than {_PIECES:,} files", remedy="save them in fewer")
    folder = PurePosixPath(source.name).parent
    found: dict[str, bytes] = {}
    for name in names:
        left = limit_bytes - sum(map(len, found.values()))
        found[name] = source.read((folder / name).as_posix(), left)
    return found


def _scan(data: bytes, name: str, pieces: Mapping[str, bytes]) -> Scanned:
    from redan.scan import scan_bytes

    regions = {PurePosixPath(piece).as_posix(): Region.of(held) for piece, held in pieces.items()}
    return scan_bytes(data, PurePosixPath(name).name, siblings=lambda n: regions.get(PurePosixPath(n).as_posix()))


def _unsafe(source: Source, kind: Format, scanned: Scanned, *, allowed: bool) -> tuple[str, ...]:
    """The `unsafe_` options that this file needs, all of which were given."""
    if scanned.verdict is ScanVerdict.MALICIOUS:
        raise InputError(f"the model is malicious: {_worst(scanned)}", remedy="do not load it; no option does")
    reason = None
    if kind in RUNS_CODE:
        reason = f"loading or calling a model of format {kind} runs code that the file names"
    elif scanned.verdict is not ScanVerdict.CLEAN and not (kind is Format.SKOPS and _types_alone(scanned)):
        reason = f"the scan did not understand the whole file: {_worst(scanned)}"
    if reason is not None and not allowed:
        raise InputError(
            reason,
            remedy="export it to ONNX, safetensors or skops, or say --unsafe-format, unsafe_format=True, which is told",
        )
    if kind is Format.PICKLE and source.sealed is None:
        raise InputError("a pickle that no trusted key sealed is never loaded", remedy="seal it: redan seal")
    return (*((UNSEALED,) if source.sealed is None else ()), *((FORMAT,) if reason is not None else ()))


def _types_alone(scanned: Scanned) -> bool:
    """Whether all that the scan does not understand is types, which the loader of skops compares with `trusted`."""
    unclear = [d for d in scanned.detections if d.verdict is ScanVerdict.NOT_UNDERSTOOD]
    return not scanned.unread and all(d.rule == "skops-type" for d in unclear)


def _worst(scanned: Scanned) -> str:
    found: Detection | None = next((d for d in scanned.detections if d.verdict is scanned.verdict), None)
    if found is None:
        return next(iter(scanned.unread), "nothing more is known")
    at = "" if found.offset is None else f" at byte {found.offset:,}"
    member = f" in {found.member}" if found.member else ""
    return f"{found.rule}{member}{at}, {found.what}"


def _runtime(kind: Format, data: bytes, pieces: Mapping[str, bytes], trusted: Collection[str]) -> _Runtime:
    match kind:
        case Format.ONNX:
            return _Runtime(*onnx_session(data, pieces))
        case Format.SAFETENSORS:
            return _Runtime(*tensors(data))
        case Format.TORCH | Format.TORCH_LEGACY:
            return _Runtime(*state_dict(data))
        case Format.TORCHSCRIPT:
            return _Runtime(*script(data))
        case Format.SKOPS:
            return _Runtime(*estimator(data, trusted))
        case Format.PICKLE:
            return _Runtime(*unpickle(data))
