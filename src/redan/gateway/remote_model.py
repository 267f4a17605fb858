"""A model behind another server of the protocol: the question is written anew, the answer read under the same bounds.

Nothing that the server says besides its outputs is passed on, its errors least of all.

Source: Open Inference Protocol, version 2, REST; CVE-2025-23319 (texts of errors told what helped an attack), R15.
"""

import logging
from dataclasses import dataclass

from redan.exchange.decode import decode_ports, decode_reply
from redan.exchange.encode import question
from redan.exchange.flow import Flow
from redan.exchange.limits import Limits
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.exchange.tensors import Port, Tensor
from redan.gateway.http_client import Client, Reply, UnansweredError

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
        outputs: what it gives.
        platform: what runs it, as the server said.
        fault: why it cannot be asked; the empty string while all is well.
    """

    name: str
    client: Client
    limits: Limits
    version: str = "1"
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    platform: str = ""
    fault: str = ""

    @property
    def ports(self) -> tuple[tuple[Port, ...], tuple[Port, ...]] | None:
        """Inputs and outputs; None before the server described them."""
        return (self.inputs, self.outputs) if self.inputs else None

    async def describe(self) -> None:
        """Asks the server what the model takes and gives; a model that changed is not asked any more.

        Raises:
            RefusedError: the server did not say.
        """
        reply = await self._asked(b"GET", f"/v2/models/{self.name}", b"")
        inputs, outputs, self.platform = decode_ports(reply.body, self.limits)
        if self.inputs and (inputs, outputs) != (self.inputs, self.outputs):
            self.fault = "it takes or gives something else than at the start"
            raise RefusedError(Refusal(Problem.UPSTREAM, _GUARD))
        self.inputs, self.outputs, self.fault = inputs, outputs, ""

    async def ask(self, flow: Flow) -> tuple[Tensor, ...]:
        """The outputs that were asked for, or all; see `redan.gateway.upstream.Remote`."""
        asked = flow.inference
        if asked is None:
            raise RefusedError(Refusal(Problem.MALFORMED, _GUARD))
        if self.fault:
            raise RefusedError(Refusal(Problem.UPSTREAM, _GUARD))
        reply = await self._asked(b"POST", f"/v2/models/{self.name}/infer", question(asked))
        length = reply.headers.get(b"inference-header-content-length", b"")
        try:
            tensors = decode_reply(reply.body, int(length) if length.isdigit() else None, self.limits)
        except RefusedError as error:
            _LOG.warning("the server behind answered what cannot be read: %s", error.refusal.detail)
            raise RefusedError(Refusal(Problem.UPSTREAM, _GUARD)) from error
        given = {one.name: one for one in tensors}
        names = [one.name for one in asked.outputs] or [port.name for port in self.outputs]
        types = {port.name: port.datatype for port in self.outputs}
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
