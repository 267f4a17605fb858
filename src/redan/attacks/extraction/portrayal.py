"""Portraits of classes in words, numbers and a picture."""

from typing import TYPE_CHECKING

from redan.attacks.extraction.reach import Yardstick
from redan.canon import Json
from redan.findings.portrait_picture import MOST_CLASSES, Portrait, PortraitRows
from redan.measures.robustness.gallery import small

if TYPE_CHECKING:
    from redan.attacks.extraction.portraits import Portraits


def told_portraits(found: "Portraits") -> str:
    """How alike generated and real classes are, beside the baseline."""
    own, twin = found.own, found.baseline
    low, high = own.found.interval
    return (
        "A generator that was trained on the copy made without a picture draws classes whose means go with the real "
        f"ones at a correlation of {own.mean:.2f} ({twin.mean:.2f} from a model with labels in random order); the own "
        f"class is the one that is most alike for {own.found.hits} of {own.found.n} classes (interval {low:.0%} to "
        f"{high:.0%}; {twin.found.hits} of {twin.found.n}). The model itself gives what was drawn its class with a "
        f"mean probability of {float(found.sure.mean()):.2f}."
    )


def portraits_json(found: "Portraits") -> Json:
    """The numbers."""
    return {
        "correlation": round(found.own.mean, 4),
        "correlation_baseline": round(found.baseline.mean, 4),
        "classes_found": found.own.found.measure("classes_found").to_json(),
        "classes_found_baseline": found.baseline.found.measure("classes_found").to_json(),
        "sure": round(float(found.sure.mean()), 4),
        "asked": found.asked,
    }


def drawn_portraits(found: "Portraits", by: Yardstick) -> PortraitRows:
    """A row for each class."""
    ends = (float(min(by.x.min(), by.uniform.min())), float(max(by.x.max(), by.uniform.max())))
    real, made, twin = (small(part, ends) for part in (found.means, found.made.mean(axis=1), found.twin))
    rows = tuple(
        Portrait(
            words=f"class {place}: {float(found.own.correlations[place]):.2f}",
            real=real[place],
            made=made[place],
            samples=small(found.made[place], ends),
            twin=twin[place],
        )
        for place in range(min(len(real), MOST_CLASSES))
    )
    note = (
        "Beside each class the correlation of what was made with the mean of real pictures, after what all classes "
        "share was taken off both. Baseline: the same generator on a model that was taught the same pictures with "
        "labels in random order."
    )
    return PortraitRows(title="What a generator makes of the model's classes, without a picture", rows=rows, note=note)
