"""Who asks most, and what is left to them: the most active clients alone, in bounded memory.

While requests are answered, only a count goes up and the store's last word is kept; what follows from it is reckoned
when somebody looks. Names leave this module as pseudonyms of the ledger alone.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from redan.exchange.flow import Claim, Flow, Spent
from redan.exchange.problem import Problem
from redan.gateway.steps import Decided

_MOST: Final = 1024
NEAR: Final = 0.1  # of a budget: a client with less is near its limit
EVERYONE: Final = "everyone"
BUDGETS: Final = MappingProxyType(
    {
        "rate": "requests",
        "endpoint": "requests of the endpoint",
        "rows": "rows a day",
        "queries": "rows in all",
        "leak": "leak",
        "endpoint-leak": "leak of the endpoint",
    }
)


class Budget(NamedTuple):
    """What is left of one budget.

    Args:
        name: in words.
        share: that is left, in [0, 1].
        left: units.
        pooled: whether it is everyone's together.
    """

    name: str
    share: float
    left: float
    pooled: bool


class Consumer(NamedTuple):
    """A client of a model, as operators see it.

    Args:
        pseudonym: as in the ledger.
        model: name.
        asked: requests, lately.
        refused: of them.
        budgets: its own.
    """

    pseudonym: str
    model: str
    asked: int
    refused: int
    budgets: tuple[Budget, ...]

    @property
    def least(self) -> Budget | None:
        """The budget that ends first."""
        return min(self.budgets, key=lambda one: one.share, default=None)


@dataclass(slots=True)
class _Seen:
    asked: int = 0
    refused: int = 0
    at: float = 0.0
    claims: list[Claim] = field(default_factory=list)
    spent: Spent | None = None

    def budgets(self, now: float) -> Iterator[Budget]:
        """What is left now: rates have refilled since."""
        spent = self.spent
        if spent is None:
            return
        for claim, left in zip(self.claims, spent.left, strict=False):
            name = BUDGETS.get(claim.key.partition("/")[0])
            if name is None or not 0 < claim.limit < float("inf"):
                continue
            held = left if spent.denied is None else left + claim.amount
            if claim.period:
                held += max(0.0, now - self.at) / claim.period
            held = min(max(0.0, held), claim.limit)
            yield Budget(name, held / claim.limit, held, "/*/" in claim.key)


@dataclass(slots=True)
class Traffic:
    """The most active clients, and counts of rows.

    Args:
        pseudonym: of a principal.
        most: clients that are looked at; beyond it the half that asks least is forgotten, and counts are halved.
        rows: answered, by model.
        abstained: of them, without a say of the model.
    """

    pseudonym: Callable[[str], str]
    most: int = _MOST
    rows: Counter[str] = field(default_factory=Counter)
    abstained: Counter[str] = field(default_factory=Counter)
    _seen: dict[tuple[str, str], _Seen] = field(default_factory=dict)

    def decided(self, one: Decided, event: str = "") -> None:  # noqa: ARG002 -- as every watcher is told
        """Takes a decision in."""
        flow, refused = one
        if refused is None:
            self._rows(flow)
        identity = flow.identity
        if identity is None or (refused is not None and refused.problem is Problem.UNKNOWN):
            return  # invented names of models would fill the table
        key = identity.principal, flow.model
        held = self._seen.get(key)
        if held is None:
            held = self._new(key)
        held.asked += 1
        if refused is not None:
            held.refused += 1
        if flow.spent is not None:
            held.claims, held.spent, held.at = flow.claims, flow.spent, flow.request.now

    def _rows(self, flow: Flow) -> None:
        if flow.inference is None:
            return
        self.rows[flow.model] += flow.inference.rows
        if flow.notes:
            abstained = flow.notes.get("abstained", 0)
            if isinstance(abstained, int) and abstained:
                self.abstained[flow.model] += abstained

    def _new(self, key: tuple[str, str]) -> _Seen:
        if len(self._seen) >= self.most:
            kept = sorted(self._seen.items(), key=lambda item: item[1].asked, reverse=True)[: self.most // 2]
            for _, one in kept:
                one.asked, one.refused = (one.asked + 1) // 2, one.refused // 2
            self._seen = dict(kept)
        found = self._seen[key] = _Seen()
        return found

    @property
    def clients(self) -> int:
        """How many are looked at, each once for each model it asks."""
        return len(self._seen)

    def top(self, count: int, now: float) -> list[Consumer]:
        """Who asks most, the first first.

        Args:
            count: at most so many.
            now: seconds since the epoch.
        """
        found = sorted(self._seen.items(), key=lambda item: item[1].asked, reverse=True)[:count]
        return [
            Consumer(
                self.pseudonym(principal),
                model,
                one.asked,
                one.refused,
                tuple(budget for budget in one.budgets(now) if not budget.pooled),
            )
            for (principal, model), one in found
        ]

    def least(self, now: float) -> dict[tuple[str, ...], float]:
        """The least share that is left to any client, by budget and model; what is everyone's has its own name."""
        found: dict[tuple[str, ...], float] = {}
        for (_, model), one in self._seen.items():
            for budget in one.budgets(now):
                key = (f"{budget.name}, {EVERYONE}" if budget.pooled else budget.name), model
                found[key] = min(found.get(key, 1.0), budget.share)
        return found

    def near(self, now: float) -> Counter[str]:
        """Clients that have less than a tenth of a budget left, by budget."""
        found: Counter[str] = Counter()
        for one in self._seen.values():
            found.update({budget.name for budget in one.budgets(now) if budget.share < NEAR and not budget.pooled})
        return found
