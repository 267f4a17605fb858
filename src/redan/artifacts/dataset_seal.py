"""The seal over a dataset: whether it covers the file's bytes and its content, or what became of the rows since."""

from dataclasses import dataclass
from pathlib import Path

from redan.artifacts.absent import Absent
from redan.artifacts.artifact import Artifact
from redan.artifacts.declared import declared_paths, digested, present
from redan.canon import Json, digest_of
from redan.errors import IncompleteError, InputError, InvalidError, RedanError, UsageError
from redan.system.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSealed:
    """What vouches for a dataset.

    Args:
        element: element id, such as `dataset:train`.
        path: absolute path of the file.
        sha256: of its bytes.
        missing: keys of the description that are not given, of `seal` and `key`.
        fault: what is wrong, one sentence without a full stop; the empty string when the seal is valid.
        ordered: digest of the content that was signed; the empty string when the seal is not valid.
        key_id: of the key that signed; the empty string when the seal is not valid.
        rows: how many were sealed.
        changes: the comparison with what was sealed, counts, row numbers and columns; None when there is none.
    """

    element: str
    path: Path
    sha256: str
    missing: tuple[str, ...] = ()
    fault: str = ""
    ordered: str = ""
    key_id: str = ""
    rows: int = 0
    changes: Json = None

    @property
    def digest(self) -> str:
        """SHA-256 over everything that was found."""
        return digest_of([self.sha256, self.missing, self.fault, self.ordered, self.key_id, self.rows, self.changes])


def dataset_sealed(system: System, element: str) -> Artifact | Absent:
    """The seal over a dataset, verified; absent while there is no file, or while it is encrypted.

    Raises:
        InputError: a declared file is missing or leaves the project; names file and line.
    """
    from redan.artifacts.encryption import encrypted

    pairs = dict(declared_paths(system, element, ("path", "seal", "key")))
    if "path" not in pairs:
        return Absent(element, "no path is declared")
    found = digested(system, element, "path", pairs["path"])
    if isinstance(found, Absent):
        return found
    if encrypted(found[0]):
        return Absent(element, f"{pairs['path']} is encrypted; unlock it for the check")
    missing = tuple(key for key in ("seal", "key") if key not in pairs)
    if missing:
        return DatasetSealed(element=element, path=found[0], sha256=found[1], missing=missing)
    places = [present(system, element, key, pairs[key]) for key in ("seal", "key")]
    absent = next((place for place in places if isinstance(place, Absent)), None)
    if absent is not None:
        return absent
    seal, key = (place for place in places if isinstance(place, Path))
    return _verified(system, DatasetSealed(element=element, path=found[0], sha256=found[1]), seal, key)


def _verified(system: System, found: DatasetSealed, seal: Path, key: Path) -> Artifact | Absent:
    from dataclasses import replace

    from redan.content.dataset import signed_content, verify_dataset
    from redan.seal.keys import load_public

    try:
        public = load_public(key)
        said = verify_dataset(found.path, seal, public)
        signed = signed_content(seal, public)
    except IncompleteError as error:
        return Absent(found.element, str(error))
    except (InvalidError, UsageError, InputError) as error:
        return replace(found, fault=_said(error, system.origin.root))
    if said.same_bytes:
        return replace(found, ordered=signed.digest.ordered, key_id=said.key_id, rows=said.rows)
    return replace(found, fault=said.summary, rows=said.rows, changes=said.to_json())


def _said(error: RedanError, root: Path) -> str:
    """The error in one clause; a file is named below the project, never by where the project lies."""
    where = (error.where or "").replace(f"{root.resolve()}/", "")
    return f"{where}: {error.what}" if where else error.what
