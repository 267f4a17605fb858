"""`redan attack evasion`: what is left of a model's accuracy under attack, and whether to believe it."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from redan.cli.attack.inputs import Arrays, Target, asked_of, open_target, read_arrays, read_by, with_gradients
from redan.cli.data.answer import Format, Page, Quiet, Seed, give
from redan.errors import UsageError

if TYPE_CHECKING:
    from redan.attacks.campaign.tried import Tried
    from redan.attacks.evasion.running import Progress
    from redan.attacks.threat import Threat
    from redan.canon import Json
    from redan.findings import Finding

Model = Annotated[str, typer.Option("--model", metavar="FILE", help="ONNX or skops file, or an endpoint's address.")]
Data = Annotated[Path, typer.Option("--data", metavar="FILE", help="An .npz with arrays x and y, or a table.")]
Ball = Annotated[str, typer.Option("--threat", metavar="NORM:RADIUS", help="Such as linf:8/255, l2:0.5, l0:3.")]
Suite = Annotated[
    Literal["standard", "plus", "rand", "screen", "queries"],
    typer.Option("--suite", help="AutoAttack's suites, its first two attacks, or queries alone."),
]
Label = Annotated[str | None, typer.Option("--label", metavar="COLUMN", help="Column of classes; for a table.")]
Rules = Annotated[
    Path | None, typer.Option("--constraints", metavar="FILE", help="What each column of a table may be.")
]
Name = Annotated[str | None, typer.Option("--name", metavar="MODEL", help="The model's name at an endpoint.")]
Bound = Annotated[
    float, typer.Option("--threshold", min=0.0, max=1.0, metavar="SHARE", help="Robust accuracy that is agreed on.")
]
Samples = Annotated[int, typer.Option("--samples", min=1, metavar="N", help="Samples at most; more are drawn from.")]
Box = Annotated[tuple[float, float], typer.Option("--box", metavar="LOW HIGH", help="Least and largest valid value.")]
Queries = Annotated[int, typer.Option("--queries", min=1, metavar="N", help="For each sample, without gradients.")]
Radii = Annotated[
    list[float] | None, typer.Option("--radius", metavar="R", help="A further radius for the curve; may be repeated.")
]
Work = Annotated[
    Path | None, typer.Option("--work", metavar="FILE", help="Keeps what is done; the same call goes on from it.")
]
Unsafe = Annotated[bool, typer.Option("--unsafe-format", help="Load formats that run code, such as TorchScript.")]
Trusted = Annotated[
    list[str] | None, typer.Option("--trust-type", metavar="TYPE", help="A type of a skops file; may be repeated.")
]
Shown = Annotated[int, typer.Option("--gallery", min=0, max=12, metavar="N", help="Samples that the page shows.")]


class Wanted(NamedTuple):
    """What the command line asks for.

    Args:
        threat: norm, radius and box.
        suite: attacks.
        label: column of classes.
        constraints: rules of a table's columns.
        samples: at most.
        queries: for each sample.
        radii: further ones.
        work: file that keeps what is done.
        seed: of every choice.
    """

    threat: "Threat"
    suite: str
    label: str | None
    constraints: Path | None
    samples: int
    queries: int
    radii: tuple[float, ...]
    work: Path | None
    seed: int


def attack_evasion(
    model: Model,
    data: Data,
    threat: Ball,
    suite: Suite = "standard",
    label: Label = None,
    constraints: Rules = None,
    name: Name = None,
    threshold: Bound = 0.5,
    samples: Samples = 1000,
    box: Box = (0.0, 1.0),
    queries: Queries = 1000,
    radius: Radii = None,
    work: Work = None,
    trust_type: Trusted = None,
    unsafe_format: Unsafe = False,
    gallery: Shown = 6,
    output: Format = "text",
    page: Page = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Attack a model within a threat model, and say how much of its accuracy stays.

    Every success is judged again outside of the attacks, and failure checks look for signs that an attack failed by
    itself; then nothing holds. A model without gradients, a table and an endpoint are attacked by queries.

    Args:
        model: a file or an address.
        data: samples and labels.
        threat: norm and radius.
        suite: attacks.
        label: column of classes of a table.
        constraints: rules of its columns.
        name: of the model at an endpoint.
        threshold: robust accuracy that is agreed on.
        samples: at most.
        box: least and largest valid value of arrays.
        queries: for each sample, without gradients.
        radius: further radii for the curve.
        work: file that keeps what is done.
        trust_type: types of a skops file that you looked at.
        unsafe_format: load formats that run code.
        gallery: samples that the page shows; findings never hold one.
        output: `text` or `json`.
        page: where to draw what was measured.
        seed: of every draw.
        quiet: only what is broken or could not be told.

    Raises:
        UsageError: an option is missing or contradicts another.
        InputError: a file cannot be read, or model and data do not fit.
        IncompleteError: the model does not answer any more.
    """
    wanted = Wanted(_ball(threat, box), suite, label, constraints, samples, queries, tuple(radius or ()), work, seed)
    target = partial(open_target, model, name, trusted=trust_type or (), unsafe_format=unsafe_format)
    tried = _tried(target, model, data, wanted)
    found = _found(tried, Path(model).name if name is None else name, threshold)
    drawn = None if page is None else _drawn(tried, found, box, gallery)
    give("evasion", _files(model, data), found, output=output, page=page, quiet=quiet, group="attack", shown=drawn)


