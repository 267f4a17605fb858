"""`redan report`: draw the last evidence, after verifying it and asking whether it still speaks of what is there."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from redan.cli.flow import Asked, Judging, prepare
from redan.cli.material import material_of
from redan.cli.output import write_report
from redan.cli.state import State
from redan.errors import UsageError
from redan.evidence import Verified, marked_stale, stale, verify
from redan.evidence.form import PACK_LIMIT_BYTES
from redan.files import read_bounded
from redan.reports.shelf import FORMATS
from redan.runner.plan import plan
from redan.runner.records import Results
from redan.runner.run import current_digests, gather
from redan.seal.keys import load_public
from redan.system.read import read
from redan.system.system import System


def report(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder of redan.toml, or the file itself.")] = Path(),
    format_: Annotated[str, typer.Option("--format", metavar="FORMAT", help=f"One of {', '.join(FORMATS)}.")] = "html",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the report here.")
    ] = None,
    pack: Annotated[
        Path | None, typer.Option("--evidence", metavar="PACK", help="The pack; .redan/evidence.json if left out.")
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="PUB", help="Public key; .redan/key.pub if left out.")] = None,
    _quiet: Annotated[bool, typer.Option("--quiet", help="Only the report, no remarks.")] = False,
) -> None:
    """Draw the last evidence as a page or in a machine's format.

    The evidence is verified first. What has changed since it was signed is shown as stale, never as holding.
    Exit code: as `redan check` would leave with, for the evidence as it stands today.
    """
    if format_ not in FORMATS:
        raise UsageError(f"unknown format {format_!r}", remedy=f"one of {', '.join(FORMATS)}")
    system = read(path)
    state = State(system.origin.root)
    state.check()
    evidence = pack or state.evidence
    if not evidence.exists():
        raise UsageError("there is no evidence yet", where=str(evidence), remedy="run 'redan check' first")
    public = load_public(key or state.public)
    verified = verify(read_bounded(evidence, PACK_LIMIT_BYTES), public)
    if pack is None:
        state.check_newest(verified, public)
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    judging, results = as_of_today(system, verified, now)
    judgement = judging.judge(results, now)
    write_report(format_, material_of(judging, results, judgement, verified), output)
    raise typer.Exit(int(judgement.exit))


def as_of_today(system: System, verified: Verified, now: dt.datetime) -> tuple[Judging, Results]:
    """The verified results with everything outdated marked as stale, and what the gate needs to judge them.

    Args:
        system: the description as it is now.
        verified: the evidence.
        now: UTC.

    Raises:
        ConfigError, InputError: the description, or a file that it declares, is wrong now.
    """
    policy = verified.results.policy
    budget = policy.get("budget") if isinstance(policy, dict) else None
    asked = Asked(now=now, seed=verified.results.seed, budget=budget if isinstance(budget, str) else None)
    judging = prepare(system, asked)
    what = plan(system, controls=judging.controls, budget=judging.budget)
    changes = stale(verified.results, current_digests(what, gather(what)), judging.policy_sha256)
    return judging, marked_stale(verified.results, changes)
