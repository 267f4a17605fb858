"""The plan, carried out at an endpoint: a good request first, then each probe with a good request after it."""

import ssl
import time
from collections.abc import Callable, Collection
from typing import Final, NamedTuple

import numpy as np

from redan.probes import craft as crafts
from redan.probes.contract import Came, Shot, Verdict
from redan.probes.craft import Craft, whole
from redan.probes.judge import answered, unclear, wait_of
from redan.probes.message import Message
from redan.probes.plan import chosen
from redan.probes.rig import Probe, Rig
from redan.probes.target import Place, Target
from redan.probes.tried import Probed, Progress, Tried
from redan.probes.wire import Line, SpentError
from redan.terms import Outcome

_AGAIN: Final = frozenset({429, 503})
_TRIES: Final = 4
_PAUSE_S: Final = 0.5
_UNREACHED: Final = "no good request was answered before, so a refusal would tell nothing: "
_TLS: Final = frozenset({"old-encryption", "certificate", "further-ports"})  # they need no answer to a question


class Stand(NamedTuple):
    """How things stand with the endpoint.

    Args:
        rig: what probes work with.
        silent: why nothing can be told; the empty string where a good request is answered.
        signs: whether a signed request is answered, too.
    """

    rig: Rig
    silent: str
    signs: bool


def probe(
    target: Target,
    *,
    rng: np.random.Generator,
    clock: Callable[[], float] = time.time,
    only: Collection[str] = (),
    progress: Progress | None = None,
) -> Probed:
    """Tries at an endpoint what must be refused.

    Args:
        target: the endpoint, and who asks.
        rng: draws names, keys and values that are made up.
        clock: seconds since the epoch, as signatures are dated.
        only: names, incidents, controls or checks that are tried; all when empty.
        progress: told how many were tried, of how many, and the name of the next.

    Returns:
        What came of each; all `not-run` where a good request is not answered.

    Raises:
        InputError: the address is none of HTTP.
        UsageError: what is to be tried does not exist.
    """
    plan, place, begun = chosen(only), target.place, time.monotonic()
    stand = _baseline(target, place, rng, clock)
    stand.rig.line.until = begun + target.bounds.seconds
    found: list[Tried] = []
    for number, one in enumerate(plan):
        if progress is not None:
            progress(number, len(plan), one.name)
        try:
            verdict, stand = _tried(one, stand)
        except SpentError:
            verdict = unclear("the time was spent before it was done")
        found.append(Tried(one.name, one.incident, verdict.outcome, verdict.seen, one.tries, one.checks, one.remedy))
    return Probed(tuple(found), stand.rig.line.cost._replace(seconds=time.monotonic() - begun))


def _tried(one: Probe, stand: Stand) -> tuple[Verdict, Stand]:
    """The verdict, and how things stand after it."""
    if one.name not in _TLS:
        if stand.silent:
            return unclear(_UNREACHED + stand.silent), stand
        if one.signed and not stand.signs:
            return unclear("a signed request is not answered; give the client's signing key"), stand
    verdict = one.act(stand.rig)
    for _ in range(_TRIES):
        if verdict.wait is None or verdict.outcome is not Outcome.NOT_RUN:
            break
        time.sleep(verdict.wait)
        verdict = one.act(stand.rig)
    if one.costly or one.name in _TLS:
        return verdict, stand
    return _controlled(verdict, one, stand)


def _controlled(verdict: Verdict, one: Probe, stand: Stand) -> tuple[Verdict, Stand]:
    """A refusal counts where the same client is answered right after it, and the server is still there."""
    came = _good(stand.rig, stand.rig.craft.signed() if one.signed else None)
    if answered(came):
        return verdict, stand
    why = _why(came)
    gone = not came.replies or came.status >= 500  # noqa: PLR2004 -- a fault
    if verdict.outcome is not Outcome.HOLDS:
        return verdict, stand._replace(silent=f"after '{one.name}' {why}")
    if gone:
        seen = f"it was refused, and right after it a good request was not answered any more ({why})"
        return Verdict(Outcome.BROKEN, seen), stand._replace(silent=f"after '{one.name}' {why}")
    return unclear(f"right after it a good request was not answered either ({why})"), stand


def _baseline(target: Target, place: Place, rng: np.random.Generator, clock: Callable[[], float]) -> Stand:
    line = _line(target, place)
    bare = Craft(target, place, rng, clock, (), b"{}", crafts.invented())
    told = _unhurried(line, Shot((bare.get(place.of(target.model)).raw(),), (b"GET",)))
    body = target.question
    ports = (
        crafts.ports_of(body) if body is not None else crafts.ports_of(told.replies[0].body if told.replies else b"")
    )
    if not ports:
        why = "the given question is none of the protocol" if body is not None else _untold(told)
        return Stand(Rig(bare, line), why, signs=False)
    asking = Craft(
        target, place, rng, clock, ports, crafts.question_for(ports) if body is None else body, bare.invented
    )
    rig = Rig(asking, line)
    came = _good(rig)
    if not answered(came):
        return Stand(rig, f"{_why(came)}; give credentials, or a question that is answered (--request)", signs=False)
    signs = target.mine.key is not None or answered(_good(rig, asking.signed()))
    return Stand(rig, "", signs)


def _unhurried(line: Line, shot: Shot) -> Came:
    """What came; asked again where what was asked before still counts against the sender."""
    came = line.send(shot)
    for _ in range(_TRIES):
        if came.status not in _AGAIN:
            break
        time.sleep(_PAUSE_S)
        came = line.send(shot)
    return came


def _untold(told: Came) -> str:
    if not told.reached:
        return "there is no connection, or its certificate is not trusted"
    status = f"({told.status})" if told.replies else "(no answer)"
    return f"the model's metadata is not told {status}; give a question that is answered (--request)"


def _good(rig: Rig, made: Message | None = None) -> Came:
    """What comes back to a good request; where the endpoint is short of answers, after a while."""
    sent = made
    for turn in range(_TRIES):
        came = rig.line.send(whole(sent or rig.craft.ask())[0])
        if answered(came) or (came.replies and came.status not in _AGAIN):
            return came
        sent = None if made is None else rig.craft.signed()
        if turn + 1 < _TRIES:
            time.sleep(wait_of(came.replies[0]) if came.replies else 0.5)
    return came


def _why(came: Came) -> str:
    if not came.reached:
        return "there is no connection"
    if not came.replies:
        return "nothing came back"
    return f"a good request came back with {came.status}" + ("" if came.status >= 300 else " and no outputs")  # noqa: PLR2004


def _line(target: Target, place: Place) -> Line:
    if not place.secure:
        return Line(place, target.bounds)
    tls = target.tls or ssl.create_default_context()
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.check_hostname = tls.check_hostname
    bare.verify_mode = tls.verify_mode
    if tls.verify_mode is not ssl.CERT_NONE:
        bare.load_verify_locations(
            cadata=b"".join(tls.get_ca_certs(binary_form=True)) or None
        ) if tls.get_ca_certs() else bare.load_default_certs()
    return Line(place, target.bounds, tls, bare)
