"""`redan key client`: an API key and a signing secret for a client, and what the gateway keeps of them."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from redan.gateway.new_client import NewClient


def key_client(
    principal: Annotated[str, typer.Argument(metavar="NAME", help="The client's name.", show_default=False)],
    model: Annotated[
        list[str], typer.Option("--model", metavar="NAME", help="A model that it may ask; give it once for each.")
    ],
    clients: Annotated[
        Path, typer.Option("--clients", metavar="FILE", help="Of those who may ask; it need not be there yet.")
    ] = Path("clients.toml"),
    add: Annotated[bool, typer.Option("--add", help="Write the entry to that file, too.")] = False,
    output: Annotated[Literal["text", "json"], typer.Option("--format", help="Text for people, JSON for programs.")] = (
        "text"
    ),
) -> None:
    """Make credentials for a client of the gateway, and print the entry that the gateway keeps.

    The entry goes to standard output and holds the API key as its hash alone. Beside the file of clients lie then, for
    their owner alone: NAME.key, the signing secret, of which client and gateway each need a copy; and NAME.token, the
    API key, which is kept nowhere else: hand it to the client and delete it here. Nothing is ever overwritten.

    Args:
        principal: its name.
        model: that it may ask.
        clients: file of those who may ask.
        add: whether the entry is added to it.
        output: `text` or `json`.

    Raises:
        UsageError: there is a client of that name, or a file of its credentials.
        ConfigError: the name, a model or the file of clients is malformed.
        MissingExtraError: the gateway's packages are not installed.
    """
    import datetime as dt

    from redan.cli.serve import installed
    from redan.files import write_atomic

    installed()
    from redan.gateway.clients import Clients, parse_clients, read_clients
    from redan.gateway.new_client import new_client

    there = clients.exists()
    known = read_clients(clients) if there else Clients()
    made = new_client(principal, tuple(model), known, dt.datetime.now(tz=dt.UTC).date())
    before = clients.read_bytes() if there and add else b""
    whole = before + (b"" if before.endswith(b"\n") or not before else b"\n") + made.entry.encode()
    if add:
        parse_clients(whole)
    secret, token = _kept(clients.parent, principal, made)
    if add:
        write_atomic(clients, whole, mode=clients.stat().st_mode & 0o777 if there else 0o644)
    _say(made, {"secret": str(secret), "token": str(token)}, output)


def _kept(folder: Path, principal: str, made: "NewClient") -> tuple[Path, Path]:
    """Files of both secrets; the first is taken back when the second cannot be written."""
    from redan.errors import UsageError
    from redan.files import atomic_file

    secret, token = folder / made.secret_file, folder / f"{principal}.token"
    for path in (secret, token):
        if path.exists():
            raise UsageError("is there already, and is never overwritten", where=str(path), remedy="move it away")
    with atomic_file(secret, mode=0o600, replace=False) as file:
        file.write(made.secret.encode())
    try:
        with atomic_file(token, mode=0o600, replace=False) as file:
            file.write(f"{made.key}\n".encode())
    except UsageError:
        secret.unlink(missing_ok=True)
        raise
    return secret, token


def _say(made: "NewClient", files: dict[str, str], output: str) -> None:
    signing = made.signing
    if output == "json":
        facts = {"schema": "redan/client/v1", "signing": signing, **files, "entry": made.entry}
        sys.stdout.write(json.dumps(facts, indent=2) + "\n")
        return
    sys.stdout.write(made.entry)
    sys.stderr.write(
        f"signing key  {signing}\n"
        f"secret       {files['secret']}\n"
        "             the client needs a copy, the gateway keeps this one\n"
        f"API key      {files['token']}\n"
        "             hand it to the client by a way that nobody reads, then delete it here\n"
    )
