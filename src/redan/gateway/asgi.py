"""The data plane: bytes in under bounds, the steps driven, bytes out; as a raw ASGI application, or called at once.

Source: ASGI specification 3.0, HTTP; research: no framework on the data path.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from types import CoroutineType
from typing import Any, Final, TypeAlias

from redan.exchange import encode
from redan.exchange.flow import Flow
from redan.exchange.message import Request, Response
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.gateway.intake import Intake, Load, Receive, bare
from redan.gateway.routes import POSTED, Route, allowed, route
from redan.gateway.steps import Ask, Decided, Pipeline, Spend, Steps, infer, told
from redan.gateway.upstream import Local, Remote
from redan.guards.store import Store, WaitingStore

Scope: TypeAlias = Mapping[str, Any]
Send: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]
Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]
_LOG = logging.getLogger("redan.gateway")
_NAME: Final = {"name": "redan", "version": "2", "extensions": ["binary_tensor_data"]}
_CLOSE: Final = (b"connection", b"close")
_LIVE: Final = Response(200, (encode.JSON,), b'{"live":true}')
_READY: Final = Response(200, (encode.JSON,), b'{"ready":true}')
_WAITS: Final = frozenset({CoroutineType, asyncio.Future})  # what a store, a model or a journal may answer with


def _unlabelled(flow: Flow) -> Response:
    """Nothing is taken in."""
    del flow
    raise RefusedError(Refusal(Problem.UNKNOWN, "routes"))


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
        labelled: takes labels in that the guards let pass.
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
    labelled: Callable[[Flow], Response] = _unlabelled
    load: Load = field(default_factory=Load)
    intake: Intake = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "intake", Intake(self.body, self.arrive_s, self.held, self.load))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; only HTTP is spoken."""
        if scope["type"] != "http":
            return
        answer = await self._answer(scope, receive)
        length = (b"content-length", b"%d" % len(answer.body))
        await send({"type": "http.response.start", "status": answer.status, "headers": [*answer.headers, length]})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        load, method, path = self.load, scope["method"], scope["raw_path"]
        headers = tuple(scope["headers"])  # before the body: trailers of a chunked one may never join them
        load.requests += 1
        try:
            to = self.opened(method, path, headers)
            body = await self.intake.whole(receive) if to.kind in POSTED else b""
        except RefusedError as error:
            return self.refused(error.refusal, path)
        finally:
            load.requests -= 1
        peer = (scope.get("client") or ("", 0))[0]
        found = self.begun(to, Request(method, path, scope["query_string"], headers, body, peer, self.clock()))
        return found if type(found) is Response else await found  # type: ignore[misc]

    def opened(self, method: str, path: bytes, headers: Headers) -> Route:
        """Where a request goes, before anything of its body is read.

        Args:
            method: in upper case.
            path: as it was sent.
            headers: names in lower case.

        Raises:
            RefusedError: there is no such path, or the body is of a kind or length that is not taken.
        """
        to = route(method, path)
        if to.kind not in POSTED:
            bare(headers)
        elif self.load.requests > self.busy:
            raise RefusedError(Refusal(Problem.UNREADY, "limits", retry_after=1.0))
        else:
            self.intake.look(headers)
        return to

    def begun(self, to: Route, request: Request) -> Response | Coroutine[Any, Any, Response]:
        """The answer to a whole request: at once, or what has to be waited for.

        Args:
            to: where it goes.
            request: whole.

        Returns:
            The answer where neither the store, the model nor the ledger has to be waited for; never raises.
        """
        try:
            if to.kind == "infer":
                steps = infer(self.pipeline, request, to.model, to.version)
            elif to.kind in {"live", "ready"}:
                return self._health(to)
            else:
                steps = told(self.pipeline, request, to, self._told)
            found = self._driven(steps, None, None)
        except RefusedError as error:
            return self.refused(error.refusal, request.path)
        except Exception:  # noqa: BLE001 -- a guard that raises blocks; nobody outside learns why
            return self._broken()
        return found if type(found) is Response else self._waited(steps, found, request.path)  # type: ignore[arg-type]

    def _driven(self, steps: Steps, given: object, thrown: RefusedError | None) -> Response | Awaitable[object]:
        """Goes on until the answer, or until something has to be waited for."""
        try:
            need = steps.send(given) if thrown is None else steps.throw(thrown)
            while True:
                try:
                    found = self._given(need)
                except RefusedError as error:
                    need = steps.throw(error)
                    continue
                if type(found) in _WAITS:
                    return found  # type: ignore[return-value]
                need = steps.send(found)
        except StopIteration as stop:
            answer: Response = stop.value
            return answer

    async def _waited(self, steps: Steps, waiting: Awaitable[object], path: bytes) -> Response:
        self.load.requests += 1
        try:
            while True:
                try:
                    found = self._driven(steps, await waiting, None)
                except RefusedError as error:
                    found = self._driven(steps, None, error)
                if type(found) is Response:
                    return found
                waiting = found  # type: ignore[assignment]
        except RefusedError as error:
            return self.refused(error.refusal, path)
        except Exception:  # noqa: BLE001 -- as above
            return self._broken()
        finally:
            self.load.requests -= 1

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

    def _told(self, to: Route, flow: Flow) -> Response:
        """What those may know whom the guards let pass."""
        if to.kind == "feedback":
            return self.labelled(flow)
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

    def refused(self, refused: Refusal, path: bytes) -> Response:
        """A refusal that no guard of the pipeline saw; what is still under way is not read."""
        instance = secrets.token_hex(8)
        self.passed(refused, instance)
        found = encode.refusal(refused, instance, quiet=self.pipeline.quiet)
        more = ((b"allow", allowed(path)), _CLOSE) if refused.problem is Problem.METHOD else (_CLOSE,)
        return found._replace(headers=(*found.headers, *more))

    def _broken(self) -> Response:
        instance = secrets.token_hex(8)
        _LOG.exception("event %s", instance)
        refused = Refusal(Problem.BROKEN, "gateway")
        self.passed(refused, instance)
        return encode.refusal(refused, instance, quiet=True)
