"""Nonces, rates and totals in the memory of one process: what several replicas share through Valkey, without it.

Source: ITU-T I.371 annex A (generic cell rate algorithm, virtual scheduling).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from redan.exchange.flow import Claim, Spent
from redan.exchange.problem import Problem, Refusal, RefusedError

NONCE, RATE, TOTAL = "nonce", "rate", "total"
_ROUNDING = 1e-9
_TIDY_S = 1.0


class Store(Protocol):
    """Decides about claims: all of them are taken, or none."""

    def spend(self, claims: Sequence[Claim], now: float) -> Spent:
        """Takes all claims, or none.

        Args:
            claims: of one request.
            now: seconds since the epoch.

        Raises:
            RefusedError: it cannot be told; then the request is refused.
        """
        ...


class WaitingStore(Protocol):
    """A store that has to be waited for, as replicas share one."""

    async def spend(self, claims: Sequence[Claim], now: float) -> Spent:
        """Takes all claims, or none; see `Store`."""
        ...


class Held(NamedTuple):
    """What a store of one process holds, for a snapshot.

    Args:
        young: nonces of the generation that fills now.
        old: of the one before it.
        turn: seconds since the epoch when the younger generation began; -inf for never.
        longest: seconds that a nonce is remembered at least.
        arrival: theoretical arrival times of rates.
        spent: of totals.
        factor: of graded responses.
        until: seconds since the epoch when one ends that does.
    """

    young: list[str]
    old: list[str]
    turn: float | None
    longest: float
    arrival: dict[str, float]
    spent: dict[str, float]
    factor: dict[str, float]
    until: dict[str, float] | None = None


class MemoryStore:
    """Claims of one process.

    Nonces lie in two generations, so that forgetting costs nothing: each is remembered at least as long as it asks.

    Args:
        nonces: that one generation may hold; a full store refuses.
        keys: rates and totals that are held; a full store drops rates that are full again, else refuses.
    """

    def __init__(self, *, nonces: int = 2_000_000, keys: int = 4_000_000) -> None:
        self._most_nonces = nonces
        self._most_keys = keys
        self._young: set[str] = set()
        self._old: set[str] = set()
        self._turn = -math.inf
        self._longest = 0.0
        self._tidied = -math.inf
        self._arrival: dict[str, float] = {}  # theoretical arrival time of each rate
        self._spent: dict[str, float] = {}
        self._factor: dict[str, float] = {}
        self._until: dict[str, float] = {}  # when a factor ends that does

    def spend(self, claims: Sequence[Claim], now: float) -> Spent:
        """Takes all claims, or none; see `Store`."""
        arrivals: dict[str, float] = {}
        totals: dict[str, float] = {}
        nonces: list[str] = []
        left: list[float] = []
        for claim in claims:
            if claim.kind == NONCE:
                if claim.key in nonces or self._known(claim, now):
                    return Spent(claim, math.inf, left)
                nonces.append(claim.key)
                left.append(0.0)
                continue
            factor = self._scaled(claim.scaled, now) if claim.scaled else 1.0
            if claim.kind == TOTAL:
                total = totals.get(claim.key, self._spent.get(claim.key, 0.0)) + claim.amount
                left.append(claim.limit * factor - total)
                if not total <= claim.limit * factor:
                    return Spent(claim, math.inf, left)
                totals[claim.key] = total
                continue
            if factor <= 0:
                left.append(-claim.amount)
                return Spent(claim, claim.period, left)
            interval = claim.period / factor
            tat = max(arrivals.get(claim.key, self._arrival.get(claim.key, now)), now) + claim.amount * interval
            early = tat - now - claim.limit * interval
            left.append(-early / interval)
            if not early <= _ROUNDING * max(1.0, interval):
                return Spent(claim, early if claim.amount <= claim.limit else math.inf, left)
            arrivals[claim.key] = tat
        self._room(now, len(nonces), arrivals, totals)
        self._arrival.update(arrivals)
        self._spent.update(totals)
        self._young.update(nonces)
        return Spent(None, 0.0, left)

    def _known(self, claim: Claim, now: float) -> bool:
        self._longest = max(self._longest, claim.period)
        if now - self._turn >= self._longest:
            self._old = self._young if now - self._turn < 2 * self._longest else set()
            self._young, self._turn = set(), now
        return claim.key in self._young or claim.key in self._old

    def _room(self, now: float, nonces: int, arrivals: dict[str, float], totals: dict[str, float]) -> None:
        """Refuses when full. Rates that are full again are as if they had never been; nothing else may be forgotten."""
        if len(self._young) + nonces > self._most_nonces:
            raise RefusedError(Refusal(Problem.UNREADY, "store", retry_after=1.0))
        if len(self._arrival) + len(self._spent) + len(arrivals) + len(totals) <= self._most_keys:
            return
        if now >= self._tidied + _TIDY_S:  # looking at all of them for each request would be a flood's friend
            self._tidied = now
            self._arrival = {key: tat for key, tat in self._arrival.items() if tat > now}
        new = sum(key not in self._arrival for key in arrivals) + sum(key not in self._spent for key in totals)
        if new and len(self._arrival) + len(self._spent) + new > self._most_keys:
            raise RefusedError(Refusal(Problem.UNREADY, "store", retry_after=1.0))

    def _scaled(self, key: str, now: float) -> float:
        factor = self._factor.get(key, 1.0)
        if factor < 1.0 and self._until.get(key, math.inf) <= now:
            del self._factor[key], self._until[key]
            return 1.0
        return factor

    def scale(self, key: str, factor: float, now: float = 0.0, lasts: float = math.inf) -> None:
        """Sets the factor of a graded response; 1 takes it back.

        Args:
            key: of the factor.
            factor: that limits are multiplied by; a stricter one that holds is not replaced by a milder one.
            now: seconds since the epoch.
            lasts: seconds after which it ends by itself.
        """
        if factor >= 1.0:
            self._factor.pop(key, None)
            self._until.pop(key, None)
        elif max(0.0, factor) <= self._scaled(key, now):
            self._factor[key] = max(0.0, factor)
            if math.isfinite(lasts):
                self._until[key] = now + lasts
            else:
                self._until.pop(key, None)

    def held(self, now: float) -> Held:
        """A copy of everything that a restart may not forget; rates that are full again are left out.

        Args:
            now: seconds since the epoch.
        """
        turn = None if math.isinf(self._turn) else self._turn
        rates = list(self._arrival.items())  # at once, as another thread may be spending
        arrival = {key: tat for key, tat in rates if tat > now}
        young, old = list(self._young), list(self._old)
        factor, until = dict(self._factor), dict(self._until)
        return Held(young, old, turn, self._longest, arrival, dict(self._spent), factor, until)

    def restore(self, held: Held, now: float) -> None:
        """Takes what another process held.

        Args:
            held: by it.
            now: seconds since the epoch.

        Raises:
            ValueError: it is more than this store may hold, or no such numbers.
        """
        if max(len(held.young), len(held.old)) > self._most_nonces:
            raise ValueError("there are more nonces than may be held")
        if len(held.arrival) + len(held.spent) > self._most_keys:
            raise ValueError("there are more rates and totals than may be held")
        numbers = (
            held.longest,
            *held.arrival.values(),
            *held.spent.values(),
            *held.factor.values(),
            *(held.until or {}).values(),
        )
        if not all(math.isfinite(number) for number in numbers) or min(numbers) < 0:
            raise ValueError("a number is negative or not finite")
        self._young, self._old = set(held.young), set(held.old)
        self._turn = -math.inf if held.turn is None else min(held.turn, now)  # a clock that went back forgets nothing
        self._longest = held.longest
        self._arrival, self._spent = dict(held.arrival), dict(held.spent)
        self._factor, self._until = dict(held.factor), dict(held.until or {})

    @property
    def sizes(self) -> dict[str, int]:
        """How many nonces, rates, totals and factors are held."""
        return {
            "nonces": len(self._young) + len(self._old),
            "rates": len(self._arrival),
            "totals": len(self._spent),
            "factors": len(self._factor),
        }
