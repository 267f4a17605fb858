"""The operators' plane: health in detail, metrics, the data plane's document, exchange and rollback of models.

It listens on this machine alone. Nothing of it answers without the token, or without the permission to open its socket;
a page in an operator's browser cannot reach it, since names other than this machine's are refused.

Source: R3, R4 (one gate before every route), R1 (models come from the declared place alone).
"""

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final, TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from redan.errors import RedanError
from redan.gateway.assembly import Gateway
from redan.gateway.openapi import document
from redan.gateway.service import Service

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_HOSTS: Final = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})
_METRICS: Final = "text/plain; version=1.0.0; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Door:
    """One gate before every route of the operators' plane.

    Args:
        inside: the application.
        token: that has to be shown; None where the socket's permission is enough.
    """

    inside: Callable[[Scope, Receive, Send], Awaitable[None]]
    token: bytes | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request in, or refuses it without a word about what is inside."""
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").rpartition(b":")
        named = (host[0] if host[1] and host[2].isdigit() else host[2]).lower()
        if self.token is not None:
            given = headers.get(b"authorization", b"")
            if named not in _HOSTS or not hmac.compare_digest(given, b"Bearer " + self.token):
                await JSONResponse({"error": "The request does not show who sends it."}, 401)(scope, receive, send)
                return
        await self.inside(scope, receive, send)


def admin(gateway: Gateway, token: bytes | None) -> Door:
    """The operators' plane of a gateway.

    Args:
        gateway: that runs.
        token: that has to be shown; None where the socket's permission is enough.
    """

    async def health(_: Request) -> Response:
        """What is in service, and whether it answers."""
        return JSONResponse(status(gateway), 200 if gateway.ready() else 503)

    async def metrics(_: Request) -> Response:
        """In the text format of Prometheus."""
        return Response(gateway.register.metrics.text(), media_type=_METRICS)

    async def openapi(_: Request) -> Response:
        """The data plane, in OpenAPI 3.1."""
        return JSONResponse(document(gateway.models, version("redan"), body=gateway.settings.table.body))

    async def swap(request: Request) -> Response:
        """Puts a newly sealed model into service."""
        name = request.path_params["name"]
        return await _done(lambda: gateway.exchange(name), gateway)

    async def rollback(request: Request) -> Response:
        """Brings the generation before back."""
        one = gateway.models.get(request.path_params["name"])
        if not isinstance(one, Service):
            return JSONResponse({"error": "no model of that name answers here"}, 404)
        return await _done(one.rollback, gateway)

    async def verify(_: Request) -> Response:
        """Verifies every model in service again."""
        return await _done(lambda: _verified(gateway), gateway)

    routes = [
        Route("/health", health, methods=["GET"]),
        Route("/state", health, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
        Route("/openapi.json", openapi, methods=["GET"]),
        Route("/verify", verify, methods=["POST"]),
        Route("/models/{name}/swap", swap, methods=["POST"]),
        Route("/models/{name}/rollback", rollback, methods=["POST"]),
    ]
    return Door(Starlette(routes=routes), token)


def _verified(gateway: Gateway) -> None:
    for one in gateway.services:
        one.verify(time.time())


async def _done(work: Callable[[], None], gateway: Gateway) -> Response:
    try:
        await asyncio.to_thread(work)
    except RedanError as error:
        return JSONResponse({"error": str(error)}, 409)
    return JSONResponse(status(gateway))


def status(gateway: Gateway) -> Mapping[str, Any]:
    """What operators are told of a gateway: counts and digests, no names of clients."""
    journal, load = gateway.register.journal, gateway.plane.load
    return {
        "schema": "redan/gateway-state/v1",
        "version": version("redan"),
        "ready": gateway.ready(),
        "started": gateway.started,
        "requests": {"under_way": load.requests, "held_bytes": load.held},
        "connections": len(gateway.room.every),
        "models": {name: _model(one) for name, one in gateway.models.items()},
        "ledger": None
        if journal is None
        else {"size": journal.size, "waiting": journal.waiting, "broken": journal.broken},
        "passed": gateway.register.metrics.passed,
        "refused": {f"{guard}/{what}": n for (guard, what), n in sorted(gateway.register.metrics.decisions.items())},
    }


def _model(one: Any) -> dict[str, Any]:  # noqa: ANN401 -- a service, or a model behind another server
    if not isinstance(one, Service):
        return {"behind": True, "version": one.version, "fault": one.fault, "described": bool(one.inputs)}
    return {
        "behind": False,
        "fault": one.fault,
        "verified": one.checked,
        "current": one.current.told(),
        "previous": None if one.previous is None else one.previous.told(),
    }
