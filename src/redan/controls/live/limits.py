"""Whose limit it is: two clients at one address, of whom one has spent all that it may ask."""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from redan.attacks.protocol import request
from redan.controls.live.asking import Asker, Said
from redan.controls.live.reached import Client, Reached
from redan.probes import Tried, checks
from redan.terms import Outcome

_OK, _LIMITED = 200, 429
_TRIES = "as many questions as one client may ask, and then half as many of another client at the same address"
_REMEDY = "Let limits follow the authenticated principal, never the address."
_WIDE = 64
_WAIT_S = 2.0  # a refill that takes longer is not waited for
_TURNS = 8


class Spent(NamedTuple):
    """What two clients were told, one after the other.

    Args:
        answers: of the first client before it was refused.
        last: status that the first client ended with.
        others: answers of the other client after that.
        after: status that the other client ended with.
    """

    answers: int
    last: int
    others: int = 0
    after: int = 0


def neighbour(there: Reached, spender: Client, other: Client, most: int) -> Tried:
    """Spends the limits of one client; another one at the same address must be answered.

    Args:
        there: the endpoint.
        spender: whose limits are spent.
        other: who is asked for afterwards, and once before, so that its refusal tells something.
        most: questions until it is given up.
    """
    first, second = Asker(there, spender), Asker(there, other)
    path = f"/v2/models/{there.model}/infer"
    try:
        body = request(zeros(there, first), first.named)
        known = _known(lambda: second.send("POST", path, body))
        if known != _OK:
            seen = f"the other client was refused with {known} before anything was spent"
            return _tried(Outcome.NOT_RUN, seen)
        found = spent(
            lambda: first.send("POST", path, body).status,
            lambda: second.send("POST", path, body).status,
            most,
            now=time.monotonic,
            wait=time.sleep,
        )
    finally:
        first.close()
        second.close()
    return judged(found)


def _known(ask: Callable[[], Said]) -> int:
    """Status of one question, after limits that earlier questions spent had time to refill."""
    said = ask()
    for _ in range(_TURNS):
        if said.status != _LIMITED or said.after is None or said.after > _WAIT_S:
            break
        time.sleep(said.after)
        said = ask()
    return said.status


def spent(
    first: Callable[[], int],
    second: Callable[[], int],
    most: int,
    *,
    now: Callable[[], float],
    wait: Callable[[float], None],
) -> Spent:
    """The first client asks until it is refused; then the other one half as often, and no faster.

    One answer would tell little: a limit that both share may have refilled by a question meanwhile. At the pace that
    emptied it, a shared limit refuses long before half of the first client's answers; a limit of one's own does not.

    Args:
        first: asks as the client whose limits are spent, and returns the status.
        second: the same as the other client.
        most: questions of the first client until it is given up.
        now: seconds of a clock that does not go back.
        wait: sleeps for seconds.
    """
    answers, last, since = 0, 0, now()
    while answers < most and (last := first()) == _OK:
        answers += 1
    if last != _LIMITED:
        return Spent(answers, last)
    begun = now()
    pace, others, after = (begun - since) / (answers + 1), 0, 0
    for turn in range(max(1, answers // 2)):
        wait(max(0.0, begun + turn * pace - now()))
        after = second()
        if after != _OK:
            break
        others += 1
    return Spent(answers, last, others, after)


def judged(found: Spent) -> Tried:
    """What two clients saw, as the answer to whose limit it is."""
    if found.last == _OK:
        return _tried(Outcome.NOT_RUN, "the first client was never refused, so nothing tells whose limit it is")
    if found.last != _LIMITED:
        return _tried(Outcome.NOT_RUN, f"the first client was refused with {found.last}")
    seen = f"the first client was refused after {found.answers} answers, the other client"
    if found.after == _OK:
        return _tried(Outcome.HOLDS, f"{seen} was answered {found.others} times")
    return _tried(Outcome.BROKEN, f"{seen} was refused with {found.after} after {found.others}, too")


def _tried(outcome: Outcome, seen: str) -> Tried:
    return Tried("neighbour", "R26", outcome, seen, _TRIES, (checks.BUDGETS,), _REMEDY)


def stranger(there: Reached, who: Client) -> Tried:
    """Asks as a client who is known and may ask another model."""
    asker = Asker(there, who)
    try:
        status = asker.send("POST", f"/v2/models/{there.model}/infer", b'{"inputs": []}').status
        told = asker.send("GET", f"/v2/models/{there.model}").status
    finally:
        asker.close()
    passed = _OK in {status, told} or status == 400  # noqa: PLR2004 -- the question was read
    return Tried(
        "client-of-another-model",
        "R3",
        Outcome.BROKEN if passed else Outcome.HOLDS,
        f"refused with {status}" if not passed else "it was let in",
        "a question of a client who is known and may ask another model",
        (checks.PER_MODEL,),
        "Name for each client the models that it may ask.",
    )


def zeros(there: Reached, asker: Asker) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """One row of zeros, as the model takes them."""
    return np.zeros((1, width(there, asker)), dtype=np.float32)


def width(there: Reached, asker: Asker) -> int:
    """Columns that the model takes, as its metadata says; one where it says nothing."""
    import json

    said = asker.send("GET", f"/v2/models/{there.model}")
    try:
        shape = json.loads(said.body)["inputs"][0]["shape"]
        found = int(shape[-1])
    except (ValueError, TypeError, LookupError):
        return 1
    return found if 0 < found < 1 << 20 else _WIDE
