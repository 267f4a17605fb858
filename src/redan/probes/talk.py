"""What answers and refusals tell: the inside of the server, its software, scores finer than promised.

Source: research notes, R15 (error texts); A-MLSG-004-D007, AIPS-ORA-01 and AIPS-TRA-06.
"""

import json
import math
from typing import Any, Final

import numpy as np

from redan.exchange.message_signature import JSON_LENGTH
from redan.probes import checks, leaks
from redan.probes.contract import Came, Verdict
from redan.probes.craft import whole
from redan.probes.judge import answered, beside, broken, holds, unclear
from redan.probes.reply import Reply
from redan.probes.rig import Probe, Rig

_ORIGIN: Final = b"https://redan-none.invalid"
_IDS: Final = (b"x-request-id", b"x-correlation-id", b"traceparent", b"x-amzn-trace-id", b"request-id")
_NEAR: Final = 2e-6
_REFUSED: Final = 400
_FLOATS: Final = {"FP64": "<f8", "FP32": "<f4", "FP16": "<f2"}
_OPAQUE: Final = "Answer refusals with one fixed text and an opaque identifier; keep the details for the log."
_SILENT: Final = "Take the version of the software out of all answers."


def verbose(rig: Rig) -> Verdict:
    """What all refusals of this probe tell of the inside of the server."""
    craft = rig.craft
    odd = (b"{", b"[]", craft.question(data=["x"]), craft.question(shape=["x"]), craft.question(datatype="FP3"))
    for shot in whole(*(craft.ask(body) for body in odd), craft.get(f"{craft.place.prefix}/v2/models/{craft.name()}")):
        rig.line.send(shot)
    return told(rig.line.heard)


def told(replies: list[Reply]) -> Verdict:
    """Judges refusals by what they tell.

    Args:
        replies: all that were heard; answers among them are passed over.
    """
    refusals = [reply for reply in replies if reply.status >= _REFUSED]
    if not refusals:
        return unclear("nothing was refused")
    found = sorted({what for reply in refusals for what in leaks.signs(reply)})
    return broken(f"refusals tell {', '.join(found)}") if found else holds("refusals tell nothing of the inside")


def named(rig: Rig) -> Verdict:
    """Fields that tell which software answers, and in which version."""
    rig.line.send(whole(rig.craft.ask())[0])
    rig.line.send(whole(rig.craft.get(f"{rig.craft.place.prefix}/v2"))[0])
    found = leaks.versions(rig.line.heard)
    return broken(f"its version is told by {', '.join(found)}") if found else holds("no version is told")


def shared(rig: Rig) -> Verdict:
    """Whether a page of anybody may read answers in a browser."""
    craft = rig.craft
    fields = (
        (b"origin", _ORIGIN),
        (b"access-control-request-method", b"POST"),
        (b"access-control-request-headers", b"authorization"),
    )
    made = (
        craft.plain("OPTIONS", craft.path, fields=fields),
        craft.ask(fields=((b"origin", _ORIGIN),)),
        craft.ask(fields=((b"origin", b"null"),)),
    )
    return open_to_pages(tuple(rig.line.send(shot) for shot in whole(*made)))


def open_to_pages(came: tuple[Came, ...]) -> Verdict:
    """Judges whether an origin that nobody agreed on is let in.

    Args:
        came: what came back to questions with such an origin.
    """
    if not any(one.replies for one in came):
        return unclear("nothing came back")
    said = {reply.field(b"access-control-allow-origin") for one in came for reply in one.replies}
    return (
        broken("pages of any origin may read the answers")
        if said & {b"*", _ORIGIN, b"null"}
        else holds("no foreign page is let in")
    )


def traced(rig: Rig) -> Verdict:
    """Whether a refusal carries an identifier by which the operator finds it; the log is not seen from outside."""
    craft = rig.craft
    return identified([rig.line.send(shot) for shot in whole(*(craft.ask(b"{") for _ in range(2)))])


