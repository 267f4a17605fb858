"""A new client: its API key and signing secret, made once, and what `clients.toml` keeps of them.

Source: A-MLSG-004-D003.
"""

import base64
import datetime as dt
import secrets
from typing import NamedTuple

from redan.errors import UsageError
from redan.gateway.clients import Clients, parse_clients
from redan.guards.api_keys import hashed, new_key

_SECRET_BYTES = 32


class NewClient(NamedTuple):
    """What is handed out and what is kept.

    Args:
        entry: tables to add to `clients.toml`; no secret is in them.
        key: API key, for the client alone; it is kept nowhere.
        secret: signing secret as the text of a file, for the client and for `secret_file`.
        secret_file: name of the service's copy, beside `clients.toml`, with mode 600.
        signing: name of the signing key, which the client says in each signature.
    """

    entry: str
    key: str
    secret: str
    secret_file: str
    signing: str


def new_client(principal: str, models: tuple[str, ...], known: Clients, today: dt.date) -> NewClient:
    """Makes a client.

    Args:
        principal: its name.
        models: that it may ask.
        known: clients that are there already.
        today: becomes part of the signing key's name.

    Raises:
        UsageError: there is one of that name.
        ConfigError: the name or a model is not one that `clients.toml` takes.
    """
    if any(client.principal == principal for client in known.client):
        raise UsageError(f"there is a client {principal[:80]!r} already", remedy="choose another name")
    key, signing = new_key(), f"{principal[:60]}-{today:%Y%m%d}-{secrets.token_hex(2)}"
    named = ", ".join(f'"{model}"' for model in models)
    entry = (
        f'\n[[client]]\nprincipal = "{principal}"\nmodels = [{named}]\nkeys = ["{hashed(key)}"]\n'
        f'[[client.signing]]\nid = "{signing}"\nsecret = "file:{principal}.key"\n'
    )
    read = parse_clients(entry.encode())  # names that would end a line or a text are refused here
    if [(client.principal, client.models) for client in read.client] != [(principal, models)]:
        raise UsageError("the name or a model holds a character that it may not")
    secret = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    return NewClient(entry, key, secret + "\n", f"{principal}.key", signing)
