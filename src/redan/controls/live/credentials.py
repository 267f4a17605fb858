"""Credentials that a description declares for asking an endpoint where it runs."""

import base64
import binascii
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redan.artifacts.served_endpoint import ServedEndpoint
from redan.controls.live.reached import Client, Reached
from redan.errors import ConfigError, IncompleteError
from redan.exchange.signature_keys import HmacKey
from redan.files import TEXT_LIMIT_BYTES, read_bounded
from redan.system.records import Endpoint
from redan.system.system import System

_KEYS = frozenset({"token", "keyid", "secret"})
_REMEDY = (
    "write '[[client]]' tables with token, keyid and secret (base64), one or more; several clients let each question "
    "have a budget of its own"
)


@contextmanager
def running(system: System, found: ServedEndpoint) -> Iterator[Reached]:
    """An endpoint where it runs.

    Raises:
        IncompleteError: its credentials cannot be read.
    """
    record = system.elements[found.element]
    if not isinstance(record, Endpoint) or found.url is None or found.credentials is None:
        raise IncompleteError(f"{found.element} has no address that may be contacted")
    try:
        told = tomllib.loads(read_bounded(found.credentials, TEXT_LIMIT_BYTES).decode())
        clients = tuple(_client(one) for one in told.get("client", []))
    except (ValueError, TypeError, AttributeError, RecursionError, ConfigError) as error:
        raise IncompleteError("the credentials to ask it with cannot be read", remedy=_REMEDY) from error
    yield Reached(url=found.url.rstrip("/"), model=record.model, clients=clients or (Client(),))


def _client(told: dict[str, Any]) -> Client:
    if not set(told) <= _KEYS or not all(isinstance(value, str) for value in told.values()):
        raise ValueError("a client has a token, a keyid and a secret")
    key = None
    if "secret" in told:
        try:
            key = HmacKey(base64.b64decode(told["secret"], validate=True))
        except binascii.Error as error:
            raise ValueError("the secret is not base64") from error
    if (key is None) != ("keyid" not in told):
        raise ValueError("a keyid and a secret belong together")
    return Client("", told.get("token", ""), told.get("keyid", ""), key)
