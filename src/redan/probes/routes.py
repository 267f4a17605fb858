"""Every path that inference servers have, by every method, without credentials and under other spellings.

Source: research notes, R1 to R5 (management planes, alternate paths, forgotten routes and methods).
"""

import json
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from redan.probes import checks
from redan.probes.contract import Came, Shot, Verdict
from redan.probes.craft import Craft, whole
from redan.probes.judge import CLOSED, DENIED, MALFORMED, beside, holds, refused, together
from redan.probes.message import Message
from redan.probes.rig import Probe, Rig, static
from redan.terms import Outcome

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "REDAN")
METRICS: Final = (
    "/metrics",
    "/stats",
    "/status",
    "/v2/metrics",
    "/actuator",
    "/actuator/prometheus",
    "/debug/vars",
    "/debug/pprof/",
    "/server-status",
    "/varz",
    "/metrics/",
    "/q/metrics",
)
DOCS: Final = (
    "/openapi.json",
    "/docs",
    "/redoc",
    "/swagger",
    "/swagger.json",
    "/swagger-ui/",
    "/api-docs",
    "/v2/docs",
    "/v2/docs/dataplane.json",
    "/v2/docs/dataplane.html",
    "/v2/models/{model}/docs",
    "/graphql",
)
ADMIN: Final = (
    "/admin",
    "/manage",
    "/management",
    "/models",
    "/workers",
    "/-/reload",
    "/config",
    "/.env",
    "/api/jobs/",
    "/api/version",
    "/api/2.0/mlflow/experiments/search",
    "/ajax-api/2.0/mlflow/experiments/search",
    "/gateway/",
    "/readyz",
    "/healthz",
    "/livez",
    "/v2/trace/setting",
    "/v2/logging",
    "/v2/models/{model}/trace/setting",
    "/v1/models/{model}",
    "/invocations",
    "/predictions/{model}",
    "/v2/models/{model}/stats",
    "/v2/models/{model}/config",
    "/v2/models/stats",
    "/v1/models",
    "/v1/models/{model}:predict",
    "/v2/models/{model}/generate_stream",
    "/v2/models/{model}/explain",
    "/predict",
    "/explain",
    "/feedback",
    "/debug",
    "/internal",
    "/env",
    "/logs",
    "/dashboard",
    "/console",
)
REPOSITORY: Final = (
    "/v2/repository/index",
    "/v2/repository/models/{model}/load",
    "/v2/repository/models/{model}/unload",
    "/v2/repository/models/redan-none/load",
    "/models?url=redan-none.mar",
    "/v1/models:reload",
)
MEMORY: Final = (
    "/v2/systemsharedmemory/status",
    "/v2/cudasharedmemory/status",
    "/v2/systemsharedmemory/region/redan-none/register",
    "/v2/systemsharedmemory/unregister",
)
_HEALTH: Final = ("/healthz", "/readyz", "/livez")
_SMALL: Final = 256
_ROUTES: Final = 60
_DESCRIPTIONS: Final = ("/openapi.json", "/v2/docs/dataplane.json", "/swagger.json", "/api-docs")
_HARMFUL = re.compile(r"load|shut|stop|kill|delete|remove|restart|purge|reset|repository", re.IGNORECASE)
_VARIABLE = re.compile(r"\{[^{}]{1,80}\}")
_QUIET: Final = frozenset({"HEAD", "OPTIONS"})
_GATE: Final = "Let one gate before all routing refuse what is not let through by name, whatever its path and method."
_OPERATORS: Final = "Put what operators need on an address of its own that clients do not reach."
_LOAD: Final = (
    "Switch the interface off that loads and unloads models; let a release be exchanged by what verifies its seal."
)
_ALL = CLOSED | DENIED | MALFORMED


def protocol(craft: Craft) -> tuple[str, ...]:
    """Paths of the Open Inference Protocol that need credentials."""
    of = craft.place.of(craft.target.model)
    return (
        f"{craft.place.prefix}/v2",
        f"{craft.place.prefix}/v2/models",
        of,
        f"{of}/ready",
        f"{of}/infer",
        f"{of}/versions/1",
        f"{of}/versions/1/infer",
        f"{of}/generate",
    )


def _paths(craft: Craft, paths: tuple[str, ...]) -> tuple[str, ...]:
    model = quote(craft.target.model, safe="")
    return tuple(craft.place.prefix + path.replace("{model}", model) for path in paths)


def unknown_methods(rig: Rig) -> Verdict:
    """Every path of the protocol by every method, without credentials."""
    return _each(rig, protocol(rig.craft), METHODS, by=_nobody)


def closed(
    paths: tuple[str, ...], methods: tuple[str, ...] = ("GET", "POST", "PUT", "DELETE"), *, mine: bool = True
) -> Callable[[Rig], Verdict]:
    """Paths that must be closed to everyone, the client included.

    Args:
        paths: below the prefix.
        methods: each of them.
        mine: whether they are asked with the client's credentials as well.
    """

    def act(rig: Rig) -> Verdict:
        every = _paths(rig.craft, paths)
        found = _named(rig, every, methods, by=_nobody)
        if mine:
            found |= {f"{what}, as the client": one for what, one in _named(rig, every, methods, by=_client).items()}
        return together(found)

    return act


