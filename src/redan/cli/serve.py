"""`redan serve`: the gateway that redan.toml describes, until it is told to end."""

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from redan.gateway.serving import Running


def serve(
    system: Annotated[
        Path, typer.Argument(metavar="SYSTEM", help="redan.toml, or the folder that holds it.", show_default=False)
    ] = Path("redan.toml"),
    check: Annotated[
        bool, typer.Option("--check", help="Load and verify everything, answer nothing, and leave.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")] = False,
) -> None:
    """Answer for the endpoints of redan.toml, under the guards that it declares.

    Models are loaded from exactly the bytes that their seal vouches for. What is declared and would not be enforced is
    an error, and nothing is served. SIGHUP exchanges each model for what lies there now, if it is sealed; SIGTERM ends
    in order: requests under way are answered, and every decision is on the disk.

    Args:
        system: the description.
        check: only try.
        quiet: say nothing but errors.

    Raises:
        ConfigError: the description is not enough to serve, or declares what nothing would enforce.
        InvalidError: a model is not as it was sealed, or the kept state was altered.
        MissingExtraError: the gateway's packages are not installed.
    """
    installed()
    from redan.gateway.assembly import assemble
    from redan.gateway.serving import run
    from redan.gateway.settings import settings
    from redan.system.read import read

    logging.basicConfig(
        level=logging.ERROR if quiet else logging.WARNING, format="redan: %(message)s", stream=sys.stderr
    )
    described = read(system)
    found = settings(described)
    where = f"{described.origin.file}:{described.line('gateway')}"
    if os.geteuid() == 0 and not quiet:
        sys.stderr.write("redan: warning: this runs as root; give the gateway a user of its own\n")
    gateway = assemble(found, where=where)
    if check:
        gateway.close()
        if not quiet:
            sys.stderr.write(f"redan: models verified: {len(gateway.models)}; all that is declared is enforced\n")
        return
    run(gateway, reached=_nothing if quiet else _say)


def _nothing(_: "Running") -> None:
    """Says nothing."""


def _say(running: "Running") -> None:
    sys.stdout.write(f"serving at {running.listen}\n")
    if running.admin is not None:
        sys.stdout.write(f"operators at {running.admin}\n")
    sys.stdout.flush()


def installed() -> None:
    """Makes sure that the gateway's packages are there.

    Raises:
        MissingExtraError: one of them is not.
    """
    from redan.errors import MissingExtraError
    from redan.extras import missing_import

    missing = missing_import("gateway")
    if missing is not None:
        raise MissingExtraError("gateway", missing)
