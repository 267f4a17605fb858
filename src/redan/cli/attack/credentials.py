"""What an attack shows an endpoint that asks who asks: the file of a client, as `redan probe` reads it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from redan.errors import ConfigError

if TYPE_CHECKING:
    from redan.attacks.campaign.inputs import Opening

Creds = Annotated[
    Path | None,
    typer.Option("--creds", metavar="FILE", help="TOML: what the client of an endpoint holds, as of `redan probe`."),
]


def held_by(opening: "Opening", creds: Path | None) -> "Opening":
    """The same opening with the credentials of a file.

    Args:
        opening: of an endpoint.
        creds: the file; None where nobody is asked who asks.

    Raises:
        ConfigError: the file is wrong, or asks for signatures, which attacks do not make.
    """
    if creds is None:
        return opening
    from dataclasses import replace

    from redan.probes.held import held

    found = held(creds, os.environ)
    if found.mine.keyid is not None:
        raise ConfigError(
            "attacks sign no questions", where=str(creds), remedy="name a client that needs a token alone"
        )
    return replace(opening, token=found.mine.token, tls=found.tls)
