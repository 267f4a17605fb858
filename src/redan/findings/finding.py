"""Finding and its parts: frozen records that every report, gate and evidence statement is made of."""

from dataclasses import dataclass, field

from redan.canon import Json, digest_of
from redan.stats.interval import Interval
from redan.terms import Level, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A number about data or a model, with what is needed to believe it.

    Args:
        name: snake_case name, such as `shared_rows`.
        value: the number; None when there is not enough data for one.
        interval: the interval at `confidence`; None for an exact count over all rows.
        n: how many rows, trials or items the number rests on.
        threshold: the number that decided the outcome; None when nothing decided on it.
        comparator: how value and threshold compare when the control holds, `<=` or `>=`.
        unit: `rows`, `share`, `bits` ...; the empty string for a pure number.
        confidence: the interval's level, in (0, 1).
    """

    name: str
    value: float | None
    interval: Interval | None = None
    n: int | None = None
    threshold: float | None = None
    comparator: str = "<="
    unit: str = ""
    confidence: float = 0.95

    def to_json(self) -> dict[str, Json]:
        """The measure as the published check schema writes it."""
        return {
            "name": self.name,
            "value": self.value,
            "interval": None if self.interval is None else [self.interval.low, self.interval.high],
            "n": self.n,
            "threshold": self.threshold,
            "comparator": self.comparator,
            "unit": self.unit,
            "confidence": self.confidence,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A line of `redan.toml` (or of another text file of the project); lines count from 1."""

    file: str
    line: int

    def to_json(self) -> dict[str, Json]:
        """The location as the published check schema writes it."""
        return {"file": self.file, "line": self.line}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What to do about a broken control.

    Args:
        text: one or two sentences.
        command: a command line that does it, when there is one.
        effort: how much work it is.
    """

    text: str
    command: str | None = None
    effort: Level = Level.MEDIUM

    def to_json(self) -> dict[str, Json]:
        """The remedy as the published check schema writes it."""
        return {"text": self.text, "command": self.command, "effort": self.effort.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One answer of one check about one subject.

    Args:
        check: the check's full id, `CONTROL-ID/check-name`.
        subject: element id such as `dataset:test`, or several joined by `+`; `system` for the whole product.
        outcome: what it came to.
        message: one plain sentence; counts and digests, never raw rows or secrets.
        part: tells apart several findings of one check about one subject (a column, a file); part of the identity.
        measure: the number behind the outcome.
        location: the line that declares the subject.
        remedy: what to do; required when broken.
        detail: further aggregate facts, JSON only, for the report and the evidence.
    """

    check: str
    subject: str
    outcome: Outcome
    message: str
    part: str = ""
    measure: Measure | None = None
    location: Location | None = None
    remedy: Remedy | None = None
    detail: dict[str, Json] = field(default_factory=dict)

    @property
    def control(self) -> str:
        """The control's id."""
        return self.check.partition("/")[0]

    @property
    def fingerprint(self) -> str:
        """Identity that survives retraining and re-measuring: check, subject and part only; 32 hex digits."""
        return digest_of([self.check, self.subject, self.part])[:32]

    def to_json(self) -> dict[str, Json]:
        """The finding as the published check schema writes it."""
        return {
            "check": self.check,
            "subject": self.subject,
            "part": self.part,
            "outcome": self.outcome.value,
            "message": self.message,
            "measure": None if self.measure is None else self.measure.to_json(),
            "location": None if self.location is None else self.location.to_json(),
            "remedy": None if self.remedy is None else self.remedy.to_json(),
            "fingerprint": self.fingerprint,
            "detail": self.detail,
        }


def holds(check: str, subject: str, message: str, *, part: str = "", measure: Measure | None = None) -> Finding:
    """A finding that the check's sentence is true of the subject."""
    return Finding(check=check, subject=subject, outcome=Outcome.HOLDS, message=message, part=part, measure=measure)


def broken(
    check: str, subject: str, message: str, remedy: Remedy, *, part: str = "", measure: Measure | None = None
) -> Finding:
    """A finding that the check's sentence is false of the subject, with what to do."""
    return Finding(
        check=check,
        subject=subject,
        outcome=Outcome.BROKEN,
        message=message,
        part=part,
        measure=measure,
        remedy=remedy,
    )


def not_run(check: str, subject: str, message: str, *, remedy: Remedy | None = None, part: str = "") -> Finding:
    """A finding that the question could not be answered, with the reason."""
    return Finding(check=check, subject=subject, outcome=Outcome.NOT_RUN, message=message, remedy=remedy, part=part)


def not_applicable(check: str, subject: str, message: str) -> Finding:
    """A finding that the question does not arise, with the reason."""
    return Finding(check=check, subject=subject, outcome=Outcome.NOT_APPLICABLE, message=message)
