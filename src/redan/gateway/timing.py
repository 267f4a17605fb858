"""How long each guard takes, of a sample of the questions: the others pass guards that nobody times.

The sample is drawn and not every hundredth, so that a client with a rhythm is neither always nor never in it.
"""

import dataclasses
from dataclasses import dataclass
from time import perf_counter

from redan.exchange.flow import Flow
from redan.exchange.message import Response
from redan.exchange.problem import Refusal
from redan.gateway.metrics import Histogram, Metrics
from redan.gateway.steps import Pipeline
from redan.guards.contract import Finish, Inbound, Outbound


def timed(pipeline: Pipeline, metrics: Metrics) -> Pipeline:
    """The same guards, each under a watch.

    Args:
        pipeline: guards.
        metrics: that take the seconds.
    """
    return dataclasses.replace(
        pipeline,
        inbound=tuple(_In(one, metrics.guard(one.name)) for one in pipeline.inbound),
        checked=tuple(_In(one, metrics.guard(one.name)) for one in pipeline.checked),
        outbound=tuple(_Out(one, metrics.guard(one.name)) for one in pipeline.outbound),
        finish=tuple(_Last(one, metrics.guard(one.name)) for one in pipeline.finish),
    )


@dataclass(frozen=True, slots=True)
class _In:
    inside: Inbound
    seconds: Histogram

    @property
    def name(self) -> str:
        return self.inside.name

    def inbound(self, flow: Flow) -> Refusal | None:
        began = perf_counter()
        try:
            return self.inside.inbound(flow)
        finally:
            self.seconds.add(perf_counter() - began)


@dataclass(frozen=True, slots=True)
class _Out:
    inside: Outbound
    seconds: Histogram

    @property
    def name(self) -> str:
        return self.inside.name

    def outbound(self, flow: Flow) -> Refusal | None:
        began = perf_counter()
        try:
            return self.inside.outbound(flow)
        finally:
            self.seconds.add(perf_counter() - began)


@dataclass(frozen=True, slots=True)
class _Last:
    inside: Finish
    seconds: Histogram

    @property
    def name(self) -> str:
        return self.inside.name

    def finish(self, flow: Flow, response: Response) -> Response:
        began = perf_counter()
        try:
            return self.inside.finish(flow, response)
        finally:
            self.seconds.add(perf_counter() - began)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts the bytes of what goes out.

    Args:
        given: takes them.
    """

    given: Histogram
    name: str = "sizes"

    def finish(self, flow: Flow, response: Response) -> Response:
        """The response as it is."""
        del flow
        self.given.add(len(response.body))
        return response
