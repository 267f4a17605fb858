"""Pictures of an examination: triggers worked out for each class, how easily each is reached, entropies."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.poisoning.examination import ByGradients, Examined
from redan.findings.pictures import Distributions, Picture, Shares
from redan.findings.trigger_picture import MOST_TRIGGERS, Triggers, TriggerShot
from redan.measures.robustness.gallery import data_uri, planes

Array: TypeAlias = NDArray[Any]
_BINS = 16
_SQUARE = 2


def drawn(found: Examined, *, samples: bool, told: bool) -> Iterator[Picture]:
    """The pictures.

    Args:
        found: by an examination.
        samples: whether single samples may be shown.
        told: whether the class that is reached most easily is told.
    """
    by = found.gradients
    if by is not None:
        picture = _triggers(found, by, samples=samples, told=told)
        if picture is not None:
            yield picture
        names = tuple(f"class {_named(found, target)}" for target in by.anomaly.classes)
        yield Shares(
            title="How easily each class is reached, as a multiple of the others",
            names=names,
            values=tuple(by.anomaly.ratios),
            expected=1.0,
            meaning="as easily as the others",
            plain=True,
            flagged=(f"class {_named(found, by.anomaly.target)}",) if told else (),
        )
    if found.rare is not None and found.rare.best:
        yield Shares(
            title="What values do that the data does not explain",
            names=tuple(
                f"{' and '.join(found.columns[column] for column, _ in one.values)} to {_named(found, one.target)}"
                for one in found.rare.best
            ),
            values=tuple(one.score for one in found.rare.best),
            expected=1.0,
            meaning="what clean models hardly ever reach",
            plain=True,
        )
    if found.counts is not None and found.counts.worst is not None:
        leaf = found.counts.worst
        parts = (leaf.train / leaf.of, leaf.here / max(1, found.counts.rows))
        yield Shares(
            title=f"Rows in the leaf that grew from the most, beyond what the data lets expect (class "
            f"{_named(found, leaf.target)})",
            names=("of the training rows", "of the data"),
            values=parts,
            flagged=("of the training rows",) if told and found.counts.score >= 1 else (),
        )
    laid = found.superposed
    if laid is not None and len(laid.suspect) and len(laid.clean):
        yield _entropies(laid.clean, laid.suspect, suspects=found.suspects)


def _named(found: Examined, place: int) -> str:
    return found.classes[place] if place < len(found.classes) else str(place)


def _entropies(clean: Array, other: Array, *, suspects: bool) -> Distributions:
    top = float(max(clean.max(), other.max(), 1e-6))
    edges = np.linspace(0, top, _BINS + 1)

    def shares(values: Array) -> tuple[float, ...]:
        return tuple(float(share) for share in np.histogram(values, edges)[0] / len(values))

    what = "samples of the data" if suspects else "samples with the trigger that was worked out"
    return Distributions(
        title="Entropy when others are laid over them",
        names=("trusted samples", what),
        bins=tuple(f"{a:.2f} to {b:.2f} bits" for a, b in pairwise(edges)),
        reference=shares(clean),
        current=shares(other),
    )


def _triggers(found: Examined, by: ByGradients, *, samples: bool, told: bool) -> Triggers | None:
    masks = by.kinds[0]
    ease = by.anomaly.ratios
    order = np.argsort([-ratio for ratio in ease], kind="stable")[:MOST_TRIGGERS].tolist()
    shots = []
    for place in order:
        one = masks[place]
        if one.mask is None or one.pattern.ndim != 1 + _SQUARE:
            return None
        mask = planes(one.mask[None].astype(np.float64))
        pattern = planes(one.pattern[None].astype(np.float64))
        if mask is None or pattern is None:
            return None
        example = ""
        if samples and found.shown is not None:
            held = planes(one.on(found.shown[0][:1], found.box))
            example = "" if held is None else data_uri(_bytes(held[0], *found.box))
        shots.append(
            TriggerShot(
                words=f"class {_named(found, one.target)}: {one.size:.1%} of the input, ease {ease[place]:.1f}",
                mask=data_uri(_bytes(mask[0], 0.0, 1.0)),
                pattern=data_uri(_bytes(pattern[0] * mask[0], *found.box)),
                example=example,
                flagged=told and one.target == by.anomaly.target,
            )
        )
    note = "The easiest class first. A pattern is drawn where its mask lies."
    return Triggers(title="The smallest trigger that leads to each class", shots=tuple(shots), note=note)


def _box(found: Examined) -> tuple[float, float]:
    return found.box


def _bytes(values: Array, low: float, high: float) -> NDArray[np.uint8]:
    return np.asarray(np.round(np.clip((values - low) / (high - low), 0.0, 1.0) * 255), dtype=np.uint8)
