"""`redan attack reprogramming`: whether a stranger can make the model do another task than its own."""

from pathlib import Path
from typing import Annotated

import typer

from redan.cli.attack.credentials import Creds, held_by
from redan.cli.attack.options import (
    Answers,
    Box,
    Data,
    Label,
    Model,
    Name,
    Trusted,
    Unsafe,
    Work,
    endpoint_of,
    files_of,
    opening_of,
)
from redan.cli.attack.progress import teller
from redan.cli.data.answer import Format, Page, Quiet, Seed, apart, give

_FORMS = ("probabilities", "label")
Foreign = Annotated[
    str, typer.Option("--task", metavar="TASK", help="digits, counting, fashion, tumours, or an .npz with x and y.")
]
Steps = Annotated[int, typer.Option("--white-box", min=0, metavar="N", help="Steps that follow gradients; 0 for none.")]
Questions = Annotated[
    int, typer.Option("--queries", min=0, metavar="N", help="Budget of each attempt that asks alone; 0 for none.")
]
Deviation = Annotated[
    list[float] | None,
    typer.Option("--deviation", min=0.0, metavar="SHARE", help="Also keep inputs so near to the mean of the data."),
]
Bound = Annotated[
    float,
    typer.Option(
        "--threshold", min=0.0, max=1.0, metavar="SHARE", help="How far from chance to perfection is agreed on."
    ),
]
Samples = Annotated[int, typer.Option("--samples", min=1, metavar="N", help="Of the model's own data at most.")]
Test = Annotated[
    int | None, typer.Option("--test", min=50, metavar="N", help="Foreign inputs that judge; 1,000, or 200 remotely.")
]
Scale = Annotated[
    int | None, typer.Option("--scale", min=1, metavar="N", help="Pixels of the model for one of the task.")
]
Block = Annotated[int, typer.Option("--block", min=1, metavar="N", help="Side of squares of one value in a program.")]
Batch = Annotated[int, typer.Option("--batch", min=1, metavar="N", help="Inputs of a step that follows gradients.")]
Amplitude = Annotated[
    float,
    typer.Option(
        "--amplitude",
        min=0.01,
        max=1.0,
        metavar="SHARE",
        help="Of a foreign picture; the program goes on beneath it, or is a frame around it at 1.",
    ),
]
Inside = Annotated[
    bool, typer.Option("--inside/--no-inside", help="Also keep each number in the range that the data has there.")
]
Classes = Annotated[
    int | None, typer.Option("--classes", min=2, metavar="N", help="Of a model that answers with labels alone.")
]
Control = Annotated[
    bool, typer.Option("--shuffled/--no-shuffled", help="Also learn from shuffled classes, which must fail.")
]


def attack_reprogramming(
    model: Model,
    data: Data,
    task: Foreign = "digits",
    white_box: Steps = 0,
    queries: Questions = 20_000,
    answers: Answers = None,
    deviation: Deviation = None,
    label: Label = None,
    name: Name = None,
    creds: Creds = None,
    threshold: Bound = 0.2,
    samples: Samples = 2000,
    test: Test = None,
    scale: Scale = None,
    block: Block = 1,
    amplitude: Amplitude = 1.0,
    batch: Batch = 64,
    inside: Inside = True,
    classes: Classes = None,
    shuffled: Control = True,
    box: Box = (0.0, 1.0),
    work: Work = None,
    trust_type: Trusted = None,
    unsafe_format: Unsafe = False,
    output: Format = "text",
    page: Page = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Make the model do a foreign task by a program around its input, and say how well it does it.

    The data is that of the model's own task: it says what its inputs look like, so that monitors can be tried. With
    gradients the program is learnt as by Elsayed et al. (ICLR 2019), without as by Tsai et al. (ICML 2020).

    Each option is told by its help.

    Raises:
        UsageError: an option is missing or contradicts another.
        InputError: a file cannot be read, or model, data and task do not fit.
        ConfigError: the file of credentials is wrong.
        IncompleteError: the model does not answer at all.
    """
    from redan.attacks.extraction.form import shown
    from redan.attacks.reprogramming.campaign import Wanted, try_reprogramming
    from redan.attacks.reprogramming.telling import tell

    wanted = Wanted(
        task=task, queries=queries, steps=white_box, batch=batch, deviations=tuple(deviation or ()), inside=inside,
        forms=tuple(shown(text) for text in dict.fromkeys(answers or _FORMS)), classes=classes, label=label, box=box,
        scale=scale, block=block, amplitude=amplitude, samples=samples, test=test, shuffled=shuffled, work=work,
        seed=seed, progress=teller("steps"),
    )  # fmt: skip
    files = files_of(model, data)
    apart(files, page, work)
    opening = held_by(opening_of(model, name, trust_type, unsafe_format), creds)
    found = list(tell(try_reprogramming(opening, data, wanted), name or Path(model).name, threshold=threshold))
    asked = endpoint_of(model, name)
    give("reprogramming", files, found, output=output, page=page, quiet=quiet, group="attack", asked=asked)
