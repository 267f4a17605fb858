"""What happens to one request, without any input or output: each need is yielded, and the host sends what it came to.

Source: design.md, "request -> guards -> model -> guards -> answer, every decision an event".
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from redan.exchange import encode
from redan.exchange.flow import Answer, Claim, Flow, Spent
from redan.exchange.message import Request, Response
from redan.exchange.message_signature import EVENT
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.exchange.tensors import Tensor
from redan.gateway.routes import Route
from redan.guards.contract import Finish, Inbound, Outbound


class Spend(NamedTuple):
    """The store is to decide; the host sends `Spent`, or throws `RefusedError`."""

    claims: list[Claim]
    now: float


class Ask(NamedTuple):
    """The model is to answer; the host sends tensors, or throws `RefusedError`."""

    flow: Flow


class Decided(NamedTuple):
    """What was decided, for the ledger, the metrics and the monitors; the host sends the identifier of the event.

    Args:
        flow: as it ended.
        refusal: None when it was answered.
    """

    flow: Flow
    refusal: Refusal | None


Need: TypeAlias = Spend | Ask | Decided
Steps: TypeAlias = Generator[Need, Any, Response]
_CLAIMED = {"nonce": Problem.REPLAYED, "rate": Problem.THROTTLED, "total": Problem.THROTTLED}


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The guards of a service, in order.

    Args:
        inbound: before anything is spent; the decoder of the question is one of them.
        checked: after it, such as the training envelope; they see the decoded question.
        outbound: after the model.
        known: for what is told besides answers, such as what a model takes: who asks, and whether it may.
        version: of a model in service, by its name.
        quiet: whether refusals keep their detail back.
        finish: over the bytes that go out, answers and refusals.
        labelling: for labels that come after an answer.
    """

    inbound: tuple[Inbound, ...]
    checked: tuple[Inbound, ...]
    outbound: tuple[Outbound, ...]
    version: Callable[[str], str]
    quiet: bool = True
    known: tuple[Inbound, ...] = ()
    finish: tuple[Finish, ...] = ()
    labelling: tuple[Inbound, ...] = ()


def infer(pipeline: Pipeline, request: Request, model: str, version: str) -> Steps:
    """One question, from the bytes to the answer.

    What is malformed after its sender is known still costs its rate, so that nobody tries formats for free.

    Args:
        pipeline: guards.
        request: whole.
        model: name from the path.
        version: from the path; the empty string for the one in service.
    """
    flow = Flow(request, model, version)
    refused = yield from _guarded(pipeline, flow)
    response, asked, given = None, flow.inference, flow.answer
    if refused is None and asked is not None and given is not None:
        try:
            response = encode.answer(model, flow.generation or pipeline.version(model), asked, given)
        except RefusedError as error:
            refused = error.refusal
    event = yield Decided(flow, refused)
    if response is None:
        response = encode.refusal(refused or Refusal(Problem.BROKEN, "steps"), event, quiet=pipeline.quiet)
    else:
        response = response._replace(headers=(*response.headers, (EVENT, event.encode())))
    for last in pipeline.finish:
        response = last.finish(flow, response)
    return response


def told(pipeline: Pipeline, request: Request, to: Route, tell: Callable[[Route, Flow], Response]) -> Steps:
    """A question about the service or a model, or labels of answers; only those may ask whom the guards know.

    Args:
        pipeline: guards.
        request: whole.
        to: where it goes.
        tell: the answer, asked when the guards let the request pass; raises `RefusedError` for what is not there.
    """
    flow = Flow(request, to.model, to.version)
    flow.notes["asked"] = to.kind
    answer, refused = None, _first(pipeline.labelling if to.kind == "feedback" else pipeline.known, flow)
    try:
        if flow.claims:
            flow.spent = spent = yield Spend(flow.claims, request.now)
            refused = _denied(spent) or refused
        if refused is None:
            answer = tell(to, flow)
    except RefusedError as error:
        refused = error.refusal
    event = yield Decided(flow, refused)
    if refused is not None or answer is None:
        answer = encode.refusal(refused or Refusal(Problem.BROKEN, "steps"), event, quiet=pipeline.quiet)
    for last in pipeline.finish:
        answer = last.finish(flow, answer)
    return answer


def _guarded(pipeline: Pipeline, flow: Flow) -> Generator[Need, Any, Refusal | None]:
    try:
        malformed = _first(pipeline.inbound, flow)
        if malformed is None and flow.version and flow.version != pipeline.version(flow.model):
            malformed = Refusal(Problem.UNKNOWN, "routes")
        if malformed is not None and not flow.claims:
            return malformed
        flow.spent = spent = yield Spend(flow.claims, flow.request.now)
        refused = _denied(spent) or malformed or _first(pipeline.checked, flow)
        if refused is not None:
            return refused
        outputs: tuple[Tensor, ...] = yield Ask(flow)
        if flow.version and flow.generation not in {"", flow.version}:
            return Refusal(Problem.UNKNOWN, "routes")  # exchanged while the store was asked
        flow.outputs = outputs
        flow.answer = Answer(outputs)
        for guard in pipeline.outbound:
            refused = guard.outbound(flow)
            if refused is not None:
                return refused
    except RefusedError as error:
        return error.refusal
    return None


def _first(guards: tuple[Inbound, ...], flow: Flow) -> Refusal | None:
    for guard in guards:
        try:
            refused = guard.inbound(flow)
        except RefusedError as error:
            return error.refusal
        if refused is not None:
            return refused
    return None


def _denied(spent: Spent) -> Refusal | None:
    if spent.denied is None:
        return None
    return Refusal(_CLAIMED[spent.denied.kind], spent.denied.kind, retry_after=_seconds(spent))


def _seconds(spent: Spent) -> float | None:
    return None if spent.denied is None or spent.retry_after == float("inf") else spent.retry_after
