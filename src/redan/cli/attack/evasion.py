"""`redan attack evasion`: what is left of a model's accuracy under attack, and whether to believe it."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from redan.attacks.campaign.parts import SIZE
from redan.attacks.campaign.trying import Wanted, try_model
from redan.cli.attack.certify import Campaigned, certified, certifying
from redan.cli.attack.credentials import Creds, held_by
from redan.cli.attack.options import (
    Box,
    Data,
    Label,
    Model,
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
from redan.cli.data.answer import Format, Page, Quiet, Seed, apart, give

if TYPE_CHECKING:
    from redan.attacks.campaign.inputs import Opening
    from redan.attacks.campaign.tried import Tried
    from redan.attacks.threat import Threat
    from redan.canon import Json
    from redan.findings import Finding

Ball = Annotated[str, typer.Option("--threat", metavar="NORM:RADIUS", help="Such as linf:8/255, l2:0.5, l0:3.")]
Suite = Annotated[
    Literal["standard", "plus", "rand", "screen", "minimum", "queries"],
    typer.Option("--suite", help="AutoAttack's suites, its first two attacks, nearest inputs, or queries alone."),
]
Rules = Annotated[
    Path | None, typer.Option("--constraints", metavar="FILE", help="What each column of a table may be.")
]
Bound = Annotated[
    float, typer.Option("--threshold", min=0.0, max=1.0, metavar="SHARE", help="Robust accuracy that is agreed on.")
]
Samples = Annotated[int, typer.Option("--samples", min=1, metavar="N", help="Samples at most; more are drawn from.")]
Queries = Annotated[int, typer.Option("--queries", min=1, metavar="N", help="For each sample, without gradients.")]
Radii = Annotated[
    list[float] | None, typer.Option("--radius", metavar="R", help="A further radius for the curve; may be repeated.")
]
PartSize = Annotated[
    int, typer.Option("--part", min=1, metavar="N", help="Samples of a part; no result depends on it.")
]
Certify = Annotated[
    str | None,
    typer.Option("--certify", metavar="smoothing:SIGMA", help="What smoothing by noise would certify, in l2."),
]
Classes = Annotated[
    str | None, typer.Option("--classes", metavar="NAMES", help="Names of the classes by place, with commas between.")
]
Shown = Annotated[int, typer.Option("--gallery", min=0, max=12, metavar="N", help="Samples that the page shows.")]


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
    workers: Workers = 0,
    ray: Ray = None,
    part: PartSize = SIZE,
    certify: Certify = None,
    trust_type: Trusted = None,
    creds: Creds = None,
    unsafe_format: Unsafe = False,
    classes: Classes = None,
    gallery: Shown = 6,
    output: Format = "text",
    page: Page = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Attack a model within a threat model, and say how much of its accuracy stays.

    Every success is judged again outside of the attacks, and failure checks look for signs that an attack failed by
    itself; then nothing holds. A model without gradients, a table and an endpoint are attacked by queries.

    Each option is told by its help.

    Raises:
        UsageError: an option is missing or contradicts another.
        InputError: a file cannot be read, or model and data do not fit.
        IncompleteError: the model does not answer any more.
    """
    wanted = Wanted(_ball(threat, box), suite, label, constraints, samples, queries, tuple(radius or ()), work, seed)
    wanted = wanted._replace(part=part, cluster=cluster_of(ray, workers))
    smoothing = certifying(certify, wanted.threat, table=label is not None)
    files = files_of(model, data)
    apart([*files, *([] if constraints is None else [constraints])], page, work)
    opening = held_by(opening_of(model, name, trust_type, unsafe_format), creds)
    tried = _tried(opening, data, wanted).called([word.strip() for word in (classes or "").split(",") if word.strip()])
    found = _found(tried, name or Path(model).name, threshold)
    if smoothing is not None:
        of = Campaigned(opening, tried, wanted.threat, wanted.radii, threshold, seed)
        found += certified(of, smoothing)
    drawn = None if page is None else _drawn(tried, found, box, gallery)
    asked = endpoint_of(model, name)
    give("evasion", files, found, output=output, page=page, quiet=quiet, group="attack", shown=drawn, asked=asked)


def _tried(opening: "Opening", data: Path, wanted: Wanted) -> "Tried":
    return try_model(opening, Path(opening.word), data, wanted._replace(progress=teller()))


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
