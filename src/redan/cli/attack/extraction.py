"""`redan attack extraction`: how good a copy of a model its answers make, for how many questions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from redan.attacks.extraction.campaign import Wanted

_FORMS = ("probabilities", "probabilities:2", "label")
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
    creds: Creds = None,
    unsafe_format: Unsafe = False,
    work: Work = None,
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

    files = files_of(model, data)
    words = [word for word in (model, second, later) if word]
    apart([*files, *[path for word in words[1:] for path in files_of(word)]], page, work)
    opened = {word: held_by(opening_of(word, name, trust_type, unsafe_format), creds) for word in words}
    wanted = Wanted(
        forms=tuple(shown(text) for text in dict.fromkeys(answers or _FORMS)),
        budget=queries,
        attacks=tuple(attack or ()),
        label=label,
        samples=samples,
        box=box,
        second=None if second is None else opened[second],
        later=None if later is None else opened[later],
        seed=seed,
        progress=teller("questions"),
        work=work,
    )
    _known(wanted)
    copied, asked = try_extraction(opened[model], data, wanted), endpoint_of(model, name)
    found = list(tell(copied, name or Path(model).name, budget=queries, threshold=threshold))
    give("extraction", files, found, output=output, page=page, quiet=quiet, group="attack", asked=asked)


def _known(wanted: "Wanted") -> None:
    """Looks at the names of the attacks before anything is opened."""
    from redan.attacks.extraction.domain import box
    from redan.attacks.extraction.shelf import attacks_of

    attacks_of(wanted.attacks, box((1,)))
