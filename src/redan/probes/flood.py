"""Limits: that there is one, that it follows the client and not what it says of itself, and that a budget ends.

Source: A-MLSG-004-D007; research notes, R26 (a limiter keyed by a header); AIPS-ORA-01.
"""

import functools
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from redan.probes import checks
from redan.probes.contract import Came, Verdict
from redan.probes.craft import Craft
from redan.probes.judge import answered, beside, broken, holds, unclear, wait_of
from redan.probes.message import Message
from redan.probes.rig import Probe, Rig
from redan.probes.talking import Talk

_LIMITED: Final = 429
_SLACK: Final = 1.2
_SPARE: Final = 10
_PAIRS: Final = 16
_NEARLY: Final = 0.75
_HARDLY: Final = 0.4
_BATCH: Final = 1000
_WAITS: Final = 5
_LIMIT: Final = "Give each client a rate and a burst, and refuse with 429 what goes beyond."
_KEYED: Final = (
    "Let limits follow the authenticated principal alone, never an address or a header that a client writes."
)
_BUDGET: Final = "Give each client a budget of rows, counted over days and not refilled by waiting a little."


class Flooded(NamedTuple):
    """What came of very many questions.

    Args:
        answered: how many were.
        refused: whether one was refused as too many.
        seconds: that they took.
        odd: status of one that was neither; 0 where there is none.
    """

    answered: int
    refused: bool
    seconds: float
    odd: int = 0


def rate(rig: Rig) -> Verdict:
    """As many questions as may be sent, until one is refused as too many."""
    found = flooded(rig)
    declared = rig.craft.target.declared
    allowed = (
        None
        if declared.burst is None and declared.rate is None
        else (declared.burst or 1.0) + (declared.rate or 0.0) * found.seconds
    )
    return limited(found, allowed)


def limited(found: Flooded, allowed: float | None) -> Verdict:
    """Judges a flood.

    Args:
        found: what came of it.
        allowed: questions that the declared rate and burst let through in that time; None where none is declared.
    """
    if found.odd and not found.refused:
        return unclear(f"after a while an answer was neither given nor refused as too many ({found.odd})")
    over = allowed is not None and found.answered > _SLACK * allowed + _SPARE
    if over:
        return broken("more questions were answered than the declared rate lets through")
    if found.refused:
        return holds("questions were refused as too many")
    if allowed is not None:
        return unclear("the declared rate is higher than the questions that may be sent; raise --flood")
    return broken(f"{found.answered} questions in a row were all answered; no limit was met")


def flooded(rig: Rig) -> Flooded:
    """Asks until a refusal, or as often as the bounds allow."""
    begun, count = time.monotonic(), 0
    with Talk(rig.line) as talk:
        for _ in range(rig.craft.target.bounds.flood):
            came = talk.ask(rig.craft.ask())
            if came.status == _LIMITED:
                return Flooded(count, refused=True, seconds=time.monotonic() - begun)
            if not answered(came):
                return Flooded(count, refused=False, seconds=time.monotonic() - begun, odd=came.status)
            count += 1
    return Flooded(count, refused=False, seconds=time.monotonic() - begun)


def spoofed(rig: Rig) -> Verdict:
    """Beyond the limit, questions that say they come from elsewhere, each beside one that says nothing."""
    first = flooded(rig)
    if not first.refused:
        return unclear("no limit was met, so nothing is told about what it follows")
    found = {}
    with Talk(rig.line) as talk:
        for name in (
            "x-forwarded-for",
            "x-real-ip",
            "forwarded",
            "x-client-id",
            "a scheme of the token in other letters",
        ):
            found[name] = paired(lambda: _plain(rig, talk), functools.partial(_disguised, rig, talk, name))
    return follows(found)


def paired(plain: Callable[[], Came], other: Callable[[int], Came]) -> list[tuple[Came, Came]]:
    """Pairs of questions, of which each is the first in turn.

    A limit that refills once in two questions would always answer the same one of a pair, whatever it follows.

    Args:
        plain: asks a question that says nothing of itself.
        other: asks one that does, the n-th.
    """
    found = []
    for n in range(_PAIRS):
        if n % 2:
            two, one = other(n), plain()
        else:
            one, two = plain(), other(n)
        found.append((one, two))
    return found


