"""A program with inputs within it, each a small PNG inside of the page; and accuracy over what was answered."""

from markupsafe import Markup

from redan.findings.program_picture import MOST_FRAMES
from redan.reports.pictures.fields import Fields, MalformedError, as_interval, as_number
from redan.reports.pictures.gallery import checked_png
from redan.reports.pictures.legend import dash, legend, stroke
from redan.reports.pictures.plane import across, below, ground, level, path, plane
from redan.reports.pictures.robust_curve import band
from redan.reports.pictures.scale import Scale

_MOST = 6  # lines
_BANDS = 2  # lines whose bands can be told apart
_WORDS = 6  # along the axis


def programs(fields: Fields) -> Markup:
    """Draws `redan.findings.program_picture.Programs`.

    Raises:
        MalformedError: a picture is no small PNG, or there are too many.
    """
    frames = fields.parts("frames")
    if not frames or len(frames) > MOST_FRAMES:
        raise MalformedError("frames")
    note = fields.text("note")
    item = Markup('<li class="shot"><img src="{}" alt="{}" width="144" height="144"><span class="words">{}</span></li>')
    drawn = [(one.text("words"), checked_png(one.text("image"))) for one in frames]
    items = Markup("").join(item.format(image, words, words) for words, image in drawn)
    return Markup('<ol class="shots framed">{}</ol><p class="key">{}</p>').format(items, note)


def learning_curve(fields: Fields) -> Markup:
    """Draws `redan.findings.program_picture.LearningCurve`.

    Raises:
        MalformedError: a line is not as long as the axis, or counts do not rise.
    """
    counts, parts, unit = fields.numbers("counts"), fields.parts("lines"), fields.text("unit")
    if not counts or counts[0] < 0 or counts != sorted(set(counts)) or len(parts) > _MOST:
        raise MalformedError("counts")
    x, y = Scale.over([0.0, *counts]), Scale(0.0, 1.0)
    drawn, key = [ground(y, "share")], []
    for place, part in enumerate(parts):
        values = [as_number(value) for value in part.items("values")]
        intervals = [as_interval(value) for value in part.items("intervals")] or [None] * len(values)
        if not len(values) == len(intervals) == len(counts):
            raise MalformedError("lines")
        known = [(a, v, i) for a, v, i in zip(counts, values, intervals, strict=True) if v is not None]
        if place < _BANDS and known:
            drawn.append(band([a for a, _, _ in known], [i for _, _, i in known], x, y, place))
        drawn.append(path([(a, v) for a, v, _ in known], x, y, f"line l{place}"))
        key.append(stroke(place, part.text("name")))
    threshold = fields.maybe("threshold")
    if threshold is not None:
        drawn.append(level(threshold, y, "limit"))
        key.append(dash(f"agreed: below {threshold:.1%}"))
    step = max(1, -(-len(counts) // _WORDS))
    drawn.append(below([(across(x, counts[i]), f"{counts[i]:,.0f}") for i in range(0, len(counts), step)]))
    levels = [(part.text("name"), part.maybe("value")) for part in fields.parts("levels")]
    beside = ", ".join(f"{name} {value:.1%}" for name, value in levels if value is not None)
    words = f"Across: {unit}; accuracy on fresh inputs, before anything is learnt of them"
    return plane(drawn, fields.text("title")) + legend(key, words + (f"; beside them: {beside}" if beside else ""))