def _each(
    rig: Rig, paths: tuple[str, ...], methods: tuple[str, ...], *, by: "Callable[[Craft, str, str], Shot]"
) -> Verdict:
    return together(_named(rig, paths, methods, by=by))


def _named(
    rig: Rig, paths: tuple[str, ...], methods: tuple[str, ...], *, by: "Callable[[Craft, str, str], Shot]"
) -> dict[str, Verdict]:
    return {
        f"{method} {path}": closed_by(method, path, rig.line.send(by(rig.craft, method, path)))
        for path in paths
        for method in methods
    }


def closed_by(method: str, path: str, came: Came) -> Verdict:
    """Judges one path: a word on health is no secret, and neither is which methods there are.

    Args:
        method: of the request.
        path: of it.
        came: what came back.
    """
    first = refused(_ALL, cut=True, redirect=True)((came,))
    if first.outcome is not Outcome.BROKEN or came.status not in range(200, 300):
        return first
    bare = all(len(reply.body) <= _SMALL for reply in came.replies)
    if method == "OPTIONS" or (path.endswith(_HEALTH) and bare):
        return holds("a word on health or on methods")
    return first


def _nobody(craft: Craft, method: str, path: str) -> Shot:
    body = craft.body if path.endswith("/infer") else b"{}"
    made = craft.plain(method, path, body if method == "POST" else b"")
    return Shot((made.raw(),), (made.method,), known=False)


def _client(craft: Craft, method: str, path: str) -> Shot:
    made = craft.plain(method, path, b"{}" if method == "POST" else b"", token=craft.mine.token)
    return Shot((made.raw(),), (made.method,))


def spellings(craft: Craft) -> tuple[str, ...]:
    """The path of questions, spelt as a gate may not know it and a router behind it may."""
    prefix, model = craft.place.prefix, quote(craft.target.model, safe="")
    path = f"/v2/models/{model}/infer"
    coded = "".join(f"%{ord(letter):02x}" for letter in "infer")
    odd = (
        f"/{path}",
        path.replace("/v2/", "/v2//"),
        f"/.{path}",
        f"/redan/..{path}",
        f"/redan/%2e%2e{path}",
        f"/%2e{path}",
        f"/redan/%252e%252e{path}",
        path.upper(),
        path.replace("/v2", "/V2"),
        f"{path}/",
        f"{path};a=b",
        f"{path}?admin=true",
        f"{path}%00",
        f"{path}%20",
        f"{path}#x",
        path.replace("/infer", "%2finfer"),
        path.replace("infer", coded),
        path.replace("/", "\\"),
        f"/v2/health/live/../../models/{model}/infer",
        f"/v2/health/ready/..;/..;/models/{model}/infer",
        f"/v2/health/live/%2e%2e/%2e%2e/models/{model}/infer",
        f"{path}.json",
        f"/v2/models/{model}/infer/../infer",
        f"/v2/models/./{model}/infer",
    )
    return (*(prefix + one for one in odd), f"http://{craft.place.authority}{prefix}{path}", "*")


def other_spellings(rig: Rig) -> Verdict:
    """The question without credentials at each of them."""
    return _each(rig, spellings(rig.craft), ("POST", "GET"), by=_question)


def _question(craft: Craft, method: str, path: str) -> Shot:
    made = craft.plain(method, path, craft.body if method == "POST" else b"")
    return Shot((made.raw(),), (made.method,), known=False)


def overridden(rig: Rig) -> Verdict:
    """A path that everybody may see, with headers by which some servers see another one."""
    craft, health = rig.craft, f"{rig.craft.place.prefix}/v2/health/live"
    path = craft.path.encode()
    fields = (
        (b"x-original-url", path),
        (b"x-rewrite-url", path),
        (b"x-http-method-override", b"POST"),
        (b"x-forwarded-uri", path),
        (b"x-forwarded-for", b"127.0.0.1"),
        (b"x-remote-user", b"admin"),
        (b"x-forwarded-prefix", b"/admin"),
        (b"client-cert", b":AAAA:"),
        (b"x-redan-probe-admin", b"true"),
    )
    plain = rig.line.send(whole(craft.plain("GET", health), known=False)[0])
    found = {}
    for pair in fields:
        seen = rig.line.send(whole(craft.plain("GET", health, fields=(pair,)), known=False)[0])
        same = seen.status == plain.status and [r.body for r in seen.replies] == [r.body for r in plain.replies]
        found[pair[0].decode()] = holds("it changed nothing") if same else refused(_ALL, cut=True)((seen,))
        asked = rig.line.send(whole(craft.plain(fields=(pair,)), known=False)[0])
        found[f"{pair[0].decode()}, with the question"] = refused(DENIED, cut=True)((asked,))
    return together(found)


