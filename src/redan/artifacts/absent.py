"""Why an artifact could not be collected."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Absent:
    """The reason why an element has no artifact of a kind; every check that needs it is `not-run` with it.

    Args:
        element: element id.
        reason: one sentence without a full stop.
    """

    element: str
    reason: str
