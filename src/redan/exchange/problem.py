"""Why a request is refused: one closed list of kinds, each with its status, and one body for both standards.

Source: RFC 9457 section 3 (problem details) and Open Inference Protocol, version 2, REST (error object).
"""

from enum import Enum
from typing import NamedTuple

_BASE = "tag:redan,2026:problem/"


class Problem(Enum):
    """A kind of refusal: its slug, the status of HTTP and what a client is told."""

    MALFORMED = ("malformed", 400, "The request cannot be read.")
    UNAUTHENTICATED = ("unauthenticated", 401, "The request does not show who sends it.")
    UNSIGNED = ("signature-missing", 401, "The request is not signed as agreed.")
    FORGED = ("signature-invalid", 401, "The request's signature or digest does not fit it.")
    STALE = ("signature-stale", 401, "The request's signature is too old, or from the future.")
    REPLAYED = ("signature-replayed", 401, "The request was sent before.")
    FORBIDDEN = ("forbidden", 403, "The request is not allowed.")
    UNKNOWN = ("not-found", 404, "There is no such thing here.")
    METHOD = ("method-not-allowed", 405, "This is not done by that method.")
    SLOW = ("timeout", 408, "The request took too long to arrive.")
    LENGTH = ("length-required", 411, "The request does not say how long it is.")
    TOO_LARGE = ("too-large", 413, "The request is larger than agreed.")
    MEDIA = ("media-type", 415, "The request's type or encoding is not taken here.")
    HEAD = ("too-many-fields", 431, "The request's head is larger than agreed.")
    SCHEMA = ("schema", 400, "The request does not fit what the model takes.")
    OUTSIDE = ("outside-envelope", 422, "The input lies outside of what the model was made for.")
    THROTTLED = ("quota-exceeded", 429, "More was asked than agreed.")
    BROKEN = ("internal", 500, "The request could not be answered.")
    UPSTREAM = ("upstream", 502, "The model could not be asked.")
    UNREADY = ("unavailable", 503, "The service cannot answer now.")

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.slug = slug
        self.status = status
        self.title = title

    @property
    def type(self) -> str:
        """The identifier of the kind, of RFC 9457."""
        return _BASE + self.slug


class Refusal(NamedTuple):
    """A request that is not answered.

    Args:
        problem: its kind.
        guard: name of who refused it.
        detail: for the client where errors are not quiet; never a value of the request or a secret.
        retry_after: seconds until asking again makes sense; None when it does not.
    """

    problem: Problem
    guard: str
    detail: str = ""
    retry_after: float | None = None


class RefusedError(Exception):
    """A request that is not answered, raised where returning would take the code apart.

    Args:
        refusal: what is told.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.problem.slug)
        self.refusal = refusal
