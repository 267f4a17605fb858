"""The material that every report is drawn from: the system, the judged evidence, and where the proof lies."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from redan.controls.catalogue import Control
from redan.gating import JudgedFinding, Judgement, Row
from redan.runner.records import NO_CHECK, Results
from redan.system.system import System
from redan.terms import Kind, Outcome
from redan.threats.derive import Analysis
from redan.threats.risk import in_force

UNANSWERED = frozenset({Outcome.NOT_RUN, Outcome.ERROR, Outcome.STALE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything a report may show.

    Args:
        system: the description.
        results: of the run, or read back from a verified pack.
        judgement: what the gate said of them.
        controls: the catalogue.
        evidence: control id to the SHA-256 of its signed statement; empty when nothing was signed.
        key_id: of the key that signed.
        analysis: the threats that stand, and those that the description excludes.
        reproduce: the command line that gives the same findings.
        folder: of the description, relative to the root of the source tree; empty when it lies there.
    """

    system: System
    results: Results
    judgement: Judgement
    controls: Mapping[str, Control]
    evidence: Mapping[str, str] = field(default_factory=dict)
    key_id: str = ""
    analysis: Analysis = field(default_factory=lambda: Analysis((), ()))
    reproduce: str = "redan check"
    folder: str = ""

    @property
    def held(self) -> dict[str, Outcome]:
        """Outcome by control id, as residual risks count them."""
        return in_force(self.system, {row.control_id: row.outcome for row in self.judgement.rows})

    @property
    def urgency(self) -> dict[str, int]:
        """Control id to how dear its failure is: the worst risk that it would lower, 1 (low) to 4 (critical)."""
        found: dict[str, int] = {}
        for threat in self.analysis.threats:
            for mitigation in threat.mitigations:
                found[mitigation.control] = max(found.get(mitigation.control, 0), threat.risk.level.rank + 1)
        return found

    def judged(self) -> Iterator[tuple[Row, JudgedFinding]]:
        """Every finding with its control, in catalogue order."""
        for row in self.judgement.rows:
            for finding in row.findings:
                yield row, finding

    def worst(self, count: int) -> tuple[tuple[Row, JudgedFinding], ...]:
        """The broken findings to mend first, one per check.

        Args:
            count: how many at most.

        Returns:
            Required before not required, Do and Dont before Consider, then by urgency, then what rests on most rows;
            empty when nothing is broken.
        """
        broken = [pair for pair in self.judged() if pair[1].finding.outcome is Outcome.BROKEN and not pair[1].accepted]
        urgency = self.urgency
        broken.sort(key=lambda pair: _rank(pair[0], pair[1], urgency))
        first: dict[str, tuple[Row, JudgedFinding]] = {}
        for pair in broken:
            first.setdefault(pair[1].finding.check, pair)
        return tuple(first.values())[:count]

    def severity(self, control_id: str) -> float:
        """How much a broken control matters, on the 0 to 10 scale that code hosts use; never a score of the system."""
        base = 4.0 if self.controls[control_id].kind is Kind.CONSIDER else 6.0
        return min(base + 0.5 * self.urgency.get(control_id, 0), 8.9)


def is_silent(row: Row) -> bool:
    """Whether no question of a control has a check yet."""
    return row.outcome is Outcome.NOT_RUN and all(j.finding.message == NO_CHECK for j in row.findings)


def _rank(row: Row, judged: JudgedFinding, urgency: Mapping[str, int]) -> tuple[bool, bool, int, int]:
    measure = judged.finding.measure
    counted = 0 if measure is None else measure.n or 0
    return not judged.required, row.kind is Kind.CONSIDER, -urgency.get(row.control_id, 0), -counted
