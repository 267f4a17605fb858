"""`redan lock` and `redan unlock`: encryption at rest in the age format, one file for one file."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from redan.errors import UsageError, escaped

if TYPE_CHECKING:
    from redan.seal.age_files import Keys

Format = Annotated[Literal["text", "json"], typer.Option("--format", help="Text for people, JSON for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing; the exit code answers.")]
Recursive = Annotated[bool, typer.Option("--recursive", help="Every file of a folder, each on its own.")]
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", metavar="FILE", help="A file whose first line is the passphrase.")
]


def lock(
    path: Annotated[Path | None, typer.Argument(metavar="PATH", help="The file to encrypt.")] = None,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="RECIPIENT", help="age1... or an SSH public key; may be repeated."),
    ] = None,
    recipients_file: Annotated[
        Path | None, typer.Option("--recipients-file", metavar="FILE", help="Recipients, one a line.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    out: Annotated[
        Path | None,
        typer.Option("--output", "-o", "--out", metavar="FILE", help="The encrypted file; PATH.age without it."),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Delete the original when it is encrypted.")] = False,
    recursive: Recursive = False,
    identity: Annotated[
        Path | None,
        typer.Option("--new-identity", metavar="FILE", help="Make an identity, print its recipient, and do no more."),
    ] = None,
    output: Format = "text",
    quiet: Quiet = False,
) -> None:
    """Encrypt a file at rest, in the age format.

    The result opens with every age tool. Without a recipient a passphrase is asked for on the terminal. The original
    stays unless --remove is given, and nothing is ever written over.

    Args:
        path: the file, or with `recursive` a folder.
        to: recipients.
        recipients_file: more of them.
        passphrase_file: instead of recipients.
        out: the encrypted file.
        remove: delete the original.
        recursive: every file of the folder.
        identity: make an identity instead.
        output: `text` or `json`.
        quiet: print nothing.

    Raises:
        UsageError: recipients or passphrase are wrong, or an output exists.
        InputError: the file cannot be read, or is a link or special.
    """
    from redan.seal.age_files import SUFFIX, Keys, lock_file, read_recipients

    if identity is not None:
        _new_identity(identity, path, output, quiet)
        return
    files = _files(path, out, recursive, locked=False)
    if to or recipients_file is not None:
        if passphrase_file is not None:
            raise UsageError("recipients and a passphrase exclude each other", remedy="give one of them")
        keys = Keys(parties=read_recipients(to or (), recipients_file))
    else:
        keys = _passphrase(passphrase_file, confirm=True)
    done = _each(files, lambda file: out or file.with_name(file.name + SUFFIX), keys, _locker(lock_file, remove))
    _say("lock", done, output, quiet)


def unlock(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="What lock, or another age tool, wrote.")],
    identity: Annotated[
        list[Path] | None,
        typer.Option("--identity", "-i", metavar="FILE", help="An age identity or SSH private key; may be repeated."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    out: Annotated[
        Path | None,
        typer.Option("--output", "-o", "--out", metavar="FILE", help="The plain file; PATH less .age without it."),
    ] = None,
    recursive: Recursive = False,
    output: Format = "text",
    quiet: Quiet = False,
) -> None:
    """Decrypt what lock wrote.

    Reads every age file, binary or armored. Exit code 4, and nothing written, when the file was cut short or altered
    or nothing opens it. The plain file is readable by you alone; the encrypted one stays.

    Args:
        path: the encrypted file, or with `recursive` a folder.
        identity: files of identities.
        passphrase_file: instead of identities.
        out: the plain file.
        recursive: every .age file of the folder.
        output: `text` or `json`.
        quiet: print nothing.

    Raises:
        UsageError: identity or passphrase are wrong, or an output exists.
        InputError: the file cannot be read, or is a link or special.
        InvalidError: the file was altered, or nothing opens it.
    """
    from redan.seal.age_files import Keys, read_identities, unlock_file

    files = _files(path, out, recursive, locked=True)
    for file in files if out is None else ():
        _plain_name(file)
    if identity:
        if passphrase_file is not None:
            raise UsageError("identities and a passphrase exclude each other", remedy="give one of them")
        keys = Keys(parties=tuple(party for file in identity for party in read_identities(file)))
    else:
        keys = _passphrase(passphrase_file, confirm=False)
    done = _each(files, lambda file: out or _plain_name(file), keys, unlock_file)
    _say("unlock", done, output, quiet)


def _files(path: Path | None, out: Path | None, recursive: bool, *, locked: bool) -> tuple[Path, ...]:
    from redan.seal.age_files import files_below

    if path is None:
        raise UsageError("there is no file", remedy="give PATH, or --new-identity FILE")
    if not os.path.lexists(path):  # said before a passphrase is asked for
        raise UsageError("does not exist", where=str(path), remedy="give a file that is there")
    if not path.is_dir() or path.is_symlink():
        return (path,)
    if not recursive:
        raise UsageError("is a folder", where=str(path), remedy="give --recursive to take each of its files by itself")
    if out is not None:
        raise UsageError("a folder has no one output", where=str(path), remedy="leave out --output")
    files = files_below(path, locked=locked)
    if not files:
        what = "holds no .age file" if locked else "holds no file that is not locked"
        raise UsageError(what, where=str(path), remedy="give another folder")
    return files


def _plain_name(file: Path) -> Path:
    from redan.seal.age_files import SUFFIX

    if file.suffix != SUFFIX or file.name == SUFFIX:
        raise UsageError(
            "does not end in .age, so its plain name is not known", where=str(file), remedy="give --output"
        )
    return file.with_suffix("")


def _passphrase(file: Path | None, *, confirm: bool) -> "Keys":
    from redan.seal.age_files import Keys, read_passphrase

    if file is not None:
        return Keys(passphrase=read_passphrase(file))
    if not sys.stdin.isatty():
        remedy = "give --to RECIPIENT" if confirm else "give --identity FILE"
        raise UsageError("there is no terminal to ask for a passphrase", remedy=f"{remedy}, or --passphrase-file FILE")
    typed = typer.prompt("passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    return Keys(passphrase=str(typed).encode())


def _locker(lock_file: Callable[..., int], remove: bool) -> "Callable[[Path, Path, Keys], object]":
    return lambda path, target, keys: lock_file(path, target, keys, remove=remove)


def _each(
    files: tuple[Path, ...],
    name: Callable[[Path], Path],
    keys: "Keys",
    work: "Callable[[Path, Path, Keys], object]",
) -> list[tuple[Path, Path]]:
    pairs = [(file, name(file)) for file in files]
    for _, target in pairs:  # before the first, so that a folder is not left half done
        if os.path.lexists(target):
            raise UsageError("exists already", where=str(target), remedy="move it away, or name another file")
    for file, target in pairs:
        work(file, target, keys)
    return pairs


def _new_identity(file: Path, path: Path | None, output: str, quiet: bool) -> None:
    import datetime as dt

    from redan.seal.age_files import new_identity

    if path is not None:
        raise UsageError("--new-identity makes an identity and locks nothing", remedy="leave out PATH, then lock --to")
    recipient = new_identity(file, dt.datetime.now(dt.UTC))
    if output == "json":
        facts = {"schema": "redan/identity/v1", "identity": str(file), "recipient": recipient}
        sys.stdout.write(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    elif not quiet:
        sys.stdout.write(
            f"identity   {escaped(str(file))}: opens what is locked to it; keep it secret, and keep a copy\n"
        )
        sys.stdout.write(f"recipient  {recipient}\n")


def _say(verb: str, done: list[tuple[Path, Path]], output: str, quiet: bool) -> None:
    if output == "json":
        files = [{"from": str(file), "to": str(target)} for file, target in done]
        facts = {"schema": f"redan/{verb}/v1", "files": files}
        sys.stdout.write(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    elif not quiet:
        for file, target in done:
            sys.stdout.write(f"{verb}ed  {escaped(str(file))} -> {escaped(str(target))}\n")