def _files(model: str, data: Path) -> list[Path]:
    return [data] if model.startswith("http") else [Path(model), data]


def _ball(text: str, box: tuple[float, float]) -> "Threat":
    from redan.attacks.threat import parse

    return parse(text, box)


def _found(tried: "Tried", subject: str, threshold: float) -> "list[Finding]":
    from redan.attacks.campaign.telling import tell

    return list(tell(tried, subject, threshold=threshold))


def _drawn(tried: "Tried", found: "list[Finding]", box: tuple[float, float], most: int) -> "list[Finding]":
    """The findings as the page draws them: with a few samples, which findings themselves never hold."""
    from redan.attacks.campaign.telling import shown
    from redan.findings.pictures import pictured

    some = shown(tried, box=box, most=most)
    return found if some is None else [_with(found[0], pictured([some])), *found[1:]]


def _with(finding: "Finding", drawn: "dict[str, Json]") -> "Finding":
    held, new = finding.detail.get("pictures"), drawn.get("pictures")
    both = [*(held if isinstance(held, list) else []), *(new if isinstance(new, list) else [])]
    return replace(finding, detail={**finding.detail, "pictures": both})


def _tried(target: Callable[[], Target], word: str, data: Path, wanted: Wanted) -> "Tried":
    arrays = data.suffix.lower() == ".npz"
    if arrays and (wanted.label or wanted.constraints):
        raise UsageError("an .npz has no columns", where=str(data), remedy="leave out --label and --constraints")
    if not arrays and wanted.label is None:
        raise UsageError("a table needs its label", where=str(data), remedy="name it with --label")
    read = read_arrays(data, wanted.samples, wanted.seed) if arrays else None
    if read is None:
        return _on_rows(target(), data, wanted)
    return _on_arrays(target(), Path(word), read, wanted)


def _on_rows(target: Target, data: Path, wanted: Wanted) -> "Tried":
    from redan.attacks.campaign.rows import RowsWanted, attack_rows
    from redan.attacks.tables.encode import rows_of
    from redan.attacks.tables.reading import read_rules
    from redan.attacks.tables.rules import Rules as TableRules
    from redan.tables import open_table

    if target.network is not None:
        raise UsageError("a network reads arrays, not a table", where=str(data), remedy="give an .npz with x and y")
    rules = TableRules(others="free") if wanted.constraints is None else read_rules(wanted.constraints)
    table = read_by(target.model, open_table(data), wanted.label or "")
    rows = rows_of(table, wanted.label or "", rules, limit=wanted.samples, seed=wanted.seed)
    order = RowsWanted(wanted.threat, wanted.queries, wanted.seed, ruled=wanted.constraints is not None)
    return attack_rows(target.endpoint if target.model is None else target.model, rows, order)


def _on_arrays(target: Target, path: Path, read: Arrays, wanted: Wanted) -> "Tried":
    target = target if wanted.suite == "queries" else with_gradients(target, path, read.x)
    if target.network is None or wanted.suite == "queries":
        from redan.attacks.campaign.black_box import Asking, attack_by_queries

        queries, labels = asked_of(target)
        places = queries.indices(read.y)
        made = attack_by_queries(queries, labels, read.x, places, Asking(wanted.threat, wanted.queries, wanted.seed))
        return replace(made, notes=(*target.notes, *made.notes))
    from redan.attacks.campaign.white_box import Campaign, attack_network

    campaign = Campaign(
        wanted.threat, wanted.suite, wanted.radii, wanted.seed, wanted.work, _progress if sys.stderr.isatty() else None
    )
    made = attack_network(target.network, read.x, read.y, campaign)
    return replace(made, notes=(*target.notes, *made.notes))


def _progress(at: "Progress") -> None:
    sys.stderr.write(f"\r{at.attack}: {at.ended:,} of {at.of:,}{'' if at.ended < at.of else chr(10)}")
    sys.stderr.flush()
