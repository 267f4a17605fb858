"""`redan defend reference`: the file that says what a model was made for and how sure it is, to be sealed with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from redan.cli.data.answer import Format, Quiet, Seed, give
from redan.errors import InputError, UsageError

if TYPE_CHECKING:
    from redan.defences.reference import Made
    from redan.defences.reference.making import Screening
    from redan.findings import Finding
    from redan.models import Loaded, OnnxModel

_SURE = 0.999
_LIMIT_BYTES = 4 << 30
_CHECK = "A-MLSG-004-D005/honest-input-passes"
Model = Annotated[Path, typer.Option("--model", metavar="FILE", help="The ONNX model that the gateway is to serve.")]
Data = Annotated[Path, typer.Option("--data", metavar="FILE", help="Training rows: a table, or an .npz with x and y.")]
Held = Annotated[
    Path, typer.Option("--calibration", metavar="FILE", help="Rows with labels that the model was not trained on.")
]
Label = Annotated[str | None, typer.Option("--label", metavar="COLUMN", help="Column of classes; for a table.")]
Column = Annotated[
    list[str] | None, typer.Option("--column", metavar="COLUMN", help="What the model reads, in order; repeated.")
]
Class = Annotated[
    list[str] | None, typer.Option("--class", metavar="NAME", help="In the order of the model's numbers; repeated.")
]
Refused = Annotated[
    float, typer.Option("--refused", min=0.000001, max=0.5, metavar="SHARE", help="Of honest rows, by their distance.")
]
Coverage = Annotated[
    float, typer.Option("--coverage", min=0.5, max=0.9999, metavar="SHARE", help="That sets are to have, per class.")
]
Change = Annotated[
    str, typer.Option("--transformation", metavar="WORD:NUMBER", help="As the model's table in redan.toml says it.")
]
Guard = Annotated[
    Path | None, typer.Option("--guard", metavar="FILE", help="The ONNX model that looks at the input first.")
]
Target = Annotated[
    Path, typer.Option("--output", "-o", "--out", metavar="FILE", help="Where to write it; beside the model.")
]


def reference(
    model: Model,
    data: Data,
    calibration: Held,
    target: Target,
    label: Label = None,
    column: Column = None,
    klass: Class = None,
    refused: Refused = 0.01,
    coverage: Coverage = 0.9,
    transformation: Change = "",
    guard: Guard = None,
    output: Format = "text",
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Measure on real rows what a gateway then holds a model's input and answers to.

    The file has the range of each column, a distance from the training rows, the levels of texts, the bins of drift,
    and, from rows that the model has not seen, a temperature and the scores of each class for sets that hold the right
    class as often as declared. Seal it in one folder with the model and name it as `reference` in its table.

    Each option is told by its help.

    Raises:
        UsageError: the file would replace one that was given, or a label is missing.
        InputError: a file cannot be read, model and rows do not fit, or the calibration rows are training rows.
        IncompleteError: there are too few rows for what is asked.
        MissingExtraError: scikit-learn or onnxruntime is not installed.
    """
    import numpy as np

    from redan.defences.reference import Asked, make
    from redan.defences.reference.rows import read_rows
    from redan.files import write_atomic
    from redan.guards.reference import written

    if target.resolve() in {one.resolve() for one in (model, data, calibration)}:
        raise UsageError("would replace what it is made from", where=str(target), remedy="name another file")
    loaded, opened = _opened(model)
    train, held = (read_rows(path, opened, label, column, seed=seed) for path in (data, calibration))
    screen = None if guard is None else _screening(guard)
    labelled = label is not None or data.suffix.lower() == ".npz"
    asked = Asked(
        opened, loaded.whole, train, held, labelled, tuple(klass or ()), refused, coverage, transformation, screen
    )
    made = make(asked, np.random.default_rng(seed))
    write_atomic(target, written(made.reference))
    found = [*_findings(model.name, made, asked.refused, coverage)]
    give("reference", [model, data, calibration], found, output=output, quiet=quiet)


