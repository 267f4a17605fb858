"""Pictures of programs: what fills the frame, inputs within it, and accuracies on the way."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.reprogramming.attempt import Attempt
from redan.attacks.reprogramming.tasks import Task
from redan.findings.attack_pictures import Band
from redan.findings.program_picture import LearningCurve, ProgrammedInput, Programs
from redan.measures.robustness.accuracy import counted
from redan.measures.robustness.gallery import data_uri, planes

Array: TypeAlias = NDArray[Any]
_EXAMPLES = 5
_LINES = 6


def program_pictures(made: Attempt, task: Task) -> Iterator[Programs]:
    """The program and a few test inputs within it; none where inputs are no pictures."""
    frame = made.frame
    rows = np.array([np.flatnonzero(task.y_test == kind)[0] for kind in np.unique(task.y_test)[:_EXAMPLES]])
    empty = np.full((1, *task.shape), 0.5, dtype=np.float32)
    inputs = frame.inputs(np.concatenate([empty, task.x_test[rows]]), made.theta)
    pictures = planes(frame.picture(inputs))
    if pictures is None:
        return
    low, high = float(frame.low.min()), float(frame.high.max())
    shares = np.clip((pictures - low) / max(high - low, 1e-12), 0, 1)
    words = [f"the program, {frame.parameters:,} numbers", *(f"class {task.y_test[row]}" for row in rows)]
    shown = tuple(
        ProgrammedInput(words=text, image=data_uri(np.round(one * 255).astype(np.uint8)))
        for text, one in zip(words, shares, strict=True)
    )
    note = "Grey in the middle is where the foreign input lies; every question carries the same frame."
    yield Programs(title=f"Program of {made.name} for {task.name}", frames=shown, note=note)


def curve(
    made: Sequence[Attempt], title: str, unit: str, threshold: float, levels: tuple[tuple[str, float], ...]
) -> LearningCurve | None:
    """Accuracy on fresh inputs over what the model has answered; None where nothing was measured."""
    shown = [one for one in made if one.marks][:_LINES]
    counts = tuple(sorted({mark.spent for one in shown for mark in one.marks}))
    if not counts:
        return None
    lines = []
    for one in shown:
        at = {mark.spent: counted(mark.hits, mark.n) for mark in one.marks if mark.n}
        found = [at.get(count) for count in counts]
        lines.append(
            Band(
                name=one.name,
                values=tuple(None if rate is None else rate.value for rate in found),
                intervals=tuple(None if rate is None else rate.interval for rate in found),
            )
        )
    return LearningCurve(title=title, unit=unit, counts=counts, lines=tuple(lines), threshold=threshold, levels=levels)
