"""From a judged run to the material of reports: the evidence digests, and the threats that the run bears on."""

import shlex
from pathlib import Path

from redan.cli.flow import Judging
from redan.evidence import Verified
from redan.gating import Judgement
from redan.reports.material import Material
from redan.runner.records import Results
from redan.threats.derive import derive


def material_of(judging: Judging, results: Results, judgement: Judgement, verified: Verified | None) -> Material:
    """What the reports draw.

    Args:
        judging: system, catalogue, waivers and seed.
        results: of the run.
        judgement: of the gate.
        verified: the evidence; None when none was signed.
    """
    return Material(
        system=judging.system,
        results=results,
        judgement=judgement,
        controls=judging.controls,
        evidence={} if verified is None else verified.evidence,
        key_id="" if verified is None else verified.key_id,
        analysis=derive(judging.system),
        folder=_folder(judging.system.origin.root),
        reproduce=_command(judging),
    )


def _folder(root: Path) -> str:
    """Where the description lies below the folder that the command was called in, which CI makes the source root."""
    here = Path.cwd()
    return root.relative_to(here).as_posix() if root != here and root.is_relative_to(here) else ""


def _command(judging: Judging) -> str:
    """The command line that gives the same findings."""
    words = ["redan check", shlex.quote(judging.system.origin.file)]
    words += [f"--only {shlex.quote(name)}" for name in judging.only]
    return " ".join([*words, f"--seed {judging.seed}", f"--budget {judging.budget}"])