def follows(found: dict[str, list[tuple[Came, Came]]]) -> Verdict:
    """Judges pairs of questions beyond a limit.

    Args:
        found: by what the second of each pair says of itself: what came back to both.
    """
    led = []
    for name, pairs in found.items():
        plain = sum(answered(one) for one, _ in pairs) / len(pairs)
        other = sum(answered(two) for _, two in pairs) / len(pairs)
        if plain > _HARDLY and other > _HARDLY:
            return unclear(
                "the limit refills faster than questions can be sent, so nothing is told about what it follows"
            )
        if other >= _NEARLY and plain <= _HARDLY:
            led.append(name)
    return (
        broken(f"the limit was passed by {', '.join(led)}")
        if led
        else holds("nothing that a question says of itself passes the limit")
    )


def _plain(rig: Rig, talk: Talk) -> Came:
    return talk.ask(rig.craft.ask())


def _disguised(rig: Rig, talk: Talk, name: str, n: int) -> Came:
    craft = rig.craft
    address = f"198.51.{int(craft.rng.integers(256))}.{n + 1}"
    if " " in name:
        return talk.ask(_other_scheme(craft, n))
    value = f"for={address}" if name == "forwarded" else address
    return talk.ask(craft.ask(fields=((name.encode(), value.encode()),)))


def _other_scheme(craft: Craft, n: int) -> Message:
    """The same token under `bearer`, spelt differently each time: 64 spellings are one scheme."""
    made = craft.plain(token=craft.mine.token)
    if craft.mine.token is None:
        return made
    scheme = "".join(c.upper() if n + 1 >> i & 1 else c for i, c in enumerate("bearer"))
    spelt = made.with_field(b"authorization", f"{scheme} {craft.mine.token}".encode("latin-1", "replace"))
    return spelt if craft.mine.key is None else craft.sign(spelt)


def budget(rig: Rig) -> Verdict:
    """Questions of many rows, until the declared number of rows is spent; the client is without answers afterwards."""
    craft, rows = rig.craft, rig.craft.target.declared.rows
    if rows is None:
        return unclear(
            "it is not told how many rows a client may ask for; say rows in [declared], of a client made for this"
        )
    if rows > craft.target.bounds.rows:
        return unclear("more rows are declared than may be spent")
    size = max(1, min(_BATCH, rows // 8))
    spent = _spend(rig, size, rows)
    if spent is None:
        return unclear("a question of several rows is not answered")
    return (
        broken(f"more than the {rows} declared rows were answered")
        if spent > _SLACK * rows + size
        else holds("the budget ended")
    )


def _spend(rig: Rig, size: int, rows: int) -> int | None:
    """Rows that were answered when a refusal did not go away; None where none were."""
    spent = waits = 0
    until = time.monotonic() + rig.craft.target.bounds.seconds / 2
    with Talk(rig.line) as talk:
        while spent <= _SLACK * rows + size and time.monotonic() < until:
            came = talk.ask(rig.craft.ask(rig.craft.rows(size)))
            if answered(came):
                spent, waits = spent + size, 0
            elif came.status != _LIMITED:
                return spent or None
            elif waits >= _WAITS or not came.replies[0].field(b"retry-after") or wait_of(came.replies[0]) > _WAITS:
                return spent or (None if size > 1 else 0)
            else:
                waits += 1
                time.sleep(wait_of(came.replies[0]))
    return spent or None


def strangers(rig: Rig) -> Verdict:
    """Very many questions by nobody, and then one by the client: strangers must not spend what is the client's."""
    with Talk(rig.line) as talk:
        statuses = [
            talk.ask(rig.craft.plain(token=rig.craft.name())).status for _ in range(rig.craft.target.bounds.flood)
        ]
        came = talk.ask(rig.craft.ask())
    if any(200 <= status < 300 for status in statuses):  # noqa: PLR2004 -- answers
        return beside("strangers are answered, so there is nothing that they could spend")
    if answered(came):
        return holds("the client was answered after very many refused strangers")
    return broken(f"the client was refused with {came.status} after very many refused strangers")


PROBES: Final = (
    Probe(
        "strangers-spend",
        "R26",
        (checks.BUDGETS,),
        "very many questions with made-up credentials, then one of the client",
        _KEYED,
        strangers,
    ),
)
LAST: Final = (
    Probe("rate-limit", "R26", (checks.BUDGETS,), "very many questions in a row", _LIMIT, rate, costly=True),
    Probe(
        "spoofed-origin",
        "R26",
        (checks.BUDGETS,),
        "questions beyond the limit that say they come from elsewhere",
        _KEYED,
        spoofed,
        costly=True,
    ),
    Probe(
        "query-budget",
        "",
        (checks.BUDGETS, checks.COPIES),
        "as many rows as are declared, and more",
        _BUDGET,
        budget,
        costly=True,
    ),
)
