"""The operators' plane: a page, health in detail, metrics, the data plane's document, exchange and rollback of models.

It listens on this machine alone. Nothing of it answers without the token, or without the permission to open its socket;
another page in an operator's browser cannot reach it (`redan.gateway.door`).

Source: R3, R4 (one gate before every route), R1 (models come from the declared place alone).
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from redan.errors import RedanError
from redan.gateway.assembly import Gateway
from redan.gateway.door import Door, Words, browsed
from redan.gateway.openapi import document
from redan.gateway.page_view import View, asset
from redan.gateway.service import Service

_METRICS: Final = "text/plain; version=1.0.0; charset=utf-8"
_ASSETS: Final = (("page.css", "text/css"), ("live.js", "text/javascript"), ("icon.svg", "image/svg+xml"))
_FORM: Final = 4096  # bytes of a form


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
        return JSONResponse(
            document(
                gateway.models,
                version("redan"),
                body=gateway.settings.table.body,
                secured=gateway.settings.clients is not None,
                labelled=() if gateway.watching is None else gateway.watching.labels,
            )
        )

    view, words = View(gateway), Words(secrets.token_bytes(32))
    routes = [
        Route("/health", health, methods=["GET"]),
        Route("/state", health, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
        Route("/openapi.json", openapi, methods=["GET"]),
        *_shown(view),
        *_deeds(gateway, view, words),
    ]
    return Door(Starlette(routes=routes), token)


def _shown(view: View) -> list[Route]:
    """The page, its files, and its news."""

    async def page(_: Request) -> Response:
        """For operators' browsers."""
        return HTMLResponse(await view.page())

    async def live(_: Request) -> Response:
        """One event and the end: the browser asks again by itself, and an orderly end waits for nobody."""
        return Response(await view.event(), media_type="text/event-stream")

    async def file(kept: Response, _: Request) -> Response:
        """A file of the page."""
        return kept

    routes = [Route("/", page, methods=["GET"]), Route("/live", live, methods=["GET"])]
    for name, kind in _ASSETS:
        routes.append(Route(f"/{name}", partial(file, Response(asset(name), media_type=kind)), methods=["GET"]))
    return routes


def _deeds(gateway: Gateway, view: View, words: Words) -> list[Route]:
    """What changes something."""

    async def swap(request: Request) -> Response:
        """Puts a newly sealed model into service."""
        name = request.path_params["name"]
        return _by_tool(request) or await _done(lambda: gateway.exchange(name), gateway)

    async def verify(request: Request) -> Response:
        """Verifies every model in service again."""
        return _by_tool(request) or await _done(lambda: _verified(gateway), gateway)

    async def confirm(request: Request) -> Response:
        """Asks an operator before a rollback."""
        one = gateway.models.get(request.path_params["name"])
        if not isinstance(one, Service) or one.previous is None:
            return HTMLResponse(view.said("Nothing to roll back to", "No generation before this one is kept."), 404)
        word = words.word("rollback", *_standing(one))
        return HTMLResponse(view.confirm(one.name, one.current.told(), one.previous.told(), word))

    async def rollback(request: Request) -> Response:
        """Brings the generation before back."""
        one = gateway.models.get(request.path_params["name"])
        if not isinstance(one, Service):
            return JSONResponse({"error": "no model of that name answers here"}, 404)
        if not browsed(request.headers):
            return await _done(one.rollback, gateway)
        if not words.fits(await _word(request), "rollback", *_standing(one)):
            text = "The form is old, or was not made here: look again at what is in service."
            return HTMLResponse(view.said("Not done", text), 409)
        try:
            one.rollback()
        except RedanError as error:
            return HTMLResponse(view.said("Not done", str(error)), 409)
        return RedirectResponse("/#t-models", 303)

    return [
        Route("/verify", verify, methods=["POST"]),
        Route("/models/{name}/swap", swap, methods=["POST"]),
        Route("/models/{name}/rollback", confirm, methods=["GET"]),
        Route("/models/{name}/rollback", rollback, methods=["POST"]),
    ]


def _standing(one: Service) -> tuple[str, str, str]:
    """What a form is about: it fits no other state, so that sending it twice does nothing twice."""
    before = one.previous
    return one.name, one.current.sha256, "" if before is None else before.sha256


def _by_tool(request: Request) -> Response | None:
    """None where a tool asks; a browser has no form for it."""
    if browsed(request.headers):
        return JSONResponse({"error": "show the token as a bearer: no form leads here"}, 403)
    return None


async def _word(request: Request) -> str:
    """The word in a form; the empty string where there is none."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _FORM:
            return ""
    try:
        return parse_qs(body.decode("ascii"), max_num_fields=4).get("word", [""])[0]
    except ValueError:
        return ""


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