def traversed(craft: Craft) -> tuple[Shot, ...]:
    """Names of models and versions that are paths, as the client asks."""
    prefix = craft.place.prefix
    names = (
        "..",
        ".",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%252f..%252fetc%252fpasswd",
        "....//....//etc/passwd",
        "%2fetc%2fpasswd",
        "..%5c..%5cwindows%5cwin.ini",
        "%00",
        "a" * 5000,
    )
    model = quote(craft.target.model, safe="")
    paths = [f"{prefix}/v2/models/{name}/infer" for name in names]
    paths += [f"{prefix}/v2/models/{model}/versions/{name}/infer" for name in names]
    gets = [craft.get(f"{prefix}/{name}") for name in ("../../../../etc/passwd", "static/..%2f..%2f..%2fetc%2fpasswd")]
    return whole(*(_asked(craft, path) for path in paths), *gets)


def _asked(craft: Craft, path: str) -> Message:
    return craft.ask(path=path)


def documented(rig: Rig) -> Verdict:
    """Routes that the server's own documents name, but for those whose names promise harm."""
    craft, found = rig.craft, dict.fromkeys(("",))
    for path in _paths(craft, _DESCRIPTIONS):
        for token in (None, craft.mine.token):
            came = rig.line.send(whole(craft.plain("GET", path, token=token))[0])
            found |= dict.fromkeys(routes_in(came.replies[0].body if came.replies else b""))
    model = quote(craft.target.model, safe="")
    kept = [path for path in found if path and not _HARMFUL.search(path)][:_ROUTES]
    named = [craft.place.prefix + _VARIABLE.sub(model, path) for path in kept]
    if not named:
        return beside("no document of the server names its routes")
    return _each(rig, tuple(named), METHODS, by=_nobody)


def routes_in(body: bytes) -> tuple[str, ...]:
    """Paths of an OpenAPI document but those of health, which anybody may ask.

    Args:
        body: of a stranger; what is no such document names none.
    """
    try:
        paths = list(json.loads(body)["paths"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    plain = (p for p in paths if isinstance(p, str) and p.startswith("/") and p.isascii() and p.isprintable())
    return tuple(path for path in plain if " " not in path and len(path) <= _SMALL and "health" not in path)


def repository(rig: Rig) -> Verdict:
    """Loading and unloading of models; the model of the client itself is not unloaded, which would stop the service."""
    own = f"/{quote(rig.craft.target.model, safe='')}/"
    paths = tuple(path for path in _paths(rig.craft, REPOSITORY) if own not in path)
    found = _named(rig, paths, ("POST", "GET"), by=_nobody)
    found |= {f"{what}, as the client": one for what, one in _named(rig, paths, ("POST",), by=_client).items()}
    return together(found)


_OPEN: Final = (checks.AUTHENTICATED, checks.PER_MODEL)
_DIAGNOSE: Final = (checks.DIAGNOSTICS, checks.AUTHENTICATED)
PROBES: Final = (
    Probe(
        "other-spellings",
        "R3",
        _OPEN,
        "the path of questions in other spellings, without credentials",
        _GATE,
        other_spellings,
    ),
    Probe(
        "overriding-headers",
        "R3",
        _OPEN,
        "headers that name another path, method or user, without credentials",
        _GATE,
        overridden,
    ),
    Probe(
        "traversal",
        "R2",
        (checks.MALFORMED,),
        "names of models and versions that lead out of a folder",
        _GATE,
        static(traversed, refused(_ALL | {414}, cut=True, redirect=True)),
    ),
    Probe(
        "metrics",
        "R3",
        (checks.DIAGNOSTICS,),
        "metrics and states of the server",
        _OPERATORS,
        closed(METRICS, ("GET",)),
    ),
    Probe(
        "documentation", "R4", (checks.DIAGNOSTICS,), "documents of the interface", _OPERATORS, closed(DOCS, ("GET",))
    ),
    Probe(
        "shared-memory", "R15", _DIAGNOSE, "the interface to shared memory", _OPERATORS, closed(MEMORY, ("GET", "POST"))
    ),
    Probe(
        "model-repository",
        "R1",
        (checks.RUNNING, checks.DIAGNOSTICS),
        "the interface that loads and unloads models",
        _LOAD,
        repository,
    ),
)
# An open server may do what it is asked, so these come when all else was tried.
LATE: Final = (
    Probe(
        "routes-without-credentials",
        "R5",
        _OPEN,
        "every path of the protocol by every method, without credentials",
        _GATE,
        unknown_methods,
    ),
    Probe(
        "documented-routes",
        "R4",
        _OPEN,
        "every route that the server's own documents name, by every method, without credentials",
        _GATE,
        documented,
    ),
    Probe("administration", "R4", _DIAGNOSE, "paths of administration", _OPERATORS, closed(ADMIN)),
)
