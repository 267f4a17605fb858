"""The data plane as a raw ASGI application: bytes in under bounds, the steps driven, bytes out.

Source: ASGI specification 3.0, HTTP; research: no framework on the data path.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from redan.exchange import encode
from redan.exchange.message import Request, Response
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.gateway.routes import Route, route
from redan.gateway.steps import Ask, Decided, Pipeline, Spend, infer
from redan.gateway.upstream import Local
from redan.guards.store import Store

Scope: TypeAlias = Mapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]
Send: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]
_LOG = logging.getLogger("redan.gateway")
_PIECES: Final = 4096  # messages of one body; a client of 1-byte chunks ends here (CVE-2025-23310)
_NAME = {"name": "redan", "version": "2", "extensions": ["binary_tensor_data"]}
_CLOSE = (b"connection", b"close")


@dataclass(frozen=True, slots=True)
class DataPlane:
    """The application.

    Args:
        pipeline: guards.
        models: in service, by name.
        store: of nonces, rates and totals.
        decided: takes every decision; gives the identifier of its event.
        body: bytes of a request at most.
        arrive_s: seconds that a request may take to arrive.
        clock: seconds since the epoch.
    """

    pipeline: Pipeline
    models: Mapping[str, Local]
    store: Store
    decided: Callable[[Decided], str]
    body: int = 4 << 20
    arrive_s: float = 10.0
    clock: Callable[[], float] = time.time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one connection's request; only HTTP is spoken."""
        if scope["type"] != "http":
            return
        try:
            answer = await self._answer(scope, receive)
        except RefusedError as error:
            answer = self._refused(error.refusal)
        except Exception:  # noqa: BLE001 -- a guard that raises blocks; nobody outside learns why
            instance = secrets.token_hex(8)
            _LOG.exception("event %s", instance)
            answer = encode.refusal(Refusal(Problem.BROKEN, "gateway"), instance, quiet=True)
        length = (b"content-length", str(len(answer.body)).encode())
        await send({"type": "http.response.start", "status": answer.status, "headers": [*answer.headers, length]})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        to = route(scope["method"], scope["raw_path"])
        if to.kind != "infer":
            return self._told(to)
        body = await self._body(receive)
        request = Request(
            scope["method"],
            scope["raw_path"],
            scope["query_string"],
            tuple(scope["headers"]),
            body,
            (scope.get("client") or ("", 0))[0],
            self.clock(),
        )
        return self._driven(request, to)

    def _driven(self, request: Request, to: Route) -> Response:
        steps = infer(self.pipeline, request, to.model, to.version)
        try:
            need = next(steps)
            while True:
                try:
                    given: object = self._given(need)
                except RefusedError as error:
                    need = steps.throw(error)
                else:
                    need = steps.send(given)
        except StopIteration as stop:
            answer: Response = stop.value
            return answer

    def _given(self, need: Spend | Ask | Decided) -> object:
        if isinstance(need, Spend):
            return self.store.spend(need.claims, need.now)
        if isinstance(need, Ask):
            return self.models[need.flow.model].ask(need.flow)
        return self.decided(need)

    async def _body(self, receive: Receive) -> bytes:
        try:
            async with asyncio.timeout(self.arrive_s):
                return await _collected(receive, self.body)
        except TimeoutError as error:
            raise RefusedError(Refusal(Problem.SLOW, "limits")) from error

    def _told(self, to: Route) -> Response:
        """What everyone may know: that the service lives. The rest is told by the guarded variant of the host."""
        if to.kind == "live" or (to.kind == "ready" and self.models):
            return Response(200, (encode.JSON,), b"{}")
        if to.kind == "server":
            return Response(200, (encode.JSON,), encode.plain(_NAME))
        model = self.models.get(to.model)
        if model is None:
            raise RefusedError(Refusal(Problem.UNKNOWN, "routes"))
        if to.kind == "model-ready":
            return Response(200, (encode.JSON,), encode.plain({"name": to.model, "ready": True}))
        found = encode.metadata(to.model, [model.version], "onnxruntime_onnx", model.inputs, model.outputs)
        return Response(200, (encode.JSON,), found)

    def _refused(self, refused: Refusal) -> Response:
        found = encode.refusal(refused, secrets.token_hex(8), quiet=self.pipeline.quiet)
        if refused.problem in {Problem.SLOW, Problem.TOO_LARGE}:  # what is still under way is not read
            return found._replace(headers=(*found.headers, _CLOSE))
        return found


async def _collected(receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise RefusedError(Refusal(Problem.MALFORMED, "limits"))
        part = message.get("body", b"")
        size += len(part)
        if size > most or len(parts) >= _PIECES:
            raise RefusedError(Refusal(Problem.TOO_LARGE, "limits"))
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)
