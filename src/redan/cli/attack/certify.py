"""What smoothing would certify: the smoothed network between its certificate and an attacker who knows it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from redan.errors import IncompleteError, UsageError
from redan.findings import Finding, Remedy, broken, holds, not_run
from redan.findings.pictures import pictured
from redan.terms import Level

if TYPE_CHECKING:
    from redan.attacks.campaign.inputs import Opening
    from redan.attacks.campaign.tried import Tried
    from redan.attacks.threat import Threat
    from redan.defences.smoothing import Smoothing
    from redan.measures.robustness import Bounds

COPIES = 10_000
SAMPLES = 50
_CHECK = "A-MLSG-004-C001/robust-accuracy-is-measured"
_TEXT = re.compile(r"smoothing:([0-9.]+)(?::([0-9]{1,9}))?")
_LEAST = 100
_TRAIN = Remedy(
    text="Train the network on inputs with noise of the same standard deviation, then certify again.", effort=Level.HIGH
)


class Certifying(NamedTuple):
    """What is wanted of a certificate.

    Args:
        sigma: standard deviation of the noise.
        copies: noisy ones of each sample.
    """

    sigma: float
    copies: int


def certifying(text: str | None, threat: "Threat", *, table: bool) -> Certifying | None:
    """A certificate as the command line writes it, `smoothing:0.25` or `smoothing:0.25:100000`.

    Raises:
        UsageError: it is not of that form, the threat model is not in l2, or the data is a table.
    """
    if text is None:
        return None
    if table:
        raise UsageError(
            "smoothing certifies networks on arrays", remedy="leave out --certify; trees are proved anyway"
        )
    found = _TEXT.fullmatch(text)
    sigma = float(found[1]) if found and found[1].count(".") < 2 and found[1] != "." else 0.0  # noqa: PLR2004
    copies = int(found[2] or COPIES) if found else 0
    if sigma <= 0 or copies < _LEAST:
        raise UsageError(
            f"{text!r} is no certificate",
            remedy=f"write smoothing:SIGMA, or smoothing:SIGMA:COPIES with {_LEAST} copies or more",
        )
    if threat.norm != "l2" or isinstance(threat.eps, tuple) or not threat.eps:
        raise UsageError("smoothing certifies radii in l2", where=str(threat), remedy="give a threat such as l2:0.5")
    return Certifying(sigma, copies)


class Campaigned(NamedTuple):
    """A campaign on the network as it is.

    Args:
        opening: opens the model.
        tried: what was tried.
        threat: whose radius and box.
        radii: further ones.
        threshold: robust accuracy that is agreed on.
        seed: of all noise.
    """

    opening: "Opening"
    tried: "Tried"
    threat: "Threat"
    radii: tuple[float, ...]
    threshold: float
    seed: int


def certified(of: Campaigned, wanted: Certifying) -> Iterator[Finding]:
    """The smoothed network at the radii of a campaign, on some of its samples.

    Args:
        of: the campaign.
        wanted: noise and copies.

    Raises:
        IncompleteError: the model shows no gradients to an attacker who knows the smoothing.
    """
    from redan.attacks.campaign.inputs import with_gradients

    if of.tried.columns:
        raise UsageError(
            "smoothing certifies networks on arrays", remedy="leave out --certify; trees are proved anyway"
        )
    opened = with_gradients(of.opening(), Path(of.opening.word), of.tried.x)
    if opened.network is None:
        raise IncompleteError("the model shows no gradients", where=opened.name, remedy="leave out --certify")
    from redan.defences.smoothing import Effort, beside

    own = 0.0 if isinstance(of.threat.eps, tuple) else of.threat.eps
    made = beside(
        opened.network.module,
        of.tried.x[:SAMPLES],
        of.tried.y[:SAMPLES],
        sigma=wanted.sigma,
        radii=(own, *sorted(set(of.radii) - {own, 0.0})),
        box=(of.threat.low, of.threat.high),
        effort=Effort(copies=wanted.copies, votes=max(_LEAST, wanted.copies // 10)),
        seed=of.seed,
    )
    yield told(made, f"{opened.name}, smoothed", of.threshold)


def told(made: "Smoothing", subject: str, threshold: float) -> Finding:
    """Holds where the certificate alone reaches the agreed bound; broken where what survived does not.

    Args:
        made: at one radius or several, the agreed one first.
        subject: the smoothed network.
        threshold: robust accuracy that is agreed on.
    """
    from redan.attacks.campaign.telling import certified_picture

    first, sigma = made.bounds[0], made.certificates.sigma
    text = _sentence(first, made.radii[0], made)
    part = f"l2:{made.radii[0]:g}, noise {sigma:g}"
    measure = first.certified.measure("certified_accuracy", threshold)
    rows = ((f"l2:{radius:g}", one) for radius, one in sorted(zip(made.radii, made.bounds, strict=True)))
    picture = certified_picture(f"smoothed by noise of {sigma:g}", *rows)
    if first.contradicted:
        found = not_run(_CHECK, subject, f"{text} A proof is wrong.", part=part)
    elif first.certified.interval.low >= threshold:
        found = holds(_CHECK, subject, f"{text} That is above the agreed {threshold:.0%}.", part=part, measure=measure)
    elif first.empirical.interval.high < threshold:
        text = f"{text} That is below the agreed {threshold:.0%}."
        found = broken(_CHECK, subject, text, _TRAIN, part=part, measure=measure)
    else:
        text = f"{text} Whether that is above the agreed {threshold:.0%} cannot be told."
        found = not_run(_CHECK, subject, text, remedy=_TRAIN, part=part)
    detail = {"cost": made.cost.to_json(), "contradicted": first.contradicted, **pictured([picture])}
    return replace(found, measure=measure, detail=detail)


def _sentence(first: "Bounds", radius: float, made: "Smoothing") -> str:
    low, high = first.true
    return (
        f"The majority under noise of {made.certificates.sigma:g} is another model than the network alone. "
        f"Under l2:{radius:g}, {first.certified.hits:,} of {first.certified.n:,} samples are certified to stay right "
        f"({made.certificates.copies:,} noisy copies each, {made.certificates.alpha:.1%} of error for each), and "
        f"{first.empirical.hits:,} survive an attacker who knows the smoothing; its true robust accuracy lies between "
        f"{low:.1%} and {high:.1%}."
    )
