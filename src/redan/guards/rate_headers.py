"""How much the client may still ask, said beside each answer: only to whom it concerns, and only of what it has itself.

A client that nobody knows is told nothing, nor one that is refused for who it is. What answers tell of the model, and
what everyone together may ask, is not told either: it is not the client's own, or would describe the model.

A graded response is told as it takes hold, which is later than what caused it and jittered (`redan.guards.later`).

Source: draft-ietf-httpapi-ratelimit-headers-11 (RateLimit-Policy, RateLimit); RFC 9651 (structured fields).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from redan.exchange.flow import Claim, Flow
from redan.exchange.message import Response

_SILENT: Final = frozenset({401, 403})
_MOST: Final = 1024  # plans that are remembered: there are about as many as tiers times models
_LARGEST: Final = 999_999_999_999_999  # RFC 9651 section 3.3.1
_NAMES: Final = MappingProxyType(
    {"rate": b'"requests"', "rows": b'"rows"', "endpoint": b'"endpoint"', "queries": b'"queries"'}
)
_ROWS: Final = frozenset({"rows", "queries"})
_Key: TypeAlias = tuple[str, str, bool, int, str]


class _Plan(NamedTuple):
    """What is said of claims of one kind, for one tier and model: all that does not change from request to request.

    Args:
        declared: the header of the policies.
        said: the value of the other header, numbers left out.
        shown: place among the claims, limit, and seconds until one unit is back (0 for never), of each that is told.
    """

    declared: tuple[bytes, bytes]
    said: bytes
    shown: tuple[tuple[int, float, float], ...]


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """Adds `RateLimit-Policy` and `RateLimit` for the client's own limits.

    Which claims there are, and their limits, follows from the tier, the model, whether the request is signed, how far
    it came and what it claimed last (a question and feedback pass other guards): each guard claims always or never for
    these. So what is said is put together once for each of them.
    """

    name: str = "rate-headers"
    _plans: dict[_Key, _Plan] = field(default_factory=dict, repr=False)

    def finish(self, flow: Flow, response: Response) -> Response:
        """The response with what is left, where the store was asked for a client that is known."""
        spent, identity = flow.spent, flow.identity
        if spent is None or identity is None or response.status in _SILENT:
            return response
        left = spent.left
        if spent.denied is None:
            last = flow.claims[-1].key.partition("/")[0] if flow.claims else ""
            key = (identity.tier, flow.model, flow.signed is None, len(left), last)
            plan = self._plans.get(key) or self._planned(key, flow.claims)
        else:  # nothing was taken, and what comes after it was not looked at
            left = [held + claim.amount for held, claim in zip(left, flow.claims, strict=False)]
            plan = _plan(flow.claims[: len(left)])
        numbers: list[int] = []
        for place, limit, period in plan.shown:
            held = left[place]
            held = limit if held > limit else max(0.0, held)
            numbers.append(int(held))
            if period:
                numbers.append(ceil((limit - held) * period))
        if not numbers:
            return response
        more = (plan.declared, (b"ratelimit", plan.said % tuple(numbers)))
        return Response(response.status, response.headers + more, response.body)

    def _planned(self, key: _Key, claims: Sequence[Claim]) -> _Plan:
        if len(self._plans) >= _MOST:
            self._plans.clear()
        found = self._plans[key] = _plan(claims)
        return found


def _plan(claims: Sequence[Claim]) -> _Plan:
    declared, said, shown = [], [], []
    for place, claim in enumerate(claims):
        kind = claim.key.partition("/")[0]
        name = _NAMES.get(kind)
        if name is None:
            continue
        limit = min(claim.limit, float(_LARGEST))
        policy = b"%b;q=%d" % (name, limit)
        if kind in _ROWS:
            policy += b';qu="rows"'
        if claim.period:
            policy += b";w=%d" % min(_LARGEST, max(1, ceil(limit * claim.period)))
        declared.append(policy)
        said.append(name + (b";r=%d;t=%d" if claim.period else b";r=%d"))
        shown.append((place, limit, claim.period))
    return _Plan((b"ratelimit-policy", b", ".join(declared)), b", ".join(said), tuple(shown))
