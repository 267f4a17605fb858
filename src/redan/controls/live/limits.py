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
_FAULT = 500


class Spent(NamedTuple):
    """What two clients were told, one after the other.

    Args:
        answers: of the first client before it was refused.
        last: status that the first client ended with.
        again: status that it ended with when it asked on, at the pace that it had; 0 where it did not.
        others: answers of the other client after that.
        after: status that the other client ended with; 0 where it was not asked.
    """

    answers: int
    last: int
    again: int = 0
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
    """The first client asks until it is refused, and asks on; then the other one asks half as often, and no faster.

    One answer of the other client would tell little: a limit that both share may have refilled by a question. What lies
    between two refusals of one limit at one pace differs by one question at most. So where the first client is refused
    again within a series of questions, one that is longer by a question is refused, too, unless the limit is another.

    Args:
        first: asks as the client whose limits are spent, and returns the status.
        second: the same as the other client.
        most: questions of the first client until it is given up.
        now: seconds of a clock that does not go back.
        wait: sleeps for seconds.
    """

    def series(ask: Callable[[], int], most: int, pace: float = 0.0) -> tuple[int, int]:
        begun, status = now(), 0
        for answers in range(most):
            wait(max(0.0, begun + answers * pace - now()))
            status = ask()
            if status != _OK:
                return answers, status
        return most, status

    begun = now()
    answers, last = series(first, most)
    if last != _LIMITED:
        return Spent(answers, last)
    pace, half = (now() - begun) / (answers + 1), (answers + 1) // 2
    _, again = series(first, half - 1, pace)
    if again != _LIMITED:
        return Spent(answers, last, again)
    return Spent(answers, last, again, *series(second, half, pace))


def judged(found: Spent) -> Tried:
    """What two clients saw, as the answer to whose limit it is.

    Args:
        found: what they were told.

    Returns:
        Nothing is told by a fault of the server, or by a limit that refills as fast as questions come.
    """
    if found.last == _OK:
        return _tried(Outcome.NOT_RUN, "the first client was never refused, so nothing tells whose limit it is")
    if found.last != _LIMITED:
        return _tried(Outcome.NOT_RUN, f"the first client was refused with {found.last}")
    seen = f"the first client was refused after {found.answers} answers"
    if found.again != _LIMITED:
        return _tried(Outcome.NOT_RUN, f"{seen} and not again soon, so nothing tells whose limit it is")
    if found.after == _OK:
        return _tried(Outcome.HOLDS, f"{seen}, the other client was answered {found.others} times")
    outcome = Outcome.NOT_RUN if found.after >= _FAULT else Outcome.BROKEN
    return _tried(outcome, f"{seen}, the other client was refused with {found.after} after {found.others}")


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
