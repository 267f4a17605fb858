"""Seals of datasets: the bundle over the bytes, the signed statement of the content, and the record of the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from redan.content.comparison import Comparison
from redan.content.digest import ContentDigest
from redan.errors import UsageError

if TYPE_CHECKING:
    from redan.seal.keys import PublicKey
    from redan.seal.oms import Progress
    from redan.seal.oms.records import Signing

CONTENT_SUFFIX = ".content.json"
ROWS_SUFFIX = ".rows"
KEY_SUFFIX = ".rows.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSeal:
    """The files of one seal of one dataset.

    Args:
        seal: the OMS bundle.
        content: the signed statement of the content, `SEAL.content.json`.
        rows: the encrypted record of the rows, `SEAL.rows`.
        rows_key: the secret that opens the record, `SEAL.rows.key`; keep it with the data, never with the seal.
        digest: the content's digests.
    """

    seal: Path
    content: Path
    rows: Path
    rows_key: Path
    digest: ContentDigest


def seal_dataset(
    path: Path,
    signer: "Signing",
    seal: Path,
    *,
    identifiers: Sequence[str] = (),
    bundle: bytes | None = None,
    rows_key: Path | None = None,
    progress: "Progress | None" = None,
) -> DatasetSeal:
    """Seals one table: writes `seal`, `seal`.content.json and `seal`.rows, and `seal`.rows.key if there is none.

    Args:
        path: a file that `redan.tables.open_table` reads.
        signer: an ECDSA key, as the bundle asks for.
        seal: where the bundle goes.
        identifiers: columns that tell rows apart; without them rows are aligned by what they hold.
        bundle: an OMS bundle over `path` that was signed just now; signed here when None.
        rows_key: where the record's secret lies or goes, instead of beside the seal.
        progress: told (done, total, name) while bytes are hashed.

    Raises:
        InputError: the file is no table, holds nested values, or changed while it was read.
        UsageError: a file cannot be written, or the key is of a kind that a seal cannot have.
    """
    raise UsageError("not there yet")


def verify_dataset(
    path: Path, seal: Path, key: "PublicKey", *, rows_key: Path | None = None, recompute: bool = False
) -> Comparison:
    """What became of a sealed table.

    Every signature is verified before what it covers is parsed.

    Args:
        path: the table today.
        seal: the bundle; `.content.json` and `.rows` lie beside it.
        key: the one trusted key.
        rows_key: the record's secret; `seal`.rows.key when None.
        recompute: digest the content even when the bytes are the sealed ones.

    Returns:
        The comparison; `comparison.check()` raises InvalidError unless the bytes are the sealed ones.

    Raises:
        InvalidError: the seal, the statement or the record is not what was signed; names the file.
        InputError: the table cannot be read any more.
    """
    raise UsageError("not there yet")
