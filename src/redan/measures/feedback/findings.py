"""What feedback comes to: whether its authors are known and capped, whether it is reviewed, and what few could do."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from redan.canon import Json
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Line, Series, Shares, pictured
from redan.measures.feedback.flood import Flood, Moved
from redan.measures.feedback.voices import Voices
from redan.terms import Level

BOUND = 0.05  # recall that a small hostile group may cost any class
FEW = 3
FEW_SHARE = 0.01
UNCAPPED = 0.1  # without a cap, one voice is assumed to give as many entries as a tenth of the training rows
_NAME_IT = Remedy(text="Take feedback only from principals that sign in, and leave out what has no author.")
_CAP_IT = Remedy(text="Use at most 'cap' entries of each contributor in a round, chosen at random.", effort=Level.LOW)
_STATE_CAP = Remedy(text="State the cap per contributor with the key 'cap'.", effort=Level.LOW)
_REVIEW = Remedy(
    text="Hold entries in quarantine until somebody other than their author reviewed them.", effort=Level.MEDIUM
)
_HARDEN = Remedy(
    text="Lower the cap, or let feedback count less than vetted rows, until a few voices cannot move the model.",
    effort=Level.MEDIUM,
)
_MORE_ROWS = Remedy(text="Give more labelled training rows.", effort=Level.MEDIUM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The hostile group that is assumed.

    Args:
        voices: how many.
        each: entries that each of them gives.
        capped: whether a cap says so; otherwise it is assumed.
        rows: training rows.
    """

    voices: int
    each: int
    capped: bool
    rows: int

    @property
    def share(self) -> float:
        """Hostile entries per training row."""
        return self.voices * self.each / max(self.rows, 1)


def few(contributors: int, cap: int | None, rows: int, most: int = 0) -> Group:
    """A small hostile group: three voices, or one in a hundred of those who give feedback when that is more.

    Args:
        contributors: who give feedback; 0 when not known.
        cap: most entries of one voice that are used; None when there is no cap.
        rows: training rows that the feedback is added to.
        most: entries of the most active contributor so far.
    """
    voices = max(FEW, math.ceil(FEW_SHARE * contributors))
    each = cap if cap is not None else max(most, math.ceil(UNCAPPED * rows))
    return Group(voices=voices, each=each, capped=cap is not None, rows=rows)


def author_findings(check: str, subject: str, found: Voices, cap: int | None) -> Iterator[Finding]:
    """Whether every entry has an author, and no author more entries than the cap.

    Args:
        check: full id of the question.
        subject: what the findings are about.
        found: the authors.
        cap: most entries of one author that may be used; None when nobody stated it.
    """
    named = Measure(
        name="entries_without_author", value=float(found.unnamed), n=found.entries, threshold=0, unit="rows"
    )
    if found.unnamed:
        text = f"{found.unnamed:,} of {found.entries:,} entries have no author."
        yield broken(check, subject, text, _NAME_IT, part="authors", measure=named)
    else:
        text = f"Each of {found.entries:,} entries has one of {found.contributors:,} authors."
        yield holds(check, subject, text, part="authors", measure=named)
    yield replace(_cap(check, subject, found, cap), detail=pictured([_loudest(found, cap)] if found.loudest else []))


def _cap(check: str, subject: str, found: Voices, cap: int | None) -> Finding:
    if cap is None:
        text = f"A cap is declared, but not its number; the most active contributor gave {found.most:,} entries."
        return not_run(check, subject, text, remedy=_STATE_CAP, part="cap")
    measure = Measure(
        name="most_entries_of_one_contributor",
        value=float(found.most),
        n=found.entries,
        threshold=float(cap),
        unit="rows",
    )
    if found.over:
        who = ", ".join(f"contributor {v.name}… ({v.entries:,})" for v in found.loudest[:3] if v.entries > cap)
        more = f" and {found.over - 3} more" if found.over > 3 else ""  # noqa: PLR2004 -- a line stays readable
        text = f"{found.over:,} contributors gave more than {cap:,} entries, {found.beyond:,} too many: {who}{more}."
        return broken(check, subject, text, _CAP_IT, part="cap", measure=measure)
    text = f"No contributor gave more than {cap:,} entries; the most active one gave {found.most:,}."
    return holds(check, subject, text, part="cap", measure=measure)


def _loudest(found: Voices, cap: int | None) -> Shares:
    names = tuple(f"contributor {voice.name}…" for voice in found.loudest)
    return Shares(
        title="Entries of the most active contributors",
        names=names,
        values=tuple(float(voice.entries) for voice in found.loudest),
        intervals=tuple(None for _ in names),
        expected=None if cap is None else float(cap),
        flagged=tuple(n for n, v in zip(names, found.loudest, strict=True) if cap is not None and v.entries > cap),
    )


