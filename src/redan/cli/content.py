"""What `redan seal` and `redan verify` do beside the bundle when the sealed file is a table."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from redan.errors import InputError, UsageError

if TYPE_CHECKING:
    from redan.content import Comparison
    from redan.content.dataset import Beside
    from redan.seal.oms import Made, Sealer, Signing

# Text files and databases of other kinds share the other suffixes that `open_table` reads.
TABLES = frozenset(
    {".csv", ".tsv", ".tab", ".parquet", ".pq", ".jsonl", ".ndjson", ".arrow", ".feather", ".ipc", ".duckdb"}
)


def concerned(path: Path, seal: Path) -> bool:
    """Whether a seal is one of a table, or was; asked before anything heavy is imported."""
    return _is_table(path) or any(os.path.lexists(f"{seal}{suffix}") for suffix in (".content.json", ".rows"))


def check_beside(path: Path, out: Path) -> None:
    """Refuses, before anything is written, to write a table's seal over files that are none of a seal.

    Args:
        path: what is to be sealed.
        out: where the seal goes.

    Raises:
        UsageError: a file that is no part of an older seal has the name, or the key of rows there is none.
    """
    if not _is_table(path) or not concerned(path, out):
        return
    from redan.content.dataset import beside
    from redan.content.rows import load_secret

    files = beside(out)
    for file in files[:2]:
        if os.path.lexists(file) and not _of_a_seal(file):
            raise UsageError(
                "exists and is no part of a seal", where=str(file), remedy="name another file with --output"
            )
    if os.path.lexists(files.rows_key):
        load_secret(files.rows_key)


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
    if not identifiers and not concerned(path, out):
        return []
    from redan.content.dataset import beside, seal_dataset

    files = beside(out)
    if not _is_table(path):
        if identifiers:
            raise UsageError("only a table has identifiers", where=str(path), remedy="leave out --identifier")
        _forget(files)
        return []
    if made.method != "key":
        _forget(files)
        return [("content", "not digested: only a seal with a key of its own says what rows and columns hold")]
    had_key = os.path.lexists(files.rows_key)
    try:
        sealed = seal_dataset(path, cast("Signing", signer), out, bundle=made.bundle, identifiers=identifiers)
    except InputError as error:
        if identifiers:
            raise
        _forget(files)
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


def changed_content(path: Path, seal: Path, key: Path, *, output: str) -> list[tuple[str, str]]:
    """Says what became of a sealed table whose bytes are not the sealed ones.

    Args:
        path: the table today.
        seal: its seal.
        key: the trusted public key's file.
        output: `json` writes the whole comparison to standard output, schema `redan/verify-seal/v1`.

    Returns:
        No line for everything that is no table; one that says why rows could not be compared.

    Raises:
        InvalidError: says what became of the table, or which file of its seal is not as signed.
    """
    if path.is_dir():
        return []
    try:
        found = _compared(path, seal, key)
    except InputError as error:
        return [] if output == "json" else [("content", f"not compared: the file {error.what}")]
    if found is None:
        return []
    if output == "json":
        facts = {
            "schema": "redan/verify-seal/v1",
            "valid": False,
            "path": str(path),
            "seal": str(seal),
            "root": found.root,
            "key": {"id": found.key_id},
            "content": found.to_json(),
        }
        sys.stdout.write(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    found.check()
    return []


def same_content(path: Path, seal: Path, key: Path) -> list[tuple[str, str]]:
    """What the content's files of a valid seal say.

    Returns:
        No line for everything that is no table.

    Raises:
        InvalidError: a file beside the seal is not as signed.
    """
    found = _compared(path, seal, key)
    return [] if found is None else [("content", f"{found.rows:,} rows, with all their columns as they were signed")]


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in TABLES and path.is_file()


def _forget(files: "Beside") -> None:
    """Removes what an earlier seal under the same name had, and nothing else."""
    for stale in files[:2]:
        if _of_a_seal(stale):
            stale.unlink()


def _of_a_seal(file: Path) -> bool:
    """Whether a file begins as the statement or the record of an earlier seal does."""
    from redan.content.rows import MAGIC
    from redan.content.statement import BEGINNING
    from redan.files import open_regular

    try:
        with os.fdopen(open_regular(file), "rb") as found:
            return found.read(max(len(MAGIC), len(BEGINNING))).startswith((MAGIC, BEGINNING))
    except InputError:
        return False


def _compared(path: Path, seal: Path, key: Path) -> "Comparison | None":
    if not concerned(path, seal):
        return None
    from redan.content.dataset import beside, verify_dataset
    from redan.seal.keys import load_public

    if not any(os.path.lexists(file) for file in beside(seal)[:2]):
        return None
    return verify_dataset(path, seal, load_public(key))
