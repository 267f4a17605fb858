"""`redan attack membership`: who can tell from the answers that a record was trained on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from redan.cli.attack.credentials import Creds, held_by
from redan.cli.attack.options import (
    MODEL,
    Label,
    Name,
    Ray,
    Trusted,
    Unsafe,
    Work,
    Workers,
    cluster_of,
    endpoint_of,
    files_of,
    opening_of,
)
from redan.cli.attack.progress import teller
from redan.cli.data.answer import Format, Page, Quiet, Seed, apart, give, there, writable
from redan.errors import UsageError

if TYPE_CHECKING:
    from redan.attacks.campaign.inputs import Opening
    from redan.attacks.inference.membership.campaign import Inferred, Wanted

Model = Annotated[str | None, MODEL]
Members = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FILE",
        callback=there,
        help="Records that it was trained on: an .npz with x and y, or a table.",
    ),
]
Others = Annotated[
    Path | None,
    typer.Option(
        "--nonmembers", metavar="FILE", callback=there, help="Records of the same kind that it was not trained on."
    ),
]
Shadows = Annotated[
    int, typer.Option("--shadows", min=0, max=1000, metavar="K", help="Models to train like it; 0 for none.")
]
Scores = Annotated[
    Path | None,
    typer.Option("--scores", metavar="FILE", help="Scores of models that are there already, the target's among them."),
]
Keep = Annotated[
    Path | None,
    typer.Option("--keep", metavar="FILE", callback=writable, help="Where to write the scores of all models."),
]
Multiple = Annotated[
    float,
    typer.Option(
        "--threshold", min=1.0, max=1000.0, metavar="TIMES", help="True positives over false positives, as agreed."
    ),
]
Samples = Annotated[int, typer.Option("--samples", min=40, metavar="N", help="Records of each file at most.")]
Budget = Annotated[int | None, typer.Option("--queries", min=1, metavar="N", help="Answers that may be asked in all.")]


def attack_membership(
    model: Model = None,
    data: Members = None,
    nonmembers: Others = None,
    label: Label = None,
    name: Name = None,
    shadows: Shadows = 16,
    scores: Scores = None,
    keep: Keep = None,
    threshold: Multiple = 10.0,
    samples: Samples = 10_000,
    queries: Budget = None,
    work: Work = None,
    workers: Workers = 0,
    ray: Ray = None,
    trust_type: Trusted = None,
    creds: Creds = None,
    unsafe_format: Unsafe = False,
    output: Format = "text",
    page: Page = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Tell members of the training data from others by a model's answers, and say how many are recognised.

    An estimator of scikit-learn is trained anew as it was, on random halves; any other model is attacked with shadows
    of the attacker's own recipe, and by quantile regression without any. A baseline that never asks the model, and the
    shadows' likeness to it, say whether the figure may be believed.

    Each option is told by its help.

    Raises:
        UsageError: an option is missing or contradicts another.
        InputError: a file cannot be read, or model and data do not fit.
        IncompleteError: there are too few records, or the model does not answer.
    """
    from redan.attacks.inference.membership.telling import tell

    if scores is not None:
        if any(one is not None for one in (model, data, nonmembers, keep)):
            raise UsageError("--scores holds all that is attacked", remedy="leave out --model, data and --keep")
        files = [scores]
        apart(files, page)
        found = _of_scores(scores, seed)
    elif model is None or data is None or nonmembers is None:
        raise UsageError("nothing to attack", remedy="give --model, --data and --nonmembers, or --scores")
    else:
        from redan.attacks.inference.membership.campaign import Wanted

        wanted = Wanted(
            label=label, shadows=shadows, samples=samples, seed=seed, budget=queries, work=work,
            cluster=cluster_of(ray, workers), progress=teller(),
        )  # fmt: skip
        files = files_of(model, data, nonmembers)
        apart(files, page, keep, work)
        opening = held_by(opening_of(model, name, trust_type, unsafe_format), creds)
        found = _of_model(opening, data, nonmembers, wanted, keep)
    told = tell(found, name or Path(model or files[0]).name, multiple=threshold)
    asked = endpoint_of(model, name)
    give("membership", files, [told], output=output, page=page, quiet=quiet, group="attack", asked=asked)


def _of_scores(path: Path, seed: int) -> "Inferred":
    from redan.attacks.inference.membership.campaign import inferred
    from redan.attacks.inference.membership.matrix_file import read_matrix

    return inferred(read_matrix(path), seed=seed)


def _of_model(opening: "Opening", data: Path, others: Path, wanted: "Wanted", keep: Path | None) -> "Inferred":
    from redan.attacks.inference.membership.campaign import try_membership
    from redan.attacks.inference.membership.matrix_file import save_matrix

    found = try_membership(opening, data, others, wanted)
    if keep is not None:
        save_matrix(keep, found.matrix)
    return found
