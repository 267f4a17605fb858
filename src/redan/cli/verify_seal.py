"""The part of `redan verify` that is about seals: whom to trust, what was verified, what it does not cover."""

import datetime as dt
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from redan.cli.seal import NOT_COVERED, Rows, named, progress, show
from redan.errors import InvalidError, UsageError

if TYPE_CHECKING:
    from redan.canon import Json
    from redan.seal.keys import PublicKey
    from redan.seal.oms import Sealed, Trust
    from redan.system.system import System

_NO_LOG = "declare it in redan.toml, or leave out --log"


class Whom(NamedTuple):
    """Whom to believe; exactly one of a key, authorities and an identity.

    Args:
        key: a public key.
        authorities: certificates of authorities.
        identity: whom Sigstore must name.
        issuer: who must vouch for that identity.
        trust_root: trusted root of a private Sigstore.
    """

    key: Path | None
    authorities: tuple[Path, ...]
    identity: str | None
    issuer: str | None
    trust_root: Path | None


class Asked(NamedTuple):
    """What the command line asks of a seal.

    Args:
        whom: whom to believe.
        ignore: exact relative paths that are not looked at.
        ignore_unsigned: accept files that the seal does not list.
        log: append the verification to the project's ledger.
        output: `text` or `json`.
        quiet: print nothing when it is valid.
    """

    whom: Whom
    ignore: tuple[str, ...]
    ignore_unsigned: bool
    log: bool
    output: str
    quiet: bool

    @property
    def about_seals(self) -> bool:
        """Whether an option was given that only a seal has."""
        return any((*self.whom[1:], self.ignore, self.ignore_unsigned, self.log))


