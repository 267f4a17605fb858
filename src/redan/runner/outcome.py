"""From findings to a control's outcome: the worst counts, and what was not asked is never shown as holding."""

from collections.abc import Iterable

from redan.findings import Finding
from redan.terms import Outcome

# A known violation outranks an unknown; an unknown outranks everything that holds.
_WORST_FIRST = (
    Outcome.BROKEN,
    Outcome.ERROR,
    Outcome.STALE,
    Outcome.NOT_RUN,
    Outcome.HOLDS,
    Outcome.NOT_APPLICABLE,
)


def worst(findings: Iterable[Finding]) -> Outcome:
    """The outcome that the findings of one control, or of one check, add up to.

    Args:
        findings: in any order.

    Returns:
        The worst outcome; `not-run` when there is no finding at all.
    """
    seen = {finding.outcome for finding in findings}
    return next((outcome for outcome in _WORST_FIRST if outcome in seen), Outcome.NOT_RUN)
