"""`redan verify`: accept a sealed path or an evidence pack, or say which part of it is not as signed."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from redan.cli.page import aligned
from redan.errors import InputError, InvalidError, UsageError, escaped

if TYPE_CHECKING:
    from redan.canon import Json
    from redan.evidence import Verified
    from redan.seal.keys import PublicKey


Key = Annotated[
    Path | None,
    typer.Option("--key", metavar="PUB", help="The signer's public key, from elsewhere than the pack or seal."),
]
SealFile = Annotated[
    Path | None, typer.Option("--seal", metavar="SEAL", help="The seal of a file or folder, as `redan seal` writes it.")
]
Authorities = Annotated[
    list[Path] | None,
    typer.Option("--ca", metavar="CERT", help="For a seal: a certificate authority to trust; may be repeated."),
]
Identity = Annotated[str | None, typer.Option(metavar="WHO", help="For a seal: whom Sigstore must name, exactly.")]
Issuer = Annotated[str | None, typer.Option(metavar="URL", help="For a seal: who must vouch for the identity.")]
TrustRoot = Annotated[Path | None, typer.Option(metavar="JSON", help="For a seal: trusted root of a private Sigstore.")]
Ignore = Annotated[
    list[str] | None,
    typer.Option(metavar="REL", help="For a seal: do not look at this exact relative path; may be repeated."),
]
Unsigned = Annotated[
    bool, typer.Option("--ignore-unsigned", help="For a seal: accept files that it does not list, and name them.")
]
Log = Annotated[bool, typer.Option("--log", help="For a seal: note the verification in the project's ledger.")]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="Text for people, JSON for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing when it is valid; the exit code answers.")]


def verify(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A sealed file or folder, or an evidence pack.")],
    key: Key = None,
    seal: SealFile = None,
    ca: Authorities = None,
    identity: Identity = None,
    issuer: Issuer = None,
    trust_root: TrustRoot = None,
    ignore: Ignore = None,
    ignore_unsigned: Unsigned = False,
    log: Log = False,
    output: Format = "text",
    quiet: Quiet = False,
) -> None:
    """Verify a sealed file or folder, or an evidence pack.

    With --seal: exit code 0 when the seal is by whom you trust and every byte is as it was sealed, else 4 with the
    file named. Without: 0 when every statement of an evidence pack, the order of the ledger and the list of statements
    are as signed. Both work offline. Whether the policy is met is the gate's answer: see `redan check`.

    Args:
        path: the sealed path, or the pack.
        key: the public key.
        seal: the seal of a file or folder; what follows up to `log` is for it alone.
        ca: certificate authorities to trust.
        identity: whom Sigstore must name.
        issuer: who must vouch for the identity.
        trust_root: trusted root of a private Sigstore.
        ignore: exact relative paths that are not looked at.
        ignore_unsigned: accept files that the seal does not list.
        log: note the verification in the project's ledger.
        output: `text` or `json`.
        quiet: print nothing when it is valid.

    Raises:
        UsageError: a file cannot be read, or the options do not go together.
        InvalidError: something is not what the signer made.
    """
    from redan.cli.verify_seal import Asked, Whom, verify_seal

    whom = Whom(key, tuple(ca or ()), identity, issuer, trust_root)
    asked = Asked(whom, tuple(ignore or ()), ignore_unsigned, log, output, quiet)
    if seal is not None:
        verify_seal(path, seal, asked)
        return
    if key is None and not path.is_dir() and not asked.about_seals:
        raise UsageError("missing option '--key'", remedy="give --key PUB, and --seal SEAL if PATH is not a pack")
    if path.is_dir() or asked.about_seals or key is None:
        raise UsageError(
            "a sealed path needs its seal, an evidence pack only a key",
            where=str(path),
            remedy="give --seal SEAL for a sealed path, or --key PUB alone for a pack",
        )
    _verify_pack(path, key, output, quiet=quiet)


def _verify_pack(path: Path, key: Path, output: str, *, quiet: bool) -> None:
    from redan.evidence import verify as verified_of
    from redan.evidence.form import PACK_LIMIT_BYTES
    from redan.files import read_bounded
    from redan.seal.keys import load_public

    public = load_public(key)
    pack = read_bounded(path.resolve(), PACK_LIMIT_BYTES)
    if _is_seal(pack):
        raise UsageError(
            "is a seal, not an evidence pack", where=str(path), remedy=f"name what it seals: --seal {path} --key PUB"
        )
    try:
        verified = verified_of(pack, public)
    except InvalidError as error:
        raise InvalidError(error.what, where=f"{path}: {error.where}", remedy=error.remedy) from error
    if quiet:
        return
    if output == "json":
        sys.stdout.write(json.dumps(as_json(verified, public), indent=2, ensure_ascii=False) + "\n")
        return
    sys.stdout.write(aligned(as_text(path, verified, public)))


def _is_seal(data: bytes) -> bool:
    """Whether bytes look like a seal, so that a slip of the command line is not called a broken signature."""
    from redan.seal.oms import bundle

    try:
        bundle.parse(data)
    except (InputError, InvalidError):
        return False
    return True


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
        ("system", f"{escaped(results.system_name)}, stage {results.stage}, checked {_time(verified)}"),
        ("signed", f"{verified.statements} statements by key {verified.key_id[:16]} ({public.kind})"),
        (
            "policy",
            (
                f"{results.policy_sha256[:16]}, registered as entry {verified.policy_index:,}, "
                f"before the first result (entry {verified.first_index:,})"
            ),
        ),
        ("ledger", f"{escaped(head.origin)}, {head.size:,} entries, root {head.root.hex()[:16]}"),
        ("controls", ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())),
    ]


def _time(verified: "Verified") -> str:
    return verified.results.at.strftime("%Y-%m-%d %H:%M:%S UTC")
