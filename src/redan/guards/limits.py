"""How much one principal may ask: requests in a while, rows in a day, and what its answers may tell of the model.

Each limit follows the principal and the model, never an address or a header (research: R26). Spending is the store's.

Source: A-MLSG-004-D006; ITU-T I.371 annex A (generic cell rate algorithm).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from redan.errors import ConfigError
from redan.exchange.flow import Claim, Flow
from redan.exchange.problem import Problem, Refusal
from redan.guards.store import RATE, TOTAL

DAY: Final = 86_400.0


class Tier(NamedTuple):
    """What one kind of client may ask of one model.

    Args:
        rate: requests a second, in the long run.
        burst: requests at once.
        rows: rows a day; a bucket of so many, which fills again over a day.
        leak: part of the model's unknowns that answers may tell in all; infinite for no limit.
    """

    rate: float = 50.0
    burst: float = 100.0
    rows: float = 100_000.0
    leak: float = float("inf")

    def checked(self) -> "Tier":
        """This tier.

        Raises:
            ConfigError: a number of it lets nothing through, or is none.
        """
        if not (0 < self.rate < float("inf") and 1 <= self.burst < float("inf") and 1 <= self.rows < float("inf")):
            raise ConfigError("a tier's rate is above 0, its burst and its rows a day are 1 or more")
        if not self.leak > 0:
            raise ConfigError("a tier's leak is above 0")
        return self


class Leak(NamedTuple):
    """What answers of a model tell of it.

    Args:
        unknowns: numbers that describe the model.
        row: unknowns that the answer to one row tells; see `redan.guards.leak.told`.
        pooled: part of the unknowns that answers to everyone together may tell; infinite for no limit.
        generation: name under which is counted; another name starts at nothing.
    """

    unknowns: float
    row: float
    pooled: float = float("inf")
    generation: str = ""


def scale_key(principal: str, model: str) -> str:
    """The name of the factor by which a graded response lowers the limits of a principal."""
    return f"{principal}/{model}"


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests in a while; claimed before the question is decoded, so that what is malformed costs, too.

    Requests that go to nothing that the principal may ask have one rate together, which the guard of models claims
    (`astray`): invented names get no rate of their own, fill no store, and cost nobody's right ones.

    Args:
        tiers: by name.
    """

    tiers: Mapping[str, Tier]
    name: str = "rate"

    def __post_init__(self) -> None:
        """A tier that lets nothing through is a mistake of the settings."""
        for tier in self.tiers.values():
            tier.checked()

    def inbound(self, flow: Flow) -> Refusal | None:
        """Claims one request."""
        identity = flow.identity
        known = identity is not None and (flow.model in identity.models or "*" in identity.models)
        return self._claimed(flow, flow.model if known else "")

    def astray(self, flow: Flow) -> Refusal | None:
        """Claims one request to something that the principal may not ask, or that is not there."""
        return self._claimed(flow, "")

    def _claimed(self, flow: Flow, model: str) -> Refusal | None:
        identity = flow.identity
        tier = None if identity is None else self.tiers.get(identity.tier)
        if identity is None or tier is None:
            return Refusal(Problem.FORBIDDEN, self.name)
        of = f"{identity.principal}/{model}"
        flow.claims.append(Claim(RATE, f"rate/{of}", 1, tier.burst, 1 / tier.rate, of))
        return None


@dataclass(frozen=True, slots=True)
class Budget:
    """Rows in a day, and what their answers tell in all; claimed after the question is decoded.

    Args:
        tiers: by name.
        leak: of a model by its name; None for a model that is not counted.
    """

    tiers: Mapping[str, Tier]
    leak: Callable[[str], Leak | None]
    name: str = "budget"

    def inbound(self, flow: Flow) -> Refusal | None:
        """Claims the rows of the question and what their answers tell; a question without rows counts as one."""
        identity, asked = flow.identity, flow.inference
        tier = None if identity is None else self.tiers.get(identity.tier)
        if identity is None or tier is None or asked is None:
            return Refusal(Problem.FORBIDDEN, self.name)
        rows = max(1, asked.rows)
        of = f"{identity.principal}/{flow.model}"
        flow.claims.append(Claim(RATE, f"rows/{of}", rows, tier.rows, DAY / tier.rows, of))
        leak = self.leak(flow.model)
        if leak is None:
            return None
        told = rows * leak.row
        if tier.leak < _NO_LIMIT:
            key = f"leak/{leak.generation}/{of}"
            flow.claims.append(Claim(TOTAL, key, told, tier.leak * leak.unknowns, 0))
        if leak.pooled < _NO_LIMIT:
            key = f"leak/{leak.generation}/*/{flow.model}"
            flow.claims.append(Claim(TOTAL, key, told, leak.pooled * leak.unknowns, 0))
        return None


_NO_LIMIT: Final = float("inf")
