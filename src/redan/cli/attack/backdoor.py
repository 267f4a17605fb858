"""`redan attack backdoor`: signs that a model was taught to answer a trigger, and how much they weigh."""

from pathlib import Path
from typing import Annotated

import typer

from redan.cli.attack.credentials import Creds, held_by
from redan.cli.attack.options import Box, Data, Label, Model, Name, Trusted, Unsafe, endpoint_of, files_of, opening_of
from redan.cli.attack.progress import teller
from redan.cli.data.answer import Format, Page, Quiet, Seed, apart, give, there

Clean = Annotated[
    Path | None,
    typer.Option(
        "--trusted",
        metavar="FILE",
        callback=there,
        help="Samples that surely carry no trigger; --data is suspected then.",
    ),
]
Samples = Annotated[int, typer.Option("--samples", min=40, metavar="N", help="Samples of each file at most.")]
Questions = Annotated[
    int | None, typer.Option("--queries", min=1, metavar="N", help="Questions at most; no end when left out.")
]
Bound = Annotated[
    float, typer.Option("--threshold", min=0.1, metavar="SCORE", help="Score from which on the risk is not low.")
]
Steps = Annotated[int, typer.Option("--steps", min=20, metavar="N", help="Steps of the search by gradients.")]


def attack_backdoor(
    model: Model,
    data: Data,
    label: Label = None,
    name: Name = None,
    trusted: Clean = None,
    samples: Samples = 2000,
    queries: Questions = None,
    threshold: Bound = 1.0,
    steps: Steps = 150,
    box: Box = (0.0, 1.0),
    trust_type: Trusted = None,
    creds: Creds = None,
    unsafe_format: Unsafe = False,
    output: Format = "text",
    page: Page = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Look for signs that a model was taught to answer a trigger.

    A network is searched by its gradients for the smallest trigger of each class, pictures and tables by questions. The
    grade is low, raised or high; low says that nothing was found, not that nothing is there.

    Each option is told by its help.

    Raises:
        UsageError: an option is missing or contradicts another.
        InputError: a file cannot be read, or model and data do not fit.
        IncompleteError: too few samples, or the model gives one answer to everything.
    """
    from redan.attacks.poisoning.examination import Wanted, examine
    from redan.attacks.poisoning.telling import tell

    files = files_of(model, data)
    apart([*files, *([] if trusted is None else [trusted])], page)
    wanted = Wanted(
        label=label,
        trusted=trusted,
        samples=samples,
        box=box,
        steps=steps,
        budget=queries,
        seed=seed,
        progress=teller(),
    )
    found = examine(held_by(opening_of(model, name, trust_type, unsafe_format), creds), data, wanted)
    shown = list(tell(found, name or Path(model).name, threshold=threshold, samples=page is not None))
    told = list(tell(found, name or Path(model).name, threshold=threshold))
    asked = endpoint_of(model, name)
    give("backdoor", files, told, output=output, page=page, quiet=quiet, group="attack", shown=shown, asked=asked)