def review_finding(check: str, subject: str, found: Voices) -> Finding:
    """Whether somebody other than its author reviewed every entry.

    Args:
        check: full id of the question.
        subject: what the finding is about.
        found: counted with a column of reviewers.
    """
    without, own = found.unreviewed or 0, found.own or 0
    measure = Measure(
        name="entries_not_reviewed_by_another", value=float(without + own), n=found.entries, threshold=0, unit="rows"
    )
    if without + own:
        text = f"Of {found.entries:,} entries, {without:,} were not reviewed and {own:,} by their own author."
        return broken(check, subject, text, _REVIEW, measure=measure)
    return holds(check, subject, f"Somebody else reviewed each of {found.entries:,} entries.", measure=measure)


def flood_finding(check: str, subject: str, found: Flood, group: Group, bound: float) -> Finding:
    """Whether a small hostile group stays below the bound when the model is trained again.

    Args:
        check: full id of the question.
        subject: what the finding is about.
        found: the simulation.
        group: who was simulated.
        bound: loss of recall that is agreed to be acceptable.
    """
    worst = found.worst
    top = max(found.moved, key=lambda one: one.interval.high)
    measured = worst if worst.interval.low > bound else top
    text, measure = _told(found, measured, group), _measure(measured, bound)
    if worst.interval.low > bound:
        made = broken(check, subject, f"Few voices move the model: {text}", _HARDEN, measure=measure)
    elif found.control.interval.low <= bound:
        what = f"even a flood as large as the training data takes {found.control.loss:.2f} of recall"
        made = not_run(check, subject, f"No power to see the model move: {what}.", remedy=_MORE_ROWS)
    elif top.interval.high > bound:
        made = not_run(check, subject, f"Not enough data to tell: {text}", remedy=_MORE_ROWS)
    else:
        made = holds(check, subject, f"Few voices do not move the model: {text}", measure=measure)
    return replace(made, measure=measure, detail=_detail(found, group, bound))


def _told(found: Flood, one: Moved, group: Group) -> str:
    voices = f"{group.voices:,} voices with {group.each:,} entries each"
    assumed = "" if group.capped else " (no cap is stated, so this is assumed)"
    rows = f"{group.rows:,} training rows"
    lie = f"{one.lie.how} over rows of class {found.classes[one.lie.victim]}"
    if one.lie.how == "aimed":
        lie = f"aimed at the rows of class {found.classes[one.lie.victim]} that are least sure"
    change = f"recall {one.before:.2f} falls by {one.loss:.3f} ({one.interval.low:.3f} to {one.interval.high:.3f})"
    return f"{voices}{assumed} against {rows}, lies {lie}: {change} on {one.n:,} rows; trained were randomised trees."


def _measure(one: Moved, bound: float) -> Measure:
    return Measure(
        name="recall_lost_to_few_voices",
        value=one.loss,
        interval=one.interval,
        n=one.n,
        threshold=bound,
        unit="share",
    )


def _detail(found: Flood, group: Group, bound: float) -> dict[str, Json]:
    lies: list[Json] = [
        {
            "how": one.lie.how,
            "victim": found.classes[one.lie.victim],
            "said": found.classes[one.lie.said],
            "loss": one.loss,
            "interval": [one.interval.low, one.interval.high],
            "n": one.n,
        }
        for one in found.moved
    ]
    ways = [
        Line(name="loss of recall", values=tuple(dose.loss for dose in found.doses)),
        Line(name="at least", values=tuple(dose.interval.low for dose in found.doses)),
        Line(name="at most", values=tuple(dose.interval.high for dose in found.doses)),
    ]
    picture = Series(
        title="Recall lost to hostile feedback",
        x=tuple(f"{_voices(dose, group):,} voices" for dose in found.doses),
        lines=tuple(ways),
        threshold=bound,
        unit="share",
    )
    broke = next((_voices(dose, group) for dose in found.doses if dose.interval.low > bound), None)
    facts: dict[str, Json] = {
        "voices": group.voices,
        "entries_each": group.each,
        "training_rows": group.rows,
        "rows_simulated": found.rows,
        "lies": lies,
        "control_loss": found.control.loss,
        "voices_that_moved_it": broke,
    }
    return {**facts, **pictured([picture])}


def _voices(dose: Moved, group: Group) -> int:
    return round(dose.entries / group.share * group.voices) if group.share else 0
