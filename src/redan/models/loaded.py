"""What was loaded: the runtime object, and the facts about its bytes that evidence needs."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from redan.canon import Json
from redan.models.whole import whole_digest
from redan.scan.records import Scanned

if TYPE_CHECKING:
    from redan.models.model import Model
    from redan.seal.oms import Sealed

UNSEALED = "unsafe_unsealed"
FORMAT = "unsafe_format"


class By(NamedTuple):
    """What vouches for the bytes.

    Args:
        root: root digest of the seal.
        key_id: of the key, certificate or identity that it verified against.
        method: `key`, `certificate` or `sigstore`.
    """

    root: str
    key_id: str
    method: str

    @classmethod
    def of(cls, sealed: "Sealed | None") -> "By | None":
        """What a verified seal comes to; None without one."""
        return None if sealed is None else cls(sealed.root, sealed.key_id, sealed.method)


class Piece(NamedTuple):
    """One further file whose bytes became part of the model, with its SHA-256."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A model in memory, and what is known of the bytes that it was made from.

    Args:
        runtime: an onnxruntime session, a dictionary of tensors, or an estimator.
        format: one of `redan.models.formats.Format`.
        name: of the file, without its folder when nothing seals the folder.
        sha256: of exactly the bytes that were loaded.
        size: of those bytes.
        pieces: further files that were read, such as external tensors, each verified like the model itself.
        sealed_by: the seal that covers all of them; None when nothing does.
        scan: what the scan said of exactly those bytes.
        loader: name of the distribution that read them.
        loader_version: of that distribution.
        unsafe: the `unsafe_` options without which nothing would have been loaded.
        trusted: types of a skops file that the caller named.
    """

    runtime: object = field(repr=False, compare=False)
    format: str
    name: str
    sha256: str
    size: int
    pieces: tuple[Piece, ...] = ()
    sealed_by: By | None
    scan: Scanned
    loader: str
    loader_version: str
    unsafe: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """SHA-256 over the model and its further files together."""
        return whole_digest(self.sha256, self.pieces)

    def model(self) -> "Model":
        """The one interface over sessions and estimators.

        Raises:
            InputError: it is neither, such as a dictionary of tensors.
        """
        from redan.models.model import model_of

        return model_of(self.runtime)

    def to_json(self) -> dict[str, Json]:
        """The facts as evidence writes them: digests and names, nothing of the model's content."""
        return {
            "name": self.name,
            "format": self.format,
            "sha256": self.sha256,
            "size": self.size,
            "pieces": [{"name": piece.name, "sha256": piece.sha256} for piece in self.pieces],
            "seal": None if self.sealed_by is None else self.sealed_by._asdict(),
            "scan": {"verdict": self.scan.verdict.value, "format": self.scan.format},
            "loader": {"name": self.loader, "version": self.loader_version},
            "unsafe": list(self.unsafe),
            "trusted": list(self.trusted),
        }
