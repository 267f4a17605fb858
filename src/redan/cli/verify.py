"""`redan verify`: accept an evidence pack with nothing but the public key, or say which part of it is not as signed."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from redan.errors import InvalidError, UsageError

if TYPE_CHECKING:
    from redan.canon import Json
    from redan.evidence import Verified
    from redan.seal.keys import PublicKey


def verify(
    path: Annotated[Path, typer.Argument(metavar="PACK", help="An evidence pack, as `redan check` writes it.")],
    key: Annotated[
        Path, typer.Option("--key", metavar="PUB", help="The signer's public key, from elsewhere than the pack.")
    ],
    seal: Annotated[
        Path | None, typer.Option("--seal", metavar="SEAL", help="The seal of a file or folder; not available yet.")
    ] = None,
    output: Annotated[Literal["text", "json"], typer.Option("--format", help="Text for people, JSON for programs.")] = (
        "text"
    ),
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Say nothing when it is valid; the exit code answers.")
    ] = False,
) -> None:
    """Verify an evidence pack.

    Works offline, in an empty folder, with the pack and the public key alone. Exit code 0 when every statement, the
    order of the ledger and the list of statements are as signed; 4 when a single byte is not, with the part named.
    Whether the policy is met is the gate's answer: see `redan check` and `redan report`.

    Args:
        path: the pack.
        key: the public key.
        seal: the seal of a file or folder.
        output: `text` or `json`.
        quiet: print nothing when the pack is valid.

    Raises:
        UsageError: the key or the file cannot be read, or a seal was given.
        InvalidError: the pack is not what the signer made.
    """
    from redan.evidence import verify as verified_of
    from redan.evidence.form import PACK_LIMIT_BYTES
    from redan.files import read_bounded
    from redan.seal.keys import load_public

    if seal is not None or path.is_dir():
        raise UsageError(
            "seals of files and folders cannot be verified yet",
            where=str(path),
            remedy="give an evidence pack, without --seal",
        )
    public = load_public(key)
    pack = read_bounded(path.resolve(), PACK_LIMIT_BYTES)
    try:
        verified = verified_of(pack, public)
    except InvalidError as error:
        raise InvalidError(error.what, where=f"{path}: {error.where}", remedy=error.remedy) from error
    if quiet:
        return
    if output == "json":
        sys.stdout.write(json.dumps(as_json(verified, public), indent=2, ensure_ascii=False) + "\n")
        return
    sys.stdout.write("".join(f"{name:<9}{text}\n" for name, text in as_text(path, verified, public)))


def as_json(verified: "Verified", public: "PublicKey") -> "dict[str, Json]":
    """What was verified, schema `redan/verify/v1`."""
    results, head = verified.results, verified.checkpoint
    return {
        "schema": "redan/verify/v1",
        "valid": True,
        "system": results.system_name,
        "stage": results.stage.value,
        "at": results.at.isoformat(),
        "tool": results.tool,
        "seed": results.seed,
        "statements": verified.statements,
        "key": {"id": verified.key_id, "kind": public.kind},
        "policy": {
            "sha256": results.policy_sha256,
            "registered": verified.registered.isoformat(),
            "index": verified.policy_index,
            "first_result_index": verified.first_index,
        },
        "ledger": {"origin": head.origin, "size": head.size, "root": head.root.hex()},
        "controls": [
            {
                "id": control.control_id,
                "outcome": control.outcome.value,
                "evidence": verified.evidence[control.control_id],
            }
            for control in results.controls
        ],
    }


def as_text(path: Path, verified: "Verified", public: "PublicKey") -> list[tuple[str, str]]:
    """What was verified, as lines of a word and a sentence."""
    results, head = verified.results, verified.checkpoint
    counts = Counter(control.outcome.value for control in results.controls)
    return [
        ("valid", str(path)),
        ("system", f"{_plain(results.system_name)}, stage {results.stage}, checked {_time(verified)}"),
        ("signed", f"{verified.statements} statements by key {verified.key_id[:16]} ({public.kind})"),
        (
            "policy",
            (
                f"{results.policy_sha256[:16]}, registered as entry {verified.policy_index:,}, "
                f"before the first result (entry {verified.first_index:,})"
            ),
        ),
        ("ledger", f"{_plain(head.origin)}, {head.size:,} entries, root {head.root.hex()[:16]}"),
        ("controls", ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())),
    ]


def _time(verified: "Verified") -> str:
    return verified.results.at.strftime("%Y-%m-%d %H:%M:%S UTC")


def _plain(text: str) -> str:
    """Text of a pack for a terminal: what could steer one is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
