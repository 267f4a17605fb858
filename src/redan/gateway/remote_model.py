"""A model behind another server of the protocol: the question is written anew, the answer read under the same bounds.

Nothing that the server says besides its outputs is passed on, its errors least of all.

Source: Open Inference Protocol, version 2, REST; CVE-2025-23319 (texts of errors told what helped an attack), R15.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from redan.exchange.decode import decode_ports, decode_reply
from redan.exchange.encode import question
from redan.exchange.flow import Flow
from redan.exchange.limits import Limits
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.exchange.tensors import Inference, Port, Tensor, Wanted
from redan.gateway.around import plain_behind
from redan.gateway.http_client import Client, Reply, UnansweredError
from redan.guards.own import Around

_GUARD = "model"
_OK = 200
_LOG = logging.getLogger("redan.gateway")


@dataclass(slots=True)
class RemoteModel:
    """One model of a server behind the gateway.

    Args:
        name: as the server calls it.
        client: of the server.
        limits: of answers.
        version: what it is called to clients.
        inputs: what it takes, as the server said at the start.
        outputs: what clients are given of it.
        given: what the server gives.
        platform: what runs it, as the server said.
        fault: why it cannot be asked; the empty string while all is well.
        fitted: the guards of its answers, made when the server has described it; raises `ConfigError` where what is
            declared cannot be kept for it.
        around: those guards; None before.
    """

    name: str
    client: Client
    limits: Limits
    version: str = "1"
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    given: tuple[Port, ...] = ()
    platform: str = ""
    fault: str = ""
    fitted: Callable[[tuple[Port, ...], tuple[Port, ...]], Around] = plain_behind
    around: Around | None = None

    @property
    def ports(self) -> tuple[tuple[Port, ...], tuple[Port, ...]] | None:
        """Inputs and outputs; None before the server described them."""
        return (self.inputs, self.outputs) if self.inputs else None

    async def describe(self) -> None:
        """Asks the server what the model takes and gives; a model that changed is not asked any more.

        Raises:
            RefusedError: the server did not say.
            ConfigError: what is declared of its answers cannot be kept.
        """
        reply = await self._asked(b"GET", f"/v2/models/{self.name}", b"")
        inputs, outputs, self.platform = decode_ports(reply.body, self.limits)
        if self.inputs and (inputs, outputs) != (self.inputs, self.given):
            self.fault = "it takes or gives something else than at the start"
            raise RefusedError(Refusal(Problem.UPSTREAM, _GUARD))
        if self.around is None:
            self.around = self.fitted(inputs, outputs)
        self.inputs, self.given, self.outputs, self.fault = inputs, outputs, self.around.outputs, ""

    async def ask(self, flow: Flow) -> tuple[Tensor, ...]:
        """The outputs that were asked for, or all; see `redan.gateway.upstream.Remote`."""
        asked = flow.inference
        if asked is None:
            raise RefusedError(Refusal(Problem.MALFORMED, _GUARD))
        if self.fault:
            raise RefusedError(Refusal(Problem.UPSTREAM, _GUARD))
        flow.generation = self.version
        sent = _sent(asked, flow.around)
        reply = await self._asked(b"POST", f"/v2/models/{self.name}/infer", question(sent))
        length = reply.headers.get(b"inference-header-content-length", b"")
        try:
            tensors = decode_reply(reply.body, int(length) if length.isdigit() else None, self.limits)
        except RefusedError as error:
            _LOG.warning("the server behind answered what cannot be read: %s", error.refusal.detail)
            raise RefusedError(Refusal(Problem.UPSTREAM, _GUARD)) from error
        given = {one.name: one for one in tensors}
        names = [one.name for one in sent.outputs] or [port.name for port in self.given]
        types = {port.name: port.datatype for port in self.given}
        if any(name not in given or given[name].datatype != types[name] for name in names):
            _LOG.warning("the server behind left outputs out, or gave them another type")
            raise RefusedError(Refusal(Problem.UPSTREAM, _GUARD))
        return tuple(given[name] for name in names)

    async def _asked(self, method: bytes, path: str, body: bytes) -> Reply:
        try:
            reply = await self.client.ask(method, path, body)
        except UnansweredError as error:
            _LOG.warning("the server behind %s", error)
            raise RefusedError(Refusal(Problem.UPSTREAM, _GUARD, retry_after=1.0)) from error
        if reply.status != _OK:
            _LOG.warning("the server behind answered with status %d", reply.status)
            raise RefusedError(Refusal(Problem.UPSTREAM, _GUARD))
        return reply


def _sent(asked: Inference, around: Around | None) -> Inference:
    """The question as the server behind is asked: with what the guards of its answers need."""
    if around is None or around.needs is None:
        return asked
    return asked._replace(outputs=tuple(Wanted(name, binary=False) for name in around.needs.names))
