"""The paths that exist on the data plane, each with its methods; everything else is refused, unseen.

Source: Open Inference Protocol, version 2, REST: API paths.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from redan.exchange.problem import Problem, Refusal, RefusedError

_GUARD = "routes"
_NAME = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_MOST = 80


class Route(NamedTuple):
    """Where a request goes.

    Args:
        kind: `live`, `ready`, `server`, `model`, `model-ready`, `infer` or `feedback`.
        model: name; the empty string where there is none.
        version: the empty string where there is none.
    """

    kind: str
    model: str = ""
    version: str = ""


_FIXED = {
    b"/v2/health/live": Route("live"),
    b"/v2/health/ready": Route("ready"),
    b"/v2": Route("server"),
    b"/v2/": Route("server"),
}
_ENDS = {b"": "model", b"ready": "model-ready", b"infer": "infer", b"feedback": "feedback"}
POSTED: Final = frozenset({"infer", "feedback"})  # kinds that have a body


@lru_cache(maxsize=1024)
def route(method: str, path: bytes) -> Route:
    """Where a request goes; a path is compared as it was sent, so that no spelling leads around the comparison.

    Args:
        method: in upper case.
        path: percent-encoded; an escape in it leads nowhere, as no name needs one.

    Raises:
        RefusedError: there is no such path, or the method is not for it.
    """
    found = _FIXED.get(path) or _model(path)
    if found is None:
        raise RefusedError(Refusal(Problem.UNKNOWN, _GUARD))
    if method != ("POST" if found.kind in POSTED else "GET"):
        raise RefusedError(Refusal(Problem.METHOD, _GUARD))
    return found


def allowed(path: bytes) -> bytes:
    """The one method of a path that exists, for the header `Allow`."""
    found = _FIXED.get(path) or _model(path)
    return b"POST" if found is not None and found.kind in POSTED else b"GET"


def _model(path: bytes) -> Route | None:
    parts = path.split(b"/")
    if parts[:3] != [b"", b"v2", b"models"]:
        return None
    names, version = parts[3:], b""
    if len(names) >= 3 and names[1] == b"versions":  # noqa: PLR2004 -- model, the word, version
        version = names.pop(2)
        names.pop(1)
        if not _named(version):
            return None
    if not names or len(names) > 2 or not _named(names[0]):  # noqa: PLR2004 -- model and what is asked of it
        return None
    kind = _ENDS.get(names[1] if len(names) > 1 else b"")
    return None if kind is None else Route(kind, names[0].decode(), version.decode())


def _named(part: bytes) -> bool:
    return 0 < len(part) <= _MOST and _NAME.issuperset(part) and part.strip(b".") != b""
