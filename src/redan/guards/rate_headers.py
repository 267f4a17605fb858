"""How much the client may still ask, said beside each answer: only to whom it concerns, and only of what it has itself.

A client that nobody knows is told nothing, nor one that is refused for who it is. What answers tell of the model, and
what everyone together may ask, is not told either: it is not the client's own, or would describe the model.

A graded response is told as it takes hold, which is later than what caused it and jittered (`redan.guards.later`).

Source: draft-ietf-httpapi-ratelimit-headers-11 (RateLimit-Policy, RateLimit); RFC 9651 (structured fields).
"""

import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from redan.exchange.flow import Claim, Flow
from redan.exchange.message import Response

_SILENT: Final = frozenset({401, 403})
_MOST: Final = 1024  # policies that are remembered as bytes: there are as many as tiers and endpoints have limits
_LARGEST: Final = 999_999_999_999_999  # RFC 9651 section 3.3.1
_NAMES: Final = MappingProxyType(
    {"rate": b'"requests"', "rows": b'"rows"', "endpoint": b'"endpoint"', "queries": b'"queries"'}
)
_ROWS: Final = frozenset({"rows", "queries"})


class _Policy(NamedTuple):
    """A limit as bytes.

    Args:
        declared: item of `RateLimit-Policy`.
        name: of it, quoted.
        period: seconds until one unit is back; 0 for what never comes back.
        limit: units.
    """

    declared: bytes
    name: bytes
    period: float
    limit: float


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """Adds `RateLimit-Policy` and `RateLimit` for the client's own limits."""

    name: str = "rate-headers"
    _known: dict[tuple[str, float, float], _Policy | None] = field(default_factory=dict, repr=False)

    def finish(self, flow: Flow, response: Response) -> Response:
        """The response with what is left, where the store was asked for a client that is known."""
        spent = flow.spent
        if spent is None or flow.identity is None or response.status in _SILENT:
            return response
        declared, said = [], []
        for claim, left in zip(flow.claims, spent.left, strict=False):
            policy = self._policy(claim)
            if policy is not None:
                held = left if spent.denied is None else left + claim.amount  # nothing was taken
                held = min(max(0.0, held), policy.limit)
                declared.append(policy.declared)
                said.append(
                    b"%b;r=%d;t=%d" % (policy.name, held, math.ceil((policy.limit - held) * policy.period))
                    if policy.period
                    else b"%b;r=%d" % (policy.name, held)
                )
        if not declared:
            return response
        more = ((b"ratelimit-policy", b", ".join(declared)), (b"ratelimit", b", ".join(said)))
        return response._replace(headers=response.headers + more)

    def _policy(self, claim: Claim) -> _Policy | None:
        kind = claim.key.partition("/")[0]
        key = (kind, claim.limit, claim.period)
        if key in self._known:
            return self._known[key]
        if len(self._known) >= _MOST:
            self._known.clear()
        found = self._known[key] = _made(kind, claim)
        return found


def _made(kind: str, claim: Claim) -> _Policy | None:
    name = _NAMES.get(kind)
    if name is None:
        return None
    limit = min(claim.limit, float(_LARGEST))
    said = b"%b;q=%d" % (name, limit)
    if kind in _ROWS:
        said += b';qu="rows"'
    if claim.period:
        said += b";w=%d" % min(_LARGEST, max(1, math.ceil(limit * claim.period)))
    return _Policy(said, name, claim.period, limit)
