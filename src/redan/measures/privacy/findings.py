"""What a record of private training comes to, in findings; the control and `redan data privacy` say the same."""

import math
from collections.abc import Iterator
from dataclasses import replace

from redan.canon import Json
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.measures.privacy.mistakes import Mistake, Review
from redan.terms import Level

CHECK = "AIPS-INF-01/privacy-claim-adds-up"


def findings(review: Review, subject: str, name: str) -> Iterator[Finding]:
    """One finding on the claim, and one for each mistake and for what is not stated.

    Args:
        review: of the record.
        subject: id of what the findings are about.
        name: of the record in a sentence.
    """
    yield replace(_claim(review, subject, name), measure=_measure(review), detail=_detail(review))
    for one in review.of("mistake"):
        yield broken(CHECK, subject, _told(one), Remedy(text=one.repair, effort=Level.HIGH), part=one.name)
    for one in review.of("unstated"):
        yield not_run(CHECK, subject, one.reason, remedy=Remedy(text=one.repair, effort=Level.LOW), part=one.name)


def _claim(review: Review, subject: str, name: str) -> Finding:
    record, wrong = review.record, review.of("mistake")
    claim = f"{name} claims an epsilon of {record.epsilon:.4g} at a delta of {record.delta:.3g}"
    notes = "".join(f" Besides: {one.reason[:1].lower()}{one.reason[1:]}" for one in review.of("note"))
    if wrong:
        count = "a mistake" if len(wrong) == 1 else f"{len(wrong)} mistakes"
        text = f"{claim}, with {count}; {_actual(review)}.{notes}"
        return broken(CHECK, subject, text, Remedy(text=wrong[0].repair, effort=Level.HIGH))
    if review.of("unstated"):
        text = f"{claim}; were everything as it should be, these steps add up to {_number(review.stated.value)}.{notes}"
        return not_run(CHECK, subject, text, remedy=Remedy(text="State what the claim rests on.", effort=Level.LOW))
    by = review.actual.by.upper()
    text = f"{claim}; these steps add up to {_number(review.actual.value)} ({by}), neighbours by {record.neighbours}."
    return holds(CHECK, subject, f"{text}{notes}")


def _actual(review: Review) -> str:
    value = review.actual.value
    why = f" ({review.caveat})" if review.caveat else ""
    if value is None:
        return f"no bound is known of what was done{why}"
    if math.isinf(value):
        return f"what was done protects nothing{why}"
    return f"what was done {'keeps to' if why else 'adds up to'} {value:.4g}{why}"


def _told(mistake: Mistake) -> str:
    return f"{mistake.reason} Seen in: {mistake.seen}." if mistake.seen else mistake.reason


def _number(value: float | None) -> str:
    return "nothing known" if value is None else f"{value:.4g}"


def _measure(review: Review) -> Measure:
    record, value = review.record, _finite(review.actual.value)
    above = value is not None and value > record.epsilon
    decided = above if review.of("mistake") else not above  # a mistake can void a claim whose number is right
    return Measure(name="epsilon", value=value, n=record.dataset_size, threshold=record.epsilon if decided else None)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _detail(review: Review) -> dict[str, Json]:
    return {
        "delta": review.record.delta,
        "stated_epsilon": _finite(review.stated.value),
        "actual_epsilon": _finite(review.actual.value),
        "caveat": review.caveat,
        "mistakes": [{"name": one.name, "kind": one.kind, "reason": one.reason} for one in review.mistakes],
    }
