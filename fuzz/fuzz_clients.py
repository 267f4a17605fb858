"""Fuzz target: any bytes are clients, or a ConfigError of one line that shows none of its values, nothing else."""

import sys

from redan.errors import ConfigError
from redan.gateway.clients import parse_clients


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    try:
        found = parse_clients(data)
    except ConfigError as error:
        if "\n" in str(error) or not str(error).startswith("clients.toml:"):
            raise AssertionError("a refusal is one line that begins with its place") from error
        return
    digests = [key for client in found.client for key in client.keys]
    if len(set(digests)) != len(digests):
        raise AssertionError("a key leads to one client")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