def identified(came: list[Came]) -> Verdict:
    """Judges two refusals of the same question.

    Args:
        came: what came back to each.
    """
    found = [identifier(one.replies[0]) for one in came if one.replies]
    if len(found) < 2 or not all(found):  # noqa: PLR2004 -- two, to be compared
        return unclear("refusals carry no identifier; look at the log itself")
    if found[0] == found[1]:
        return broken("two refusals carry one identifier, so neither is found by it")
    return holds("each refusal carries an identifier of its own")


def identifier(reply: Reply) -> bytes:
    """The opaque identifier of a refusal; empty where there is none."""
    for name in _IDS:
        if reply.field(name):
            return reply.field(name)
    try:
        said = json.loads(reply.body)
    except (ValueError, RecursionError):
        return b""
    found = (
        next((said[key] for key in ("instance", "request_id", "trace_id", "event") if key in said), "")
        if isinstance(said, dict)
        else ""
    )
    return str(found)[:200].encode()


def precise(rig: Rig) -> Verdict:
    """Scores as JSON and as bytes, beside what is promised."""
    craft, places = rig.craft, rig.craft.target.declared.decimals
    if places is None:
        return beside("no coarser scores are promised than the model gives")
    made = (craft.ask(), craft.ask(craft.question(parameters={"binary_data_output": True})))
    came = [one for one in (rig.line.send(shot) for shot in whole(*made)) if answered(one)]
    if not came:
        return unclear("the question was not answered")
    return coarse([value for one in came for value in scores(one.replies[0])], places)


def coarse(values: list[float], places: int) -> Verdict:
    """Judges scores.

    Args:
        values: of all outputs that are no whole numbers by their type.
        places: that they may have.
    """
    fine = sum(abs(value - round(value, places)) > _NEAR * max(1.0, abs(value)) for value in values)
    if fine:
        return broken(f"{fine} of {len(values)} scores have more than {places} decimal places")
    return holds(f"no score has more than {places} decimal places")


def scores(reply: Reply) -> list[float]:
    """Finite numbers of an answer's outputs of floating point, from JSON and from the bytes behind it.

    Args:
        reply: an answer; what is not of the protocol gives nothing.
    """
    length = reply.field(JSON_LENGTH)
    head = int(length) if length.isdigit() and len(length) <= 12 else len(reply.body)  # noqa: PLR2004
    try:
        said = json.loads(reply.body[:head])
        return [value for value in _scores(said["outputs"], reply.body[head:]) if math.isfinite(value)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def _scores(outputs: Any, tail: bytes) -> list[float]:  # noqa: ANN401 -- JSON of a stranger
    found: list[float] = []
    at = 0
    for one in outputs:
        dtype = _FLOATS.get(one["datatype"])
        size = (one.get("parameters") or {}).get("binary_data_size")
        if isinstance(size, int) and "data" not in one:
            part, at = tail[at : at + max(0, size)], at + max(0, size)
            if dtype is not None and len(part) % np.dtype(dtype).itemsize == 0:
                found += np.frombuffer(part, dtype).astype(float).tolist()
        elif dtype is not None:
            found += np.asarray(one["data"], dtype=float).ravel().tolist()
    return found


PROBES: Final = (
    Probe(
        "foreign-pages",
        "",
        (checks.DIAGNOSTICS,),
        "questions from pages of another origin",
        "Name no origin in Access-Control-Allow-Origin, or the one that is agreed on.",
        shared,
    ),
    Probe(
        "fine-scores",
        "",
        (checks.COPIES,),
        "a question for scores finer than promised",
        "Round scores, or give labels alone, in every form of answer.",
        precise,
    ),
    Probe(
        "identified-refusals",
        "",
        (checks.EVENTS,),
        "two refused questions, for the identifier of their events",
        "Write each refusal into the log, and answer with the opaque identifier of its entry.",
        traced,
    ),
)
LAST: Final = (
    Probe("verbose-errors", "R15", (checks.DIAGNOSTICS,), "wrong questions, for what refusals tell", _OPAQUE, verbose),
    Probe("versions-told", "R15", (checks.DIAGNOSTICS,), "questions, for which software answers", _SILENT, named),
)
