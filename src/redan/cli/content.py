"""What `redan seal` and `redan verify` do beside the bundle when the sealed file is a table."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from redan.errors import InputError, UsageError

if TYPE_CHECKING:
    from redan.content import Comparison
    from redan.seal.keys import PublicKey
    from redan.seal.oms import Made, Sealer, Signing

# Text files and databases of other kinds share the other suffixes that `open_table` reads.
TABLES = frozenset(
    {".csv", ".tsv", ".tab", ".parquet", ".pq", ".jsonl", ".ndjson", ".arrow", ".feather", ".ipc", ".duckdb"}
)


def seal_content(
    path: Path, out: Path, signer: "Signing | Sealer", made: "Made", identifiers: tuple[str, ...] = ()
) -> list[tuple[str, str]]:
    """Writes the content's files of a table's seal.

    Args:
        path: what was sealed.
        out: the seal.
        signer: who signed it.
        made: the seal.
        identifiers: columns that tell rows apart.

    Returns:
        Lines of a word and a sentence; none for everything that is no table.

    Raises:
        UsageError: a file cannot be written, or identifiers were given for what is no table.
        InputError: there is no such column.
    """
    from redan.content.dataset import beside, seal_dataset

    files = beside(out)
    for stale in files[:2]:  # of an earlier seal under the same name
        stale.unlink(missing_ok=True)
    if path.suffix.lower() not in TABLES or not path.is_file():
        if identifiers:
            raise UsageError("only a table has identifiers", where=str(path), remedy="leave out --identifier")
        return []
    if made.method != "key":
        return [("content", "not digested: only a seal with a key of its own says what rows and columns hold")]
    had_key = os.path.lexists(files.rows_key)
    try:
        sealed = seal_dataset(path, cast("Signing", signer), out, bundle=made.bundle, identifiers=identifiers)
    except InputError as error:
        if identifiers:
            raise
        return [("content", f"not digested: {error.what}")]
    digest = sealed.digest
    rows = [
        ("content", f"{digest.rows:,} rows x {len(digest.kinds):,} columns, {digest.ordered}"),
        ("", f"signed in {sealed.content.name}; rows in {sealed.rows.name}"),
    ]
    if not had_key:
        rows.append(
            ("rows key", f"{sealed.rows_key}: names changed rows later; keep it with the data, not with the seal")
        )
    return rows


def compare_content(path: Path, seal: Path, key: "PublicKey") -> "Comparison | None":
    """What became of a sealed table; None when the seal has no content beside it.

    Raises:
        InvalidError: the seal, the statement or the record is not what was signed.
        InputError: the file is no table any more, and not the sealed one.
    """
    from redan.content.dataset import beside, verify_dataset

    if not any(os.path.lexists(file) for file in beside(seal)[:2]):
        return None
    return verify_dataset(path, seal, key)
