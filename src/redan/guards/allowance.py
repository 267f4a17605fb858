"""How much one client may ask of one endpoint, as its description says: a rate, and questions in all.

It holds beside the limits of the client's own tier; whichever is met first refuses.

Source: A-MLSG-004-D006, AIPS-ORA-01.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from redan.exchange.flow import Claim, Flow
from redan.exchange.problem import Problem, Refusal
from redan.guards.limits import scale_key
from redan.guards.store import RATE, TOTAL


class Allowed(NamedTuple):
    """Of one model.

    Args:
        rate: requests a second in the long run; None for no limit.
        burst: requests at once.
        queries: rows that one client may ever ask about; None for no limit.
    """

    rate: float | None = None
    burst: float = 1.0
    queries: float | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """Claims what an endpoint allows each client; comes after the decoder, as rows are counted.

    Args:
        models: by name; others are not limited here.
    """

    models: Mapping[str, Allowed]
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
        if allowed.queries is not None:
            rows = 1 if flow.inference is None else max(1, flow.inference.rows)
            flow.claims.append(Claim(TOTAL, f"queries/{of}", rows, allowed.queries, 0))
        return None
