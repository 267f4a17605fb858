"""Whose limit it is: two clients at one address, of whom one has spent all that it may ask."""

import numpy as np

from redan.attacks.protocol import request
from redan.controls.live.asking import Asker, Said
from redan.controls.live.reached import Client, Reached
from redan.probes import Tried, checks
from redan.terms import Outcome

_OK, _LIMITED = 200, 429
_TRIES = "as many questions as one client may ask, and then one of another client at the same address"
_REMEDY = "Let limits follow the authenticated principal, never the address."
_WIDE = 64


def neighbour(there: Reached, spender: Client, other: Client, most: int) -> Tried:
    """Spends the limits of one client; another one at the same address must be answered.

    Args:
        there: the endpoint.
        spender: whose limits are spent.
        other: who is asked for afterwards.
        most: questions until it is given up.
    """
    first, second = Asker(there, spender), Asker(there, other)
    try:
        body = request(zeros(there, first), first.named)
        last = Said(0, b"")
        for _ in range(most):
            last = first.send("POST", f"/v2/models/{there.model}/infer", body)
            if last.status != _OK:
                break
        after = second.send("POST", f"/v2/models/{there.model}/infer", body)
    finally:
        first.close()
        second.close()
    return _tried(last.status, after.status)


def _tried(last: int, after: int) -> Tried:
    if last == _OK:
        outcome, seen = (
            Outcome.NOT_RUN,
            "the first client was never refused, so nothing tells whose limit it is",
        )
    elif last != _LIMITED:
        outcome, seen = Outcome.NOT_RUN, f"the first client was refused with {last}"
    elif after == _OK:
        outcome, seen = Outcome.HOLDS, "the other client was answered"
    else:
        outcome, seen = Outcome.BROKEN, f"the other client was refused with {after}, too"
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
