"""The data plane as a raw ASGI application: bytes in under bounds, the steps driven, bytes out.

Source: ASGI specification 3.0, HTTP; research: no framework on the data path.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import CoroutineType
from typing import Any, Final, TypeAlias

from redan.exchange import encode
from redan.exchange.message import Request, Response
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.gateway.intake import Intake, Load, Receive, bare
from redan.gateway.routes import Route, allowed, route
from redan.gateway.steps import Ask, Decided, Pipeline, Spend, Steps, infer, told
from redan.gateway.upstream import Local, Remote
from redan.guards.store import Store, WaitingStore

Scope: TypeAlias = Mapping[str, Any]
Send: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]
_LOG = logging.getLogger("redan.gateway")
_NAME: Final = {"name": "redan", "version": "2", "extensions": ["binary_tensor_data"]}
_CLOSE: Final = (b"connection", b"close")
_LIVE: Final = Response(200, (encode.JSON,), b'{"live":true}')
_READY: Final = Response(200, (encode.JSON,), b'{"ready":true}')
_WAITS: Final = frozenset({CoroutineType, asyncio.Future})  # what a store, a model or a journal may answer with


@dataclass(frozen=True, slots=True)
class DataPlane:
    """The application.

    Args:
        pipeline: guards.
        models: in service, by name.
        store: of nonces, rates and totals.
        decided: takes every decision; gives the identifier of its event, or what will be one when it is written.
        passed: told the problem and identifier of each refusal that no guard saw, such as of a path that is not there.
        body: bytes of a request at most.
        arrive_s: seconds that a request may take to arrive; None where the connection itself is watched.
        busy: requests at once.
        held: bytes of unfinished bodies together.
        ready: whether the models can be asked now.
        clock: seconds since the epoch.
        load: what is under way.
    """

    pipeline: Pipeline
    models: Mapping[str, Local | Remote]
    store: Store | WaitingStore
    decided: Callable[[Decided], "str | asyncio.Future[str]"]
    passed: Callable[[Refusal, str], None] = lambda refusal, instance: None  # noqa: ARG005
    body: int = 4 << 20
    arrive_s: float | None = 10.0
    busy: int = 1024
    held: int = 256 << 20
    ready: Callable[[], bool] = lambda: True
    clock: Callable[[], float] = time.time
    load: Load = field(default_factory=Load)
    intake: Intake = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "intake", Intake(self.body, self.arrive_s, self.held, self.load))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; only HTTP is spoken."""
        if scope["type"] != "http":
            return
        load = self.load
        load.requests += 1
        try:
            answer = await self._answer(scope, receive)
        except RefusedError as error:
            answer = self._refused(error.refusal, scope["raw_path"])
        except Exception:  # noqa: BLE001 -- a guard that raises blocks; nobody outside learns why
            instance = secrets.token_hex(8)
            _LOG.exception("event %s", instance)
            self.passed(Refusal(Problem.BROKEN, "gateway"), instance)
            answer = encode.refusal(Refusal(Problem.BROKEN, "gateway"), instance, quiet=True)
        finally:
            load.requests -= 1
        length = (b"content-length", b"%d" % len(answer.body))
        await send({"type": "http.response.start", "status": answer.status, "headers": [*answer.headers, length]})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        to = route(scope["method"], scope["raw_path"])
        headers = tuple(scope["headers"])  # before the body: trailers of a chunked one may never join them
        if to.kind != "infer":
            bare(headers)
            if to.kind in {"live", "ready"}:
                return self._health(to)
            body = b""
        elif self.load.requests > self.busy:
            raise RefusedError(Refusal(Problem.UNREADY, "limits", retry_after=1.0))
        else:
            body = await self.intake.question(headers, receive)
        request = Request(
            scope["method"],
            scope["raw_path"],
            scope["query_string"],
            headers,
            body,
            (scope.get("client") or ("", 0))[0],
            self.clock(),
        )
        if to.kind == "infer":
            return await self._driven(infer(self.pipeline, request, to.model, to.version))
        return await self._driven(told(self.pipeline, request, to, self._told))

    async def _driven(self, steps: Steps) -> Response:
        try:
            need = next(steps)
            while True:
                try:
                    given: Any = self._given(need)
                    if type(given) in _WAITS:
                        given = await given
                except RefusedError as error:
                    need = steps.throw(error)
                else:
                    need = steps.send(given)
        except StopIteration as stop:
            answer: Response = stop.value
            return answer

    def _given(self, need: Spend | Ask | Decided) -> object:
        kind = type(need)
        if kind is Spend:
            return self.store.spend(need.claims, need.now)  # type: ignore[union-attr]
        if kind is Ask:
            return self.models[need.flow.model].ask(need.flow)  # type: ignore[union-attr]
        return self.decided(need)  # type: ignore[arg-type]

    def _health(self, to: Route) -> Response:
        """What everyone may know: a status code."""
        if to.kind == "live":
            return _LIVE
        if not self.models or not self.ready():
            raise RefusedError(Refusal(Problem.UNREADY, "routes"))
        return _READY

    def _told(self, to: Route) -> Response:
        """What those may know whom the guards let pass."""
        if to.kind == "server":
            return Response(200, (encode.JSON,), encode.plain(_NAME))
        model = self.models.get(to.model)
        if model is None or to.version not in {"", model.version}:
            raise RefusedError(Refusal(Problem.UNKNOWN, "routes"))
        if to.kind == "model-ready":
            if not self.ready():
                raise RefusedError(Refusal(Problem.UNREADY, "routes"))
            return Response(200, (encode.JSON,), encode.plain({"name": to.model, "ready": True}))
        found = encode.metadata(to.model, [model.version], model.platform, model.inputs, model.outputs)
        return Response(200, (encode.JSON,), found)

    def _refused(self, refused: Refusal, path: bytes) -> Response:
        """A refusal that no guard of the pipeline saw; what is still under way is not read."""
        instance = secrets.token_hex(8)
        self.passed(refused, instance)
        found = encode.refusal(refused, instance, quiet=self.pipeline.quiet)
        more = ((b"allow", allowed(path)), _CLOSE) if refused.problem is Problem.METHOD else (_CLOSE,)
        return found._replace(headers=(*found.headers, *more))
