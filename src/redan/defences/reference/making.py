"""A reference from training rows and held-out rows: what is looked at online is measured here first.

Held-out rows are parted at random: one part says how far a row may lie and at which temperature the model is as sure as
it is right, the other, which neither chose, gives the scores of each class and what is refused. Rows that the envelope
refuses are never answered, so they do not calibrate.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from redan.defences.reference import calibrating, enveloping
from redan.defences.reference.rows import Rows
from redan.errors import InputError
from redan.exchange.tensors import DATATYPES, Port
from redan.guards.conformal import Calibration
from redan.guards.drift import Column
from redan.guards.envelope import Bounds, flat
from redan.guards.reference import Reference
from redan.guards.scores import probabilities, score_port
from redan.guards.screen import refuses
from redan.guards.transformation import change_of
from redan.models import OnnxModel

_FIRST: Final = 0.3  # of the held-out rows
_COPIES: Final = 0.02  # of the held-out rows among the training rows, beyond how often they repeat each other
_MATRIX: Final = 2
_WIDEST_DRIFT: Final = 4_096


class Asked(NamedTuple):
    """What a reference is made from.

    Args:
        model: that it is of.
        digest: SHA-256 of the model and its further files.
        train: rows that it was trained on.
        held: rows that it was not trained on.
        labelled: whether the rows have labels.
        classes: in the order of the model's numbers; empty for the order of the labels.
        refused: share of honest rows that the distance may refuse.
        coverage: that sets are to have for each class.
        transformation: before the model; the empty string for none.
        screen: the model that refuses rows first; None for none.
    """

    model: OnnxModel
    digest: str
    train: Rows
    held: Rows
    labelled: bool
    classes: tuple[str, ...] = ()
    refused: float = 0.01
    coverage: float = 0.9
    transformation: str = ""
    screen: "Screening | None" = None


class Screening(NamedTuple):
    """A model that refuses rows before another one.

    Args:
        model: itself.
        digest: SHA-256 of the model and its further files.
        shares: whether its one score is from 0 to 1; None where that cannot be told.
    """

    model: OnnxModel
    digest: str
    shares: bool | None


class Sets(NamedTuple):
    """What sets came to when one half of the rows calibrated them for the other.

    Args:
        rows: of the other half.
        hits: sets that held the right class.
        size: classes of a set on average.
        single: sets of one class.
    """

    rows: int
    hits: int
    size: float
    single: int


class Made(NamedTuple):
    """A reference, and what was measured on the way.

    Args:
        reference: itself.
        distance: whether rows are judged by a distance.
        free: inputs of texts with too many levels, which are not judged.
        checked: held-out rows that chose nothing.
        refused: of these.
        outside: of these, outside of the ranges or levels alone.
        classes: in order.
        counts: calibration rows of each class.
        losses: mean negative logarithm of the right class's probability, as the model gives it and calibrated.
        sets: None where there are too few rows for halves.
    """

    reference: Reference
    distance: bool
    free: tuple[str, ...]
    checked: int
    refused: int
    outside: int
    classes: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    losses: tuple[float, float] = (0.0, 0.0)
    sets: Sets | None = None


def make(asked: Asked, rng: np.random.Generator) -> Made:
    """The reference of a model.

    Args:
        asked: what it is made from.
        rng: parts the held-out rows.

    Raises:
        InputError: model and rows do not fit, or the held-out rows are training rows.
        IncompleteError: there are too few rows for what is asked.
        MissingExtraError: scikit-learn is not installed.
    """
    if len(asked.train) < 2 or len(asked.held) < 2:  # noqa: PLR2004 -- a spread, and two parts
        raise InputError("there are fewer than two rows without missing numbers", remedy="give more rows")
    _refuse_copies(asked)
    order = rng.permutation(len(asked.held))
    cut = max(1, round(_FIRST * len(order)))
    first, second = asked.held.at(order[:cut]), asked.held.at(order[cut:])
    looked = _looked(asked, first)
    known = {k: enveloping.levels(v) for k, v in asked.train.feed.items() if v.dtype == object}
    held = {k: found for k, found in known.items() if found is not None}
    reference = Reference(
        asked.digest,
        looked.names[0] if looked.names else "",
        "",
        asked.transformation,
        looked.bounds,
        held,
        None,
        looked.columns,
        looked.names[1:],
        looked.whole if len(looked.names) > 1 else None,
        "" if asked.screen is None else asked.screen.digest,
    )
    near = _near(reference, first) & _unscreened(asked.screen, first)
    inside = _near(reference, second, ranges=True)
    passed = _near(reference, second) & _unscreened(asked.screen, second)
    made = Made(
        reference,
        looked.whole is not None and len(looked.whole.mean) > 0,
        tuple(k for k, found in known.items() if found is None),
        len(second),
        int((~passed).sum()),
        int((~inside).sum()),
    )
    return _calibrated(asked, made, first.at(np.flatnonzero(near)), second.at(np.flatnonzero(passed)))


class _Looked(NamedTuple):
    """The numeric inputs that are looked at: the widest one, or all where each has one column."""

    names: tuple[str, ...]
    bounds: dict[str, Bounds]
    whole: Bounds | None
    columns: tuple[Column, ...]


def _looked(asked: Asked, first: Rows) -> _Looked:
    numeric = {k: v for k, v in asked.train.feed.items() if v.dtype.kind in "fiu"}
    bounds = {k: enveloping.ranges(v) for k, v in numeric.items()}
    if not numeric:
        return _Looked((), bounds, None, ())
    single = all(len(one.low) == 1 for one in bounds.values())
    names = tuple(numeric) if single else (max(bounds, key=lambda k: len(bounds[k].low)),)
    rows, held = (np.concatenate([flat(of[k]) for k in names], axis=1) for of in (numeric, first.feed))
    whole, width = enveloping.ranges(rows), rows.shape[1]
    if 1 < width <= enveloping.WIDEST:
        whole = enveloping.with_distance(whole, rows)
        within = whole.of(held.dtype).within(held)
        whole = enveloping.with_furthest(whole, held[within], asked.refused)
    if len(names) == 1:
        bounds[names[0]] = whole
    known = asked.train.columns if len(names) == 1 and len(numeric) == 1 else ()
    called = names if single and len(known) != width else known
    called = called if len(called) == width else tuple(f"{names[0]}[{i}]" for i in range(width))
    return _Looked(names, bounds, whole, enveloping.columns(rows, called) if width <= _WIDEST_DRIFT else ())


def _near(reference: Reference, rows: Rows, *, ranges: bool = False) -> NDArray[np.bool_]:
    """Rows that the envelope lets pass, as the gateway judges them."""
    kept = np.ones(len(rows), dtype=bool)
    parts = [(flat(rows.feed[name]), held) for name, held in reference.bounds.items()]
    if reference.whole is not None:
        side = np.concatenate([flat(rows.feed[name]) for name in reference.looked], axis=1)
        parts.append((side, reference.whole))
    for values, held in parts:
        of = held.of(values.dtype)
        kept &= of.within(values)
        if len(of.mean) and not ranges:
            kept &= of.distances(values) <= of.furthest
    for name, known in reference.levels.items():
        kept &= np.array([str(one).encode() in known for one in rows.feed[name].ravel()])
    return kept


def _unscreened(screen: Screening | None, rows: Rows) -> NDArray[np.bool_]:
    """Rows that the guard lets pass, as the gateway asks it."""
    if screen is None:
        return np.ones(len(rows), dtype=bool)
    port = port_of(screen.model)
    if port is None or (port.shape[1] == 1 and screen.shares is None):
        raise InputError(
            "the guard answers neither classes nor a score that is known to be a share or a logit",
            remedy="export it with one number for each class, or call its output 'probability' or 'logit'",
        )
    found = np.asarray(screen.model.output(dict(rows.feed), port.name), dtype=np.float64)
    if found.ndim != _MATRIX or len(found) != len(rows):
        raise InputError("the guard does not give one answer for each row")
    return np.asarray(~refuses(found, 0.5 if screen.shares else 0.0))


def _refuse_copies(asked: Asked) -> None:
    """Held-out rows that stand among the training rows promise more than they keep."""
    seen, mine = set(_keys(asked.train)), _keys(asked.held)
    shared = sum(one in seen for one in mine) / len(mine)
    repeated = 1 - len(set(mine)) / len(mine)
    if shared > _COPIES + 3 * repeated:
        raise InputError(
            f"{shared:.1%} of the calibration rows are among the training rows",
            remedy="give rows that the model was not trained on",
        )


def _keys(rows: Rows) -> list[bytes]:
    parts = [flat(v).astype(str) if v.dtype == object else flat(v) for _, v in sorted(rows.feed.items())]
    return [b"|".join(part[i].tobytes() for part in parts) for i in range(len(rows))]


def _calibrated(asked: Asked, made: Made, first: Rows, second: Rows) -> Made:
    port = port_of(asked.model)
    if not asked.labelled or port is None:
        return made
    scores, later = (_scores(asked, rows, port) for rows in (first, second))
    count = max(2, scores.shape[1])
    labels = np.concatenate([asked.train.labels, asked.held.labels])
    classes = calibrating.classes_of(labels, count, asked.classes)
    codes, then = (calibrating.class_codes(rows.labels, classes) for rows in (first, second))
    calibrating.enough(then, classes, asked.coverage)
    logits = calibrating.looks_like_logits(np.concatenate([scores, later]))
    given = probabilities(scores, logits=logits)
    held = Calibration(calibrating.temperature_of(given, codes), (np.zeros(0),) * count, logits)
    plain = probabilities(later, logits=logits)
    losses = calibrating.likelihood(plain, then), calibrating.likelihood(held.calibrated(later), then)
    reference = made.reference._replace(output=port.name, calibration=calibrating.calibrated(later, then, held))
    return made._replace(
        reference=reference,
        classes=classes,
        counts=tuple(int(n) for n in np.bincount(then, minlength=count)),
        losses=losses,
        sets=_halves(later, then, held, 1 - asked.coverage),
    )


def _scores(asked: Asked, rows: Rows, port: Port) -> NDArray[np.float64]:
    feed = dict(rows.feed)
    if asked.transformation:
        name, values = next(iter(feed.items()))
        feed[name] = change_of(asked.transformation, values.shape, "--transformation")(values)
    found = np.asarray(asked.model.output(feed, port.name), dtype=np.float64)
    if found.ndim != _MATRIX or len(found) != len(rows) or not np.isfinite(found).all():
        raise InputError(f"the output '{port.name}' does not give finite numbers for each class")
    return found


def port_of(model: OnnxModel) -> Port | None:
    """The output of scores, chosen as the gateway chooses it; None when there is none."""
    ports = [
        Port(p.name, DATATYPES[np.dtype(p.dtype)], tuple(-1 if n is None else n for n in p.shape))
        for p in model.outputs
        if p.dtype and np.dtype(p.dtype) in DATATYPES
    ]
    return score_port(ports)


def _halves(scores: NDArray[np.float64], codes: NDArray[np.int64], held: Calibration, miss: float) -> Sets | None:
    """Sets for every second row, calibrated by the others."""
    half = calibrating.calibrated(scores[::2], codes[::2], held)
    if np.isinf(half.limits(miss)).any():
        return None
    shown = held.calibrated(scores[1::2])
    inside = 1.0 - shown <= half.limits(miss)
    right = inside[np.arange(len(shown)), codes[1::2]]
    size = inside.sum(axis=1)
    return Sets(len(shown), int(right.sum()), float(size.mean()), int((size == 1).sum()))
