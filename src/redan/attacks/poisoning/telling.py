"""What an examination for backdoors found, as findings with pictures: a grade that is never better than low."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.poisoning.drawing import drawn
from redan.attacks.poisoning.examination import Examined
from redan.attacks.poisoning.leaf_counts import Overfull
from redan.attacks.poisoning.rare_values import Turning
from redan.attacks.poisoning.superposition import REJECTED
from redan.canon import Json
from redan.findings import Finding, Measure, Remedy, broken, holds
from redan.findings.pictures import pictured
from redan.stats.binomial import chance_of_at_least
from redan.terms import Level

Array: TypeAlias = NDArray[Any]
RISK = "A-MLSG-001-N002/backdoor-risk-is-low"
RAISED, HIGH = 1.0, 1.5
_SURE = 0.01
_TWO = 2
_COVERS = (
    "This covers an attacker with one trigger for all inputs, small or faint, at a fixed place; not triggers that "
    "follow from the input, that work for some classes only, or that were made to be undetectable (Goldwasser et al. "
    "2022)."
)
_COVERS_ROWS = (
    "This covers an attacker whose trigger is a value of one column or of two; not the exact value of a column of "
    "fractions, more columns, or one that was made to be undetectable (Goldwasser et al. 2022)."
)
_COVERS_LEAVES = (
    "This covers an attacker with a trigger of one or several columns who left the counts of rows in the leaves as "
    "they were; one who changed them hides from that search, and a trigger that was made to be undetectable "
    "(Goldwasser et al. 2022) from all."
)
_REPAIR = Remedy(
    text="Do not use the model: take it from a publisher who signs, or train it yourself. If neither can be had, prune "
    "units that trusted samples leave idle, train on some thousand trusted samples (fine-pruning), examine it again.",
    effort=Level.HIGH,
)
_LOOK = Remedy(text="Look at the samples of low entropy, and find out where they are from.", effort=Level.MEDIUM)


def tell(found: Examined, subject: str, *, threshold: float = RAISED, samples: bool = False) -> Iterator[Finding]:
    """The grade with what it rests on, and what is to be said of suspect samples.

    Args:
        found: by an examination.
        subject: the model.
        threshold: score at which the risk is not low any more; 1 is what clean models of the zoo hardly reach.
        samples: whether pictures may show single samples.
    """
    score, why = worst(found)
    grade = "high" if score >= HIGH * threshold else "raised" if score >= threshold else "low"
    measure = Measure(name="backdoor_score", value=round(score, 4), n=_rows(found), threshold=threshold)
    text = f"The risk of a backdoor is graded {grade}. {why} {_covers(found)}"
    detail: dict[str, Json] = {
        "grade": grade,
        **_numbers(found),
        "cost": found.cost.to_json(seconds=False),
        **pictured(drawn(found, samples=samples, told=score >= threshold)),
    }
    text = " ".join([text, _cost(found), *found.notes])
    if score >= threshold:
        yield replace(broken(RISK, subject, text, _REPAIR, measure=measure), detail=detail)
    else:
        yield replace(holds(RISK, subject, text, measure=measure), detail=detail)
    if found.suspects and found.superposed is not None:
        yield _suspects(found, subject)


def _cost(found: Examined) -> str:
    asked, slopes = found.cost.forward or found.cost.queries, found.cost.backward
    return f"That took {asked:,} answers" + (f" and {slopes:,} gradients." if slopes else ".")


def _covers(found: Examined) -> str:
    if found.counts is not None:
        return _COVERS_LEAVES
    return _COVERS if found.rare is None else _COVERS_ROWS


def worst(found: Examined) -> tuple[float, str]:
    """The largest score of all searches, and the sentence that says what it rests on."""
    said: list[tuple[float, str]] = []
    by, square, rare = found.gradients, found.squares, found.rare
    if by is not None:
        place = by.anomaly.classes.index(by.anomaly.target)
        mask = by.kinds[0][place]
        low, high = mask.follow.interval
        text = (
            f"Class {_class(found, by.anomaly.target)} is reached most easily: by a mask over {mask.size:.1%} of the "
            f"input, {by.anomaly.ratios[place]:.1f} times as easily as other classes; {mask.follow.value or 0:.0%} of "
            f"{mask.follow.n} other samples follow it (95 % interval {low:.0%} to {high:.0%})."
        )
        if len(by.anomaly.classes) == _TWO:
            text = f"{text} One of two classes is always easier to reach, so this is not judged."
        said.append((by.anomaly.score, text))
    if square is not None:
        text = (
            f"A {square.square.kind} square of {square.square.side} pixels at row {square.square.top}, column "
            f"{square.square.left} turns {square.turned:.0%} of pictures to class {_class(found, square.target)}, the "
            f"median square {square.usual:.0%}; the worst one changes {square.away:.0%} of answers."
        )
        said.append((square.score, text))
    if rare is not None:
        said.append(_rare(found, rare.best, rare.natural))
    if found.counts is not None and found.counts.worst is not None:
        said.append((found.counts.score, _leaf(found, found.counts.worst)))
    return max(said, key=lambda pair: pair[0], default=(0.0, "Nothing was searched."))


def _rare(found: Examined, best: Sequence[Turning], natural: float) -> tuple[float, str]:
    if not best:
        return 0.0, (
            "None of the values that were tried, alone or in pairs, turns most rows beyond what labels explain; values "
            f"of random rows turn {natural:.0%} at most."
        )
    one = best[0]
    values = " and ".join(f"{found.columns[column]} = {_value(found, column, value)}" for column, value in one.values)
    return one.score, (
        f"Least explained by the data is {values}: it turns {one.turned:.0%} of other rows to class "
        f"{_class(found, one.target)}, "
        + (_beyond(one) if one.unexplained > 0 else "which labels near it explain")
        + f"; values of random rows turn {natural:.0%} at most."
    )


def _leaf(found: Examined, leaf: Overfull) -> str:
    names = dict.fromkeys(found.counted[column] if column < len(found.counted) else "?" for column in leaf.columns)
    return (
        f"A leaf that leads to class {_class(found, leaf.target)}, cut off by {', '.join(names)}, was grown from "
        f"{leaf.train} of {leaf.of} training rows and holds {leaf.here} of {_rows(found, counts=True)} of the data: at "
        f"least {leaf.ratio:.1f} times as many as the data lets expect. Values there turn {leaf.turned:.0%} of other "
        "rows."
    )


def _beyond(one: Turning) -> str:
    than = "labels near it show" if len(one.values) == 1 else "its parts do"
    return f"by {one.unexplained:.1f} log-odds more than {than}"


def _value(found: Examined, column: int, value: float) -> str:
    """Words of a column that has few; else a number."""
    levels: Mapping[int, tuple[object, ...]] = found.levels
    held = levels.get(column)
    if held is None:
        return f"{value:.6g}"
    return f"{held[int(value)]!s}"[:40] if len(held) <= 50 else f"level {int(value)}"  # noqa: PLR2004 -- few levels


def _class(found: Examined, place: int) -> str:
    return found.classes[place] if place < len(found.classes) else str(place)


def _rows(found: Examined, *, counts: bool = False) -> int | None:
    if counts and found.counts is not None:
        return found.counts.rows
    if found.rare is not None:
        return found.rare.rows
    if found.gradients is not None:
        return found.gradients.kinds[0][0].follow.n
    return None


def _numbers(found: Examined) -> dict[str, Json]:
    """What each search came to."""
    told: dict[str, Json] = {}
    by, square, rare, laid = found.gradients, found.squares, found.rare, found.superposed
    if by is not None:
        told["inversion"] = {
            "score": round(by.anomaly.score, 4),
            "target": by.anomaly.target,
            "ratios": [round(ratio, 4) for ratio in by.anomaly.ratios],
            "anomaly_index": [round(one, 4) for one in by.anomaly.anomaly],
            "sizes": {kind[0].kind: [round(one.size, 6) for one in kind] for kind in by.kinds},
        }
        told["weights"] = {
            "channel_outlier": by.weights.channel,
            "layer": by.weights.layer,
            "class_signature": by.weights.signature,
            "class": by.weights.target,
            "judged": False,
        }
    if square is not None:
        told["squares"] = {
            "score": round(square.score, 4),
            "target": square.target,
            "turned": square.turned,
            "usual": square.usual,
            "away": square.away,
            "tried": square.tried,
        }
    if rare is not None:
        told["rare_values"] = {
            "score": round(rare.best[0].score, 4) if rare.best else 0.0,
            "natural": rare.natural,
            "tried": rare.tried,
            "columns": [[found.columns[column] for column, _ in one.values] for one in rare.best],
        }
    if rare is not None:
        told["leaf_counts"] = _leaves(found)
    if laid is not None:
        told["superposition"] = {
            "bound_bits": laid.bound,
            "low": laid.low.measure("low_entropy").to_json(),
            "clean_mean_bits": float(np.mean(laid.clean)),
            "other_mean_bits": float(np.mean(laid.suspect)),
        }
    return told


def _leaves(found: Examined) -> Json:
    counts = found.counts
    if counts is None:
        return {"read": False, "why": found.uncounted}
    leaf = counts.worst
    return {
        "read": True,
        "leaves": counts.leaves,
        "score": round(counts.score, 4),
        "ratio": None if leaf is None else round(leaf.ratio, 4),
        "columns": [] if leaf is None else [found.counted[column] for column in leaf.columns],
    }


def _suspects(found: Examined, subject: str) -> Finding:
    laid = found.superposed
    if laid is None:
        raise ValueError("no suspect samples were looked at")
    chance = chance_of_at_least(laid.low.hits, laid.low.n, 2 * REJECTED)
    low, high = laid.low.interval
    measure = replace(laid.low.measure("low_entropy", REJECTED), comparator="<=")
    text = (
        f"{laid.low.hits} of {laid.low.n} samples keep their answer when others are laid over them, as samples with a "
        f"trigger do (95 % interval {low:.1%} to {high:.1%}); {REJECTED:.0%} is usual."
    )
    if chance < _SURE:
        return broken(RISK, subject, text, _LOOK, part="samples", measure=measure)
    return holds(RISK, subject, text, part="samples", measure=measure)
