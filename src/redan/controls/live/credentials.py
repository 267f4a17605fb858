"""Credentials that a description declares for asking an endpoint where it runs, in the files of `redan probe`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from redan.artifacts.served_endpoint import ServedEndpoint
from redan.controls.live.reached import Client, Reached
from redan.errors import ConfigError, IncompleteError
from redan.probes import Credentials
from redan.probes.held import held
from redan.system.records import Endpoint
from redan.system.system import System


@contextmanager
def running(system: System, found: ServedEndpoint) -> Iterator[Reached]:
    """An endpoint where it runs.

    Raises:
        IncompleteError: its credentials cannot be read.
    """
    record = system.elements[found.element]
    if not isinstance(record, Endpoint) or found.url is None:
        raise IncompleteError(f"{found.element} has no address that may be contacted")
    try:
        files = [held(path, os.environ) for path in found.credentials]
    except ConfigError as error:
        raise IncompleteError(f"the credentials to ask it with: {error.what}", remedy=error.remedy) from error
    mine = [one.mine for one in files] + [one.other for one in files if one.other is not None]
    yield Reached(
        url=found.url.rstrip("/"),
        model=record.model,
        clients=tuple(_client(one) for one in mine),
        tls=next((one.tls for one in files if one.tls is not None), None),
    )


def _client(one: Credentials) -> Client:
    return Client("", one.token or "", one.keyid or "", one.key)
