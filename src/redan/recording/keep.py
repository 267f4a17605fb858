"""Seals a record, and keeps it where the checks look for it."""

from pathlib import Path
from typing import NamedTuple

from redan.canon import canonical, digest
from redan.files import write_atomic
from redan.recording.form import TrainingRecord
from redan.recording.statement import payload
from redan.seal import dsse
from redan.seal.in_toto import PAYLOAD_TYPE
from redan.seal.keys import Signer

RECORDS = Path(".redan") / "records"  # below the project's folder


class Kept(NamedTuple):
    """A sealed record on disk: where, and the SHA-256 of its envelope, which the ledger holds."""

    path: Path
    sha256: str


def sealed(record: TrainingRecord, signer: Signer) -> bytes:
    """The canonical DSSE envelope of a record."""
    return canonical(dsse.seal(payload(record), PAYLOAD_TYPE, signer))


def keep(envelope: bytes, folder: Path) -> Kept:
    """Writes an envelope under its own digest.

    Args:
        envelope: from `sealed`.
        folder: made when absent.

    Raises:
        UsageError: it cannot be written.
    """
    sha256 = digest(envelope)
    path = folder / f"{sha256}.json"
    write_atomic(path, envelope)
    return Kept(path, sha256)
