"""`redan seal`: put a file or a folder under one signature, as an OpenSSF Model Signing bundle."""

import json
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from redan.cli.page import aligned, bytes_in_words
from redan.errors import InvalidError, UsageError, escaped

if TYPE_CHECKING:
    from redan.canon import Json
    from redan.seal.oms import Made, Progress, Sealer, Signing

Rows: TypeAlias = list[tuple[str, str]]
NOT_COVERED = ("file modes", "times", "owners", "empty folders")
PASSPHRASE = "REDAN_KEY_PASSPHRASE"  # noqa: S105 -- the variable's name
_SHOWN = 3

Key = Annotated[
    str | None,
    typer.Option(metavar="KEY", help="Private key: a PEM file, or a URI such as awskms:... of the extra kms."),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(metavar="REL", help="Leave out this exact relative path; may be repeated."),
]
Chain = Annotated[
    list[Path] | None,
    typer.Option(metavar="PEM", help="Certificates, the signer's first, then each authority's; may be repeated."),
]
Compat = Annotated[
    bool, typer.Option("--compat", help="Name a single file '.', as model-signing 1.x does against the standard.")
]
Identifier = Annotated[
    list[str] | None,
    typer.Option("--identifier", metavar="COLUMN", help="Of a table: a column that tells rows apart; may be repeated."),
]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="Text for people, JSON for programs.")]


def seal(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A model, a dataset or a folder of files.")],
    out: Annotated[
        Path, typer.Option("--output", "-o", "--out", metavar="SEAL", help="Where the seal goes, such as model.sig.")
    ],
    key: Key = None,
    keyless: Annotated[
        bool, typer.Option("--keyless", help="Sign as yourself through Sigstore; asks its services.")
    ] = False,
    ignore: Ignore = None,
    hash_type: Annotated[Literal["sha256", "blake3"], typer.Option("--hash", help="Hash of the files.")] = "sha256",
    cert_chain: Chain = None,
    public_key: Annotated[Path | None, typer.Option(metavar="PUB", help="Public half of a key given by URI.")] = None,
    trust_root: Annotated[Path | None, typer.Option(metavar="JSON", help="Trust of a private Sigstore.")] = None,
    compat: Compat = False,
    identifier: Identifier = None,
    output: Format = "text",
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing; the seal is written.")] = False,
) -> None:
    """Sign a model, a dataset or a folder of files.

    The seal lists the digest of every file and signs the list (OpenSSF Model Signing v1.0); other tools of that
    standard verify it too. Links, hard links and special files are refused. Keys are ECDSA on P-256, P-384 or P-521.

    Args:
        path: a regular file, or a folder.
        out: the seal's file; inside the folder it is left out of what is signed.
        key: private key file, or URI.
        keyless: sign through Sigstore.
        ignore: exact relative paths to leave out.
        hash_type: `sha256` or `blake3`.
        cert_chain: certificates that vouch for the key.
        public_key: public half of a key given by URI.
        trust_root: client trust configuration of a private Sigstore.
        compat: name a single file `.`.
        identifier: columns of a table that tell rows apart.
        output: `text` or `json`.
        quiet: print nothing.

    Raises:
        UsageError: the key or an option is wrong, or the seal would overwrite something else.
        InputError: a file cannot be sealed.
    """
    from redan.files import write_atomic
    from redan.seal import oms

    _check_out(path, out)
    left_out = [*(ignore or []), *_within(path, out)]
    _check_key_apart(path, key, left_out)
    with _sealer(key, keyless, cert_chain or [], public_key, trust_root) as signer, progress("hashing", quiet) as tell:
        made = oms.make(path, signer, ignore=left_out, hash_type=hash_type, progress=tell, dot=compat)
    beside = _content_seal(path, out, signer, made, tuple(identifier or ()))
    write_atomic(out, made.bundle)  # last, so that nothing that fails before leaves a seal
    if quiet:
        return
    if output == "json":
        sys.stdout.write(json.dumps(_facts(path, out, made), indent=2, ensure_ascii=False) + "\n")
        return
    *said, verify = _rows(_facts(path, out, made), made)
    show([*said, *beside, verify])


def show(rows: Rows) -> None:
    """Prints lines of a word and a sentence, aligned; what could steer a terminal is escaped."""
    sys.stdout.write(aligned(rows))


def named(names: "tuple[str, ...] | list[str]") -> str:
    """A few names, and how many more there are."""
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN:,} more"


@contextmanager
def progress(word: str, quiet: bool) -> "Iterator[Progress | None]":
    """A bar of bytes on standard error, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    console = Console(stderr=True, highlight=False)
    words = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
    bar = Bar(words, BarColumn(), DownloadColumn(), TransferSpeedColumn(), console=console, transient=True)
    with bar:
        task = bar.add_task(word, total=None)

        def tell(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total, description=escaped(name)[-40:] or word)

        yield tell


def _content_seal(
    path: Path, out: Path, signer: "Signing | Sealer", made: "Made", identifiers: tuple[str, ...]
) -> Rows:
    """What a table's seal has beside the bundle; no rows for everything that is no table."""
    from redan.cli.content import seal_content

    return seal_content(path, out, signer, made, identifiers)