def _opened(path: Path) -> "tuple[Loaded, OnnxModel]":
    from redan.models import OnnxModel, load

    loaded = load(path, seal=None, trust=None, unsafe_unsealed=True)
    found = loaded.model()
    if not isinstance(found, OnnxModel):
        raise InputError("the gateway serves ONNX models alone", where=str(path), remedy="export the model to ONNX")
    return loaded, found


def _screening(path: Path) -> "Screening":
    from redan.defences.reference.making import Screening, port_of
    from redan.files import read_bounded
    from redan.models.onnx_ends import gives_shares

    loaded, opened = _opened(path)
    port = port_of(opened)
    shares = None if port is None else gives_shares(read_bounded(path, _LIMIT_BYTES), port.name)
    return Screening(opened, loaded.whole, shares)


def _findings(subject: str, made: "Made", refused: float, coverage: float) -> Iterator["Finding"]:
    from redan.findings import Measure, Remedy, broken, holds, not_run
    from redan.stats.binomial import clopper_pearson

    interval = clopper_pearson(made.refused, made.checked)
    share = made.refused / max(1, made.checked)
    measure = Measure(name="refused", value=share, interval=interval, n=made.checked, threshold=refused, unit="share")
    judged = "ranges, levels and distance" if made.distance else "ranges and levels"
    text = (
        f"Of {made.checked:,} held-out rows that chose nothing, the envelope ({judged}) refuses {made.refused:,} "
        f"({share:.2%}, 95 % interval {interval.low:.2%} to {interval.high:.2%}), {made.outside:,} of them for a value "
        f"that no training row has; {refused:.2%} by distance are agreed on."
    )
    if interval.low > refused:
        advice = Remedy(text="Train on rows that cover what arrives, or look for another split of the data.")
        yield broken(_CHECK, subject, text, advice, part="envelope", measure=measure)
    else:
        yield holds(_CHECK, subject, text, part="envelope", measure=measure)
    for name in made.free:
        yield not_run(_CHECK, subject, f"Input {name} holds free text, which is not looked at.", part=name)
    held = made.reference.calibration
    if held is None:
        text = "Without labels and an output of one number for each class nothing is calibrated."
        yield not_run(_CHECK, subject, text, part="calibration", remedy=Remedy(text="Name the labels with --label."))
        return
    yield _sets(subject, made, coverage, held.temperature)


def _sets(subject: str, made: "Made", coverage: float, temperature: float) -> "Finding":
    from redan.findings import Measure, Remedy, broken, holds
    from redan.stats.binomial import clopper_pearson

    text = (
        f"Calibrated on {sum(made.counts):,} rows, {min(made.counts):,} or more of each of {len(made.classes):,} "
        f"classes ({', '.join(made.classes[:8])}{', ...' if len(made.classes) > 8 else ''}), at temperature "  # noqa: PLR2004
        f"{temperature:.3g}: the loss of a probability is {made.losses[1]:.4f} instead of {made.losses[0]:.4f}."
    )
    if made.sets is None:
        return holds(_CHECK, subject, f"{text} There are too few rows to try sets on.", part="calibration")
    sets = made.sets
    interval = clopper_pearson(sets.hits, sets.rows, _SURE)  # the half that calibrates is a sample, too
    share = sets.hits / max(1, sets.rows)
    measure = Measure(
        name="coverage", value=share, interval=interval, n=sets.rows, threshold=coverage, unit="share", confidence=_SURE
    )
    text += (
        f" Tried on halves of them, {share:.1%} of {sets.rows:,} sets hold the right class (interval at "
        f"{_SURE:.1%}: {interval.low:.1%} to {interval.high:.1%}), with {sets.size:.2f} classes on average, "
        f"{sets.single:,} of one."
    )
    if interval.high < coverage:
        advice = Remedy(text="Look for an order in the rows, such as time: sets hold for rows that come alike.")
        return broken(_CHECK, subject, text, advice, part="calibration", measure=measure)
    return holds(_CHECK, subject, text, part="calibration", measure=measure)
