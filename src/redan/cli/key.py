"""`redan key new`: a key pair for signing evidence and the ledger, or models and datasets."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

DEFAULT = Path(".redan/key.pem")


def key_new(
    out: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The private key's file; the public key gets .pub.")
    ] = (DEFAULT),
    kind: Annotated[
        Literal["ed25519", "p256", "p384", "p521"],
        typer.Option(
            "--kind",
            help="Ed25519 signs evidence; an ECDSA key on P-256, P-384 or P-521 signs seals, which know no Ed25519.",
        ),
    ] = "ed25519",
    output: Annotated[Literal["text", "json"], typer.Option("--format", help="Text for people, JSON for programs.")] = (
        "text"
    ),
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing; the files are written.")] = False,
) -> None:
    """Make a key pair for signing evidence or seals.

    The private key is readable by its owner alone and is never overwritten. The public key is what others need to
    verify; give it to them by a way that an attacker cannot change.

    Args:
        out: file of the private key.
        kind: `ed25519`, `p256`, `p384` or `p521`.
        output: `text` or `json`.
        quiet: print nothing.

    Raises:
        UsageError: a file exists already, or the folder cannot be written.
    """
    from redan.seal.keys import generate
    from redan.seal.pair import write_pair

    signer = generate(kind)
    pair = write_pair(signer, out)
    if quiet:
        return
    if output == "json":
        facts = {"schema": "redan/key/v1", "kind": kind, "key_id": signer.public.key_id}
        text = json.dumps({**facts, "private": str(pair.private), "public": str(pair.public)}, indent=2)
    else:
        text = _words(kind, signer.public.key_id, pair.private, pair.public)
    sys.stdout.write(text + "\n")


def _words(kind: str, key_id: str, private: Path, public: Path) -> str:
    path = shlex.quote(str(public))
    what = f"redan verify PACK --key {path}" if kind == "ed25519" else f"redan verify PATH --seal SEAL --key {path}"
    return "\n".join(
        (
            f"key id   {key_id}  ({kind})",
            f"private  {private}",
            "         signs; keep it secret and out of version control, and keep a copy where only you can read it",
            f"public   {public}",
            f"         verifies; commit it or hand it out:  {what}",
        )
    )
