"""How much one client may ask of one endpoint, as its description says: a rate, and questions in all.

It holds beside the limits of the client's own tier; whichever is met first refuses.

Source: A-MLSG-004-D006, AIPS-ORA-01.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from redan.exchange.flow import Claim, Flow
from redan.exchange.problem import Problem, Refusal
from redan.guards.limits import Leak, scale_key
from redan.guards.store import RATE, TOTAL


class Allowed(NamedTuple):
    """Of one model.

    Args:
        rate: requests a second in the long run; None for no limit.
        burst: requests at once.
        queries: rows that one client may ever ask about; None for no limit.
        leak: part of the model's unknowns that answers may ever tell one client; None for no limit.
    """

    rate: float | None = None
    burst: float = 1.0
    queries: float | None = None
    leak: float | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """Claims what an endpoint allows each client; comes after the decoder, as rows are counted.

    Args:
        models: by name; others are not limited here.
        leak: what answers of a model tell of it; None where that is not known, and then nothing is answered.
    """

    models: Mapping[str, Allowed]
    leak: Callable[[str], Leak | None]
    name: str = "allowance"

    def inbound(self, flow: Flow) -> Refusal | None:
        """Adds the claims."""
        allowed = self.models.get(flow.model)
        if allowed is None:
            return None
        identity = flow.identity
        if identity is None:
            return Refusal(Problem.UNAUTHENTICATED, self.name)
        of = scale_key(identity.principal, flow.model)
        if allowed.rate is not None:
            flow.claims.append(Claim(RATE, f"endpoint/{of}", 1, allowed.burst, 1 / allowed.rate, of))
        rows = 1 if flow.inference is None else max(1, flow.inference.rows)
        if allowed.leak is not None:
            leak = self.leak(flow.model)
            if leak is None:
                return Refusal(Problem.UNREADY, self.name)
            key = f"endpoint-leak/{leak.generation}/{of}"
            flow.claims.append(Claim(TOTAL, key, rows * leak.row, allowed.leak * leak.unknowns, 0))
        if allowed.queries is not None:
            flow.claims.append(Claim(TOTAL, f"queries/{of}", rows, allowed.queries, 0))
        return None