def verify_seal(path: Path, seal: Path, asked: Asked) -> None:
    """Verifies a sealed file or folder, says what holds and what is not covered.

    Raises:
        UsageError: the options name nobody or several to trust, or a file cannot be read.
        InvalidError: the seal or a file is not as signed; named.
    """
    from redan.files import read_bounded
    from redan.seal import oms
    from redan.seal.oms import bundle

    trust = _trust(asked.whom)
    append = _appender(path) if asked.log else None
    data = read_bounded(seal, bundle.BUNDLE_LIMIT_BYTES)
    try:
        with progress("verifying", asked.quiet) as tell:
            sealed = oms.verify(
                path, data, trust, ignore=asked.ignore, ignore_unsigned=asked.ignore_unsigned, progress=tell
            )
    except InvalidError as error:
        show_if_any(_content_changed(path, seal, asked))
        raise InvalidError(error.what, where=error.where or str(seal), remedy=error.remedy) from error
    beside = _content_verified(path, seal, asked)
    logged = None if append is None else append(sealed.root)
    if asked.quiet:
        return
    if asked.output == "json":
        facts = as_json(path, seal, sealed, logged)
        sys.stdout.write(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
        return
    show([*as_rows(path, sealed), *beside, *([("logged", f"verified, for {logged}")] if logged else [])])


def as_json(path: Path, seal: Path, sealed: "Sealed", logged: str | None) -> "dict[str, Json]":
    """What was verified, schema `redan/verify-seal/v1`."""
    return {
        "schema": "redan/verify-seal/v1",
        "valid": True,
        "path": str(path),
        "seal": str(seal),
        "root": sealed.root,
        "name": sealed.name,
        "method": sealed.method,
        "signer": sealed.signer,
        "key": {"id": sealed.key_id},
        "hash": sealed.serialization.hash_type,
        "files": len(sealed.names),
        "unsigned": list(sealed.unsigned),
        "left_out": list(sealed.left_out),
        "not_covered": list(NOT_COVERED),
        "logged": logged,
    }


def as_rows(path: Path, sealed: "Sealed") -> Rows:
    """What was verified, as lines of a word and a sentence."""
    count = len(sealed.names)
    rows = [
        ("valid", str(path)),
        ("root", sealed.root),
        ("covers", f"{count:,} file{'s' if count != 1 else ''}, each byte of them as it was sealed"),
        ("signed", sealed.signer),
    ]
    if sealed.left_out:
        rows.append(("left out", f"{named(sealed.left_out)}: the signer left it out, nobody vouches for it"))
    if sealed.unsigned:
        rows.append(("unsigned", f"{named(sealed.unsigned)}: not in the seal, accepted as you asked"))
    rows.append(("not said", f"{', '.join(NOT_COVERED)}: the standard does not cover them"))
    return rows


def show_if_any(rows: Rows) -> None:
    """Prints lines where there are some."""
    if rows:
        show(rows)


def _content_changed(path: Path, seal: Path, asked: Asked) -> Rows:
    """Which rows of a sealed table are other than they were; no rows for everything that is no table.

    Raises:
        InvalidError: says what became of the table, or which file of its seal is not as signed.
    """
    from redan.cli.content import changed_content

    return [] if asked.whom.key is None else changed_content(path, seal, asked.whom.key, output=asked.output)


def _content_verified(path: Path, seal: Path, asked: Asked) -> Rows:
    """What the signed content of a table says beside the bundle; no rows for everything that is no table.

    Raises:
        InvalidError: a file beside the seal is not as signed.
    """
    from redan.cli.content import same_content

    return [] if asked.whom.key is None else same_content(path, seal, asked.whom.key)


def seal_key(file: Path) -> "PublicKey":
    """The public key of a seal.

    Raises:
        UsageError: the file holds no public key, or one of a kind that signs evidence only.
    """
    from redan.seal.keys import load_public

    key = load_public(file)
    if key.kind == "ed25519":
        raise UsageError(
            "is an Ed25519 key: it signs evidence, and no seal",
            where=str(file),
            remedy="give the public key of whoever sealed it",
        )
    return key


def _trust(asked: Whom) -> "Trust":
    """Whom to believe.

    Raises:
        UsageError: not exactly one of a key, authorities and an identity was given.
    """
    from redan.seal.oms import Chain, Identity, chain

    if (asked.identity is None) != (asked.issuer is None):
        raise UsageError("an identity is only as good as its issuer", remedy="give --identity and --issuer together")
    if (asked.key is not None) + bool(asked.authorities) + (asked.identity is not None) != 1:
        raise UsageError(
            "a seal is verified against one kind of trust",
            remedy="give --key PUB, or --ca CERT, or --identity with --issuer",
        )
    if asked.key is not None:
        return seal_key(asked.key)
    if asked.authorities:
        return Chain(anchors=chain.load_certificates(asked.authorities))
    return Identity(identity=asked.identity or "", issuer=asked.issuer or "", trust_root=asked.trust_root)


def _appender(path: Path) -> Callable[[str], str]:
    """What appends the verification to the ledger of the project that declares this path; made before a byte is read.

    Raises:
        UsageError: no description above the path declares it.
        ConfigError: the description is wrong.
    """
    from redan.system.read import FILE_NAME, read

    whole = path.absolute().resolve()
    folders = [folder for folder in (whole, *whole.parents) if (folder / FILE_NAME).is_file()]
    if not folders:
        raise UsageError(f"no {FILE_NAME} lies in or above it", where=str(path), remedy=_NO_LOG)
    system = read(folders[0])
    element = next(
        (name for name, place in _places(system) if (system.origin.root / place).absolute().resolve() == whole), None
    )
    if element is None:
        where = system.origin.file
        raise UsageError(f"declares no model or dataset at {path}", where=where, remedy=_NO_LOG)
    return lambda root: _append(system.origin.root, str(element), root)


def _places(system: "System") -> list[tuple[str, str]]:
    """Where models and datasets lie: the folder that is released as one, before the file."""
    found = [(f"model:{model.name}", model.bundle) for model in system.models]
    found += [(f"model:{model.name}", model.path) for model in system.models]
    found += [(f"dataset:{dataset.name}", dataset.path) for dataset in system.datasets]
    return [(element, place) for element, place in found if place is not None]


def _append(root: Path, element: str, digest: str) -> str:
    from redan.artifacts.history import Event
    from redan.cli.state import State
    from redan.evidence import record_events

    state = State(root)
    state.prepare()
    signer, _ = state.signer(None)
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    with state.ledger(signer) as ledger:
        record_events(ledger, [Event(kind="verified", at=now, key=element, digest=digest)])
    return element
