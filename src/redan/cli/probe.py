"""`redan probe`: what an inference endpoint takes that it should refuse, seen from outside."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from redan.cli.data.answer import Format, Quiet, Seed, outcome_of
from redan.cli.page import aligned
from redan.terms import Exit, Outcome

if TYPE_CHECKING:
    from redan.findings import Finding
    from redan.probes import Cost, Probed, Target, Tried

_EXITS: Mapping[Outcome, Exit] = MappingProxyType(
    {Outcome.BROKEN: Exit.FOUND, Outcome.NOT_RUN: Exit.INCOMPLETE, Outcome.ERROR: Exit.INCOMPLETE}
)
_MEGABYTE = 1_000_000
Url = Annotated[str, typer.Argument(metavar="URL", help="Of the endpoint, such as https://host:port.")]
Model = Annotated[str, typer.Option("--model", metavar="NAME", help="The model that the client may ask.")]
Creds = Annotated[
    Path | None,
    typer.Option("--creds", metavar="FILE", help="TOML: what the client holds; none where nobody is asked who asks."),
]
Request = Annotated[
    Path | None,
    typer.Option("--request", metavar="FILE", help="A question in JSON that is answered; else made of the metadata."),
]
Authority = Annotated[
    str | None, typer.Option("--authority", metavar="HOST", help="Name by which the service is called, if another.")
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="WORD", help="A probe, incident, control or check; may be repeated."),
]
Ports = Annotated[
    list[int] | None,
    typer.Option("--port", min=1, max=65535, metavar="N", help="Of the same host, to be closed; may be repeated."),
]
Flood = Annotated[int, typer.Option("--flood", min=1, metavar="N", help="Requests at most in search of a limit.")]
Patience = Annotated[
    float, typer.Option("--patience", min=1.0, metavar="SECONDS", help="After which a slow client has to be ended.")
]
Seconds = Annotated[float, typer.Option("--seconds", min=1.0, metavar="SECONDS", help="In all; the rest is not run.")]


def probe(
    url: Url,
    model: Model,
    creds: Creds = None,
    request: Request = None,
    authority: Authority = None,
    only: Only = None,
    port: Ports = None,
    flood: Flood = 400,
    patience: Patience = 20.0,
    seconds: Seconds = 300.0,
    output: Format = "text",
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Try at an inference endpoint what must be refused, with the credentials of a client that is made for it.

    A good question comes first, and after each probe: a server that answers nothing does not pass. Nothing is sent to
    any other host. Limits of the client are spent at the end, and an open server may do what nobody should be able to
    ask of it, such as delete a model: use it on services that you answer for.

    Each option is told by its help.

    Raises:
        InputError: the address is none of HTTP, or the question cannot be read.
        ConfigError: the file of credentials is wrong.
        UsageError: what is to be tried does not exist.
    """
    import numpy as np

    from redan.probes import Bounds, Target
    from redan.probes import probe as tried_at
    from redan.probes.held import Held, held
    from redan.probes.target import Credentials, Declared

    empty = Held(Credentials(), None, Declared(), None)
    has = empty if creds is None else held(creds, os.environ)
    target = Target(
        url=url,
        model=model,
        mine=has.mine,
        other=has.other,
        question=None if request is None else _read(request),
        authority=authority,
        tls=has.tls,
        declared=has.declared,
        bounds=Bounds(seconds=seconds, patience=patience, flood=flood),
        ports=tuple(port or ()),
    )
    words = frozenset(only or ())
    shows = _progress if sys.stderr.isatty() and not quiet else None
    found = tried_at(target, rng=np.random.default_rng(seed), only=words, progress=shows)
    _give(target, found, output, quiet=quiet)


def _read(path: Path) -> bytes:
    from redan.files import TEXT_LIMIT_BYTES, read_bounded

    return read_bounded(path, TEXT_LIMIT_BYTES)


def _progress(number: int, of: int, name: str) -> None:
    sys.stderr.write(f"\r\x1b[K{number + 1} of {of}: {name}" if number + 1 < of else "\r\x1b[K")
    sys.stderr.flush()


def _give(target: "Target", found: "Probed", output: str, *, quiet: bool) -> NoReturn:
    from redan.probes import findings_of

    findings = findings_of(found.tried, f"endpoint:{target.model}")
    outcome = outcome_of(findings)
    if output == "json":
        whole = {
            "schema": "redan/probe/v1",
            "url": target.url,
            "model": target.model,
            "outcome": outcome.value,
            "findings": [finding.to_json() for finding in findings],
            "cost": found.cost._asdict() | {"seconds": round(found.cost.seconds, 1)},
        }
        sys.stdout.write(json.dumps(whole, indent=2) + "\n")
    else:
        silent = {Outcome.HOLDS, Outcome.NOT_APPLICABLE} if quiet else set()
        sys.stdout.write(aligned([row for one in found.tried if one.outcome not in silent for row in _rows(one)]))
    if not quiet:
        sys.stderr.write(_spent(found.cost, findings))
    raise typer.Exit(_EXITS.get(outcome, Exit.MET))


def _rows(one: "Tried") -> list[tuple[str, str]]:
    incident = f" ({one.incident})" if one.incident else ""
    rows = [(one.outcome.value, f"{one.name}{incident}: {one.tries}: {one.seen}")]
    if one.outcome is Outcome.BROKEN:
        rows += [("", f"{one.remedy} [{', '.join(one.checks)}]")]
    return rows


def _spent(cost: "Cost", findings: "Iterable[Finding]") -> str:
    controls = len({finding.control for finding in findings})
    return (
        f"{cost.requests:,} requests over {cost.connections:,} connections, {cost.sent / _MEGABYTE:.1f} MB, "
        f"{cost.seconds:.1f} s; findings of {controls} controls\n"
    )