@contextmanager
def _sealer(
    key: str | None, keyless: bool, cert_chain: list[Path], public_key: Path | None, trust_root: Path | None
) -> "Iterator[Signing | Sealer]":
    """Whoever signs, from the options.

    Raises:
        UsageError: there is not exactly one of --key and --keyless, or an option does not go with it.
    """
    from redan.seal.oms import ChainSealer, chain
    from redan.seal.oms import keyless as sigstore

    if (key is None) == (not keyless):
        raise UsageError("a seal needs one signer", remedy="give --key KEY, or --keyless")
    if keyless and (cert_chain or public_key):
        raise UsageError("--keyless goes with no certificate and no key", remedy="leave out the other options")
    if key is None:
        with sigstore.signed_in(os.environ.get("SIGSTORE_ID_TOKEN"), trust_root) as signed_in:
            yield signed_in
        return
    signer = _signer(key, public_key)
    yield ChainSealer(signer, chain.load_certificates(cert_chain)) if cert_chain else signer


def _signer(key: str, public_key: Path | None) -> "Signing":
    from redan.seal import kms
    from redan.seal.keys import load_public, load_signer

    if kms.is_uri(key) and not Path(key).exists():
        if public_key is None:
            raise UsageError("a key given by URI needs its public half", remedy="give --public-key PUB")
        return kms.connect(key, load_public(public_key), _secret)
    if public_key is not None:
        raise UsageError("a key file holds its public half", remedy="leave out --public-key")
    try:
        return load_signer(Path(key))
    except UsageError as error:
        if "no passphrase" not in error.what:
            raise
    return load_signer(Path(key), _secret("passphrase of the key").encode())


def _secret(what: str) -> str:
    """A PIN or passphrase: from the environment, or typed on a terminal without being shown."""
    given = os.environ.get(PASSPHRASE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise UsageError(f"the {what} is needed", remedy=f"set {PASSPHRASE}, or call from a terminal")
    return str(typer.prompt(what, hide_input=True, err=True))


def _check_out(path: Path, out: Path) -> None:
    """Refuses to write over anything that is not an older seal, such as the model itself.

    Raises:
        UsageError: something else lies there.
    """
    from redan.cli.content import check_beside
    from redan.errors import InputError
    from redan.files import read_bounded
    from redan.seal.oms import bundle

    check_beside(path, out)
    if not os.path.lexists(out):
        return
    try:
        bundle.parse(read_bounded(out, bundle.BUNDLE_LIMIT_BYTES))
    except (InputError, InvalidError) as error:
        raise UsageError("exists and is no seal", where=str(out), remedy="name another file with --output") from error


def _check_key_apart(path: Path, key: str | None, left_out: list[str]) -> None:
    """Refuses to seal a folder with the signing key in it, which would be handed out with the release.

    Raises:
        UsageError: the key's file is one that the seal would cover.
    """
    from redan.seal.oms.names import under

    inside = [] if key is None or not Path(key).is_file() else _within(path, Path(key))
    if inside and under(inside[0], [name.removesuffix("/") for name in left_out]) is None:
        raise UsageError(
            "the signing key lies in the folder that is sealed",
            where=key,
            remedy=f"keep it elsewhere, or leave it out with --ignore {inside[0]}",
        )


def _within(path: Path, out: Path) -> list[str]:
    """A file's own path below the sealed folder; none where it lies elsewhere."""
    root, whole = path.absolute().resolve(), out.absolute().parent.resolve() / out.name
    return [whole.relative_to(root).as_posix()] if path.is_dir() and whole.is_relative_to(root) else []


def _facts(path: Path, out: Path, made: "Made") -> "dict[str, Json]":
    """What was sealed, schema `redan/seal/v1`."""
    return {
        "schema": "redan/seal/v1",
        "path": str(path),
        "seal": str(out),
        "root": made.root,
        "files": len(made.resources),
        "bytes": made.size,
        "hash": made.resources[0].algorithm,
        "method": made.method,
        "signer": made.signer,
        "hidden": list(made.hidden),
        "left_out": [name for name in made.left_out if name not in _within(path, out)],
        "not_covered": list(NOT_COVERED),
    }


def _rows(facts: "dict[str, Json]", made: "Made") -> Rows:
    kinds = {"sha256": "SHA-256", "blake2b": "BLAKE2b", "blake3": "BLAKE3"}
    files = f"{len(made.resources):,} file" + ("s" if len(made.resources) != 1 else "")
    rows = [
        ("sealed", str(facts["path"])),
        ("seal", str(facts["seal"])),
        ("root", made.root),
        ("covers", f"{files}, {bytes_in_words(made.size)}, {kinds[made.resources[0].algorithm]}"),
        ("signed", made.signer),
    ]
    left_out = [str(name) for name in facts["left_out"]] if isinstance(facts["left_out"], list) else []
    if left_out:
        rows.append(("left out", f"{named(left_out)}: not covered, as you asked"))
    if made.hidden:
        rows.append(("hidden", f"{named(made.hidden)}: left out by every tool; verifying refuses it while it is there"))
    rows.append(("not said", f"{', '.join(NOT_COVERED)}: the standard does not cover them"))
    trust = {"key": "--key PUB", "certificate": "--ca CERT", "sigstore": "--identity WHO --issuer URL"}[made.method]
    words = ("redan", "verify", str(facts["path"]), "--seal", str(facts["seal"]))
    rows.append(("verify", f"{shlex.join(words)} {trust}"))
    return rows
