"""`redan attack extraction`: how good a copy of a model its answers make, for how many questions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from redan.attacks.campaign.inputs import Opening
from redan.cli.attack.evasion import Box, Data, Label, Model, Name, Trusted, Unsafe
from redan.cli.attack.progress import teller
from redan.cli.data.answer import Format, Page, Quiet, Seed, give

if TYPE_CHECKING:
    from redan.attacks.extraction.campaign import Wanted

_FORMS = ("probabilities", "probabilities:2", "label")
Answers = Annotated[
    list[str] | None,
    typer.Option(
        "--answers",
        metavar="FORM",
        help="Such as probabilities:2, top-k:3, label; the first is judged, further ones are compared with it.",
    ),
]
Questions = Annotated[
    int, typer.Option("--queries", min=1, metavar="N", help="The budget of questions of each attack.")
]
Attacks = Annotated[
    list[str] | None,
    typer.Option(
        "--attack",
        metavar="NAME",
        help="equations, paths, knockoff, adaptive, jacobian, active, k-center, semi-supervised, mixmatch, "
        "equivalent, data-free.",
    ),
]
Bound = Annotated[
    float,
    typer.Option("--threshold", min=0.0, max=1.0, metavar="SHARE", help="Fidelity that copies are to stay below."),
]
Samples = Annotated[
    int, typer.Option("--samples", min=20, metavar="N", help="Samples at most; half for the attacker, half to judge.")
]
Second = Annotated[
    str | None, typer.Option("--second", metavar="FILE", help="A model trained alike from another seed, to compare.")
]
Later = Annotated[str | None, typer.Option("--next", metavar="FILE", help="The model's next generation, to compare.")]


def attack_extraction(
    model: Model,
    data: Data,
    label: Label = None,
    name: Name = None,
    answers: Answers = None,
    queries: Questions = 1000,
    attack: Attacks = None,
    threshold: Bound = 0.9,
    samples: Samples = 2000,
    box: Box = (0.0, 1.0),
    second: Second = None,
    later: Later = None,
    trust_type: Trusted = None,
    unsafe_format: Unsafe = False,
    output: Format = "text",
    page: Page = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Copy a model by asking it, and say how often the copy answers as it does.

    The attacker has half of the samples without their labels, which is a strong one; the other half judges. An endpoint
    is asked by each attack anew; where it refuses, the attack ends there, and what it reached is told.

    Each option is told by its help.

    Raises:
        UsageError: an option is missing or contradicts another.
        InputError: a file cannot be read, or model and data do not fit.
        IncompleteError: the model does not answer at all.
    """
    from redan.attacks.extraction.campaign import Wanted, try_extraction
    from redan.attacks.extraction.form import shown
    from redan.attacks.extraction.telling import tell

    def opening(word: str) -> Opening:
        return Opening(word, name, tuple(trust_type or ()), unsafe_format)

    wanted = Wanted(
        forms=tuple(shown(text) for text in dict.fromkeys(answers or _FORMS)),
        budget=queries,
        attacks=tuple(attack or ()),
        label=label,
        samples=samples,
        box=box,
        second=None if second is None else opening(second),
        later=None if later is None else opening(later),
        seed=seed,
        progress=teller("questions"),
    )
    _known(wanted)
    copied = try_extraction(opening(model), data, wanted)
    found = list(tell(copied, name or Path(model).name, budget=queries, threshold=threshold))
    files = [data] if model.startswith("http") else [Path(model), data]
    give("extraction", files, found, output=output, page=page, quiet=quiet, group="attack")


def _known(wanted: "Wanted") -> None:
    """Looks at the names of the attacks before anything is opened."""
    from redan.attacks.extraction.domain import box
    from redan.attacks.extraction.shelf import attacks_of

    attacks_of(wanted.attacks, box((1,)))
