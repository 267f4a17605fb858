"""True labels and a model's answers in one table: which classes there are, and which of them matters."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from redan.errors import IncompleteError, InputError, UsageError, escaped
from redan.tables import Table
from redan.tables.table import Value

MOST_CLASSES = 20
MOST_ANSWERS = 100  # different answers above this, or fractions, are scores
CUT = 0.5
COMMON = 1 / 3  # of all rows: a class this common is not sure to be the one that an attacker wants missed
_WHOLE = re.compile(r"(-?\d+)\.0+")
_LONGEST = 60
_TRUTH = {"true": "1", "false": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """How the labels and answers of a table are read.

    Args:
        table: with scores already cut into 0 and 1.
        label: column of the truth.
        prediction: column of the model's answers.
        classes: every class that occurs as a label, in order.
        shown: how a class is written in the data, by class.
        positive: the class that matters; None when there are more than two and none was named.
        guessed: whether nobody named that class and both of two are about as common, so that either may matter.
        cut: answers at or above it count as positive; None when the answers are classes.
        scored: class of an answer by bin of the score; empty without scores.
    """

    table: Table
    label: str
    prediction: str
    classes: tuple[str, ...]
    shown: Mapping[str, str]
    positive: str | None
    guessed: bool
    cut: float | None
    scored: tuple[str, ...] = ()

    def answer(self, value: Value) -> str | None:
        """The class that an answer means; None when it is missing."""
        if value is None:
            return None
        return self.scored[int(value)] if self.scored else class_of(value)


def class_of(value: Value) -> str | None:
    """One class however it is encoded: True, 1, 1.0 and '1' are the same; None, blanks and NaN are missing."""
    text = level_of(value)
    return text and _TRUTH.get(text.lower(), text)


def level_of(value: Value) -> str | None:
    """A value as one text however its numbers are encoded; None, blanks and NaN are missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value):
        return str(int(value))
    text = str(value).strip()
    whole = _WHOLE.fullmatch(text)
    return (whole[1] if whole else text) or None


def written(value: Value) -> str:
    """A class as a message shows it: short, and without what steers a terminal."""
    return escaped(str(value).strip()[:_LONGEST])


def answers(table: Table, label: str, prediction: str, positive: str | None = None) -> Answers:
    """Finds the classes of a label and how the model's answers name them.

    Answers that are fractions count as scores of the positive class and are cut at 0.5.

    Args:
        table: one row per answer.
        label: column of the truth, with 2 to 20 classes.
        prediction: column of answers: classes, or scores of the positive class.
        positive: the class that matters most to notice; left out, `1` of {0, 1}, else the rarer one of two.

    Raises:
        InputError: there is no such column, or no answer is one of the classes.
        UsageError: the columns are the same, or no row has the positive class.
        IncompleteError: no row has a label and an answer, there is one class only, or there are too many.
    """
    if label == prediction:
        raise UsageError("label and prediction are the same column", remedy="name the column of the model's answers")
    table.select([label, prediction])
    counted = _classes(table, label)
    classes = tuple(sorted(counted))
    shown = {name: pair[0] for name, pair in counted.items()}
    rows = {name: pair[1] for name, pair in counted.items()}
    chosen = _positive(positive, rows, label)
    common = min(rows.values()) >= COMMON * sum(rows.values())
    plain = Answers(
        table=table,
        label=label,
        prediction=prediction,
        classes=classes,
        shown=shown,
        positive=chosen,
        guessed=positive is None and len(classes) == 2 and common and set(rows) != {"0", "1"},  # noqa: PLR2004 -- two
        cut=None,
    )
    levels = table.level_counts([prediction], MOST_ANSWERS)[prediction]
    if _are_scores(table, prediction, [value for value, _ in levels or ()], full=levels is None):
        return _cut(plain)
    if levels is None:
        raise InputError(f"column {prediction!r} has more than {MOST_ANSWERS} different answers", where=table.place)
    named = {class_of(value) for value, _ in levels}
    if named == {None}:
        raise IncompleteError(f"column {prediction!r} holds no answer", where=table.place)
    if not named & set(classes):
        raise InputError(
            f"no answer in column {prediction!r} is a class of {label!r}",
            where=table.place,
            remedy="write answers as labels are written",
        )
    return plain


def raw_values(found: Answers, wanted: str) -> tuple[Value, ...]:
    """How a class is encoded in the label column, most frequent first."""
    levels = found.table.level_counts([found.label], MOST_ANSWERS)[found.label] or []
    return tuple(value for value, _ in levels if class_of(value) == wanted)


def _classes(table: Table, label: str) -> dict[str, tuple[str, int]]:
    """Writing and rows by class."""
    levels = table.level_counts([label], MOST_ANSWERS)[label]
    found: dict[str, tuple[str, int]] = {}
    for value, rows in levels or ():
        name = class_of(value)
        if name is not None:
            first, before = found.get(name, (written(value), 0))
            found[name] = (first, before + rows)
    if levels is None or len(found) > MOST_CLASSES:
        raise IncompleteError(
            f"column {label!r} has more than {MOST_CLASSES} values: error rates need classes", where=table.place
        )
    if len(found) < 2:  # noqa: PLR2004 -- one class cannot be mistaken for another
        what = "one class only" if found else "no value"
        raise IncompleteError(f"column {label!r} holds {what}", where=table.place, remedy="give rows of each class")
    return found


def _positive(wanted: str | None, rows: Mapping[str, int], label: str) -> str | None:
    if wanted is not None:
        name = class_of(wanted)
        if name is None or name not in rows:
            known = ", ".join(written(one) for one in sorted(rows))
            raise UsageError(
                f"no row of column {label!r} has the class {written(wanted)!r}", remedy=f"choose from {known}"
            )
        return name
    if set(rows) == {"0", "1"}:
        return "1"
    return min(rows, key=lambda name: (rows[name], name)) if len(rows) == 2 else None  # noqa: PLR2004 -- two classes


def _are_scores(table: Table, prediction: str, values: Sequence[Value], *, full: bool) -> bool:
    if table.dtype(prediction) not in ("float", "int"):
        return False
    return full or any(v is not None and float(v) % 1 != 0 for v in values)


def _cut(found: Answers) -> Answers:
    low, high = found.table.bounds(found.prediction)
    if found.positive is None or len(found.classes) > 2 or low < 0 or high > 1:  # noqa: PLR2004 -- two classes
        raise InputError(
            f"column {found.prediction!r} holds numbers that are neither classes nor scores from 0 to 1 of one of two",
            where=found.table.place,
            remedy="give the class that the model decides for",
        )
    other = next(name for name in found.classes if name != found.positive)
    cut = found.table.binned({found.prediction: [CUT]})
    return replace(found, table=cut, cut=CUT, scored=(other, found.positive))
