"""What an attack costs: passes of single samples through the model, and time."""

from dataclasses import dataclass

from redan.canon import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The price of a result, summed over samples; padding of a batch counts, for it is computed.

    Args:
        forward: samples through the model with or without a gradient.
        backward: samples through the backward pass.
        queries: samples asked of a model that shows its answers only; they are in `forward` as well when it is local.
        seconds: wall-clock time; no part of a finding that must be equal from run to run.
    """

    forward: int = 0
    backward: int = 0
    queries: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        """Both together."""
        return Cost(
            forward=self.forward + other.forward,
            backward=self.backward + other.backward,
            queries=self.queries + other.queries,
            seconds=self.seconds + other.seconds,
        )

    def to_json(self, *, seconds: bool = True) -> dict[str, Json]:
        """As findings carry it.

        Args:
            seconds: whether the time is told; not where equal seeds are to give equal findings.
        """
        found: dict[str, Json] = {"forward": self.forward, "backward": self.backward, "queries": self.queries}
        return {**found, "seconds": round(self.seconds, 3)} if seconds else found


class Meter:
    """Counts passes while an attack runs; one per model, read at the end."""

    def __init__(self) -> None:
        """Begins at zero."""
        self.forward = 0
        self.backward = 0
        self.queries = 0

    def read(self, seconds: float = 0.0) -> Cost:
        """What was counted so far."""
        return Cost(forward=self.forward, backward=self.backward, queries=self.queries, seconds=seconds)

    def since(self, before: Cost, seconds: float = 0.0) -> Cost:
        """What was counted after an earlier reading."""
        return Cost(
            forward=self.forward - before.forward,
            backward=self.backward - before.backward,
            queries=self.queries - before.queries,
            seconds=seconds,
        )
