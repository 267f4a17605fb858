"""What was decided about one request, as canonical bytes that hold nothing of a person.

Names of principals and bodies are told as keyed digests: who holds the key finds the events of a client or a request,
and the log alone tells neither. Numbers with a fraction are texts, so that the bytes are canonical (RFC 8785).

Source: A-MLSG-004-D006; RFC 8785.
"""

import hmac
import time
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

import msgspec

from redan.exchange.problem import Refusal
from redan.gateway.steps import Decided

_WORDS: Final = 4096  # principals whose pseudonym is remembered
_TEXT: Final = 120
TYPE: Final = "redan/gateway/v1"


class Event(msgspec.Struct, omit_defaults=True, gc=False):
    """One decision; the fields lie in the order of their names, which makes the bytes canonical.

    Args:
        at: RFC 3339, UTC, microseconds.
        guard: who refused; left out when it was answered.
        key: identifier of the event, which a client is told with a refusal.
        model: name.
        notes: short names and numbers of guards.
        principal: keyed digest of who asked; left out when that is not known.
        problem: slug of the refusal; left out when it was answered.
        request: keyed digest of the body.
        rows: asked about.
        skipped: refusals of unknown senders since the last event that were counted and not written.
        status: of HTTP.
        type: of this record.
        us: microseconds from the last byte of the request to the decision.
        version: of the model in service.
    """

    at: str
    guard: str = ""
    key: str = ""
    model: str = ""
    notes: dict[str, str | int] = {}
    principal: str = ""
    problem: str = ""
    request: str = ""
    rows: int = 0
    skipped: int = 0
    status: int = 0
    type: str = ""
    us: int = 0
    version: str = ""


class Happening(msgspec.Struct, omit_defaults=True, gc=False):
    """Something that concerns the service and no request, such as an exchanged model."""

    about: dict[str, str | int | None]
    at: str
    key: str
    model: str
    type: str
    what: str


_ENCODER: Final = msgspec.json.Encoder(order="deterministic")  # fields of records lie sorted already


@dataclass(slots=True)
class Clerk:
    """Writes decisions down as bytes.

    Args:
        secret: key of the digests, 32 bytes.
    """

    secret: bytes
    _names: dict[str, str] = field(default_factory=dict)
    _words: dict[str, str] = field(default_factory=dict)
    _second: tuple[int, str] = (-1, "")

    def event(self, one: Decided, key: str, version: str, now: float, skipped: int = 0) -> bytes:
        """The bytes of a decision.

        Args:
            one: the decision.
            key: identifier of the event.
            version: of the model in service; the empty string when there is none of that name.
            now: seconds since the epoch.
            skipped: refusals that were counted since the last event.
        """
        flow, refused = one
        request, identity, asked = flow.request, flow.identity, flow.inference
        if refused is None and identity is not None and asked is not None and not flow.notes and not skipped:
            digest = blake2b(request.body, key=self.secret, digest_size=16).hexdigest()
            us = max(0, int((now - request.now) * 1e6))
            return (  # what `Event` says, for the one kind that there are thousands of
                f'{{"at":"{self.moment(request.now)}","key":"{key}","model":{self._quoted(flow.model)},'
                f'"principal":"{self.pseudonym(identity.principal)}","request":"{digest}",'
                + (f'"rows":{asked.rows},' if asked.rows else "")
                + f'"status":200,"type":"{TYPE}",'
                + (f'"us":{us},' if us else "")
                + f'"version":{self._quoted(version)}}}'
            ).encode()
        return _ENCODER.encode(
            Event(
                at=self.moment(request.now),
                guard="" if refused is None else refused.guard,
                key=key,
                model=flow.model,
                notes={name: _plain(value) for name, value in flow.notes.items()} if flow.notes else {},
                principal="" if identity is None else self.pseudonym(identity.principal),
                problem="" if refused is None else refused.problem.slug,
                request=blake2b(request.body, key=self.secret, digest_size=16).hexdigest() if request.body else "",
                rows=0 if asked is None else asked.rows,
                skipped=skipped,
                status=200 if refused is None else refused.problem.status,
                type=TYPE,
                us=max(0, int((now - request.now) * 1e6)),
                version=version,
            )
        )

    def refusal(self, refused: Refusal, key: str, now: float) -> bytes:
        """The bytes of a refusal that no flow belongs to."""
        status, slug = refused.problem.status, refused.problem.slug
        return _ENCODER.encode(
            Event(at=self.moment(now), guard=refused.guard, key=key, problem=slug, status=status, type=TYPE)
        )

    def happening(self, model: str, what: str, about: "dict[str, str | int | None]", key: str, now: float) -> bytes:
        """The bytes of something that concerns the service."""
        return _ENCODER.encode(Happening(about=about, at=self.moment(now), key=key, model=model, type=TYPE, what=what))

    def _quoted(self, text: str) -> str:
        """A word as JSON; there are few of them."""
        found = self._words.get(text)
        if found is None:
            if len(self._words) >= _WORDS:
                self._words.clear()
            found = self._words[text] = _ENCODER.encode(text).decode()
        return found

    def pseudonym(self, principal: str) -> str:
        """The name of a principal in the log, 24 hex digits."""
        found = self._names.get(principal)
        if found is None:
            if len(self._names) >= _WORDS:
                self._names.clear()
            found = self._names[principal] = hmac.digest(self.secret, principal.encode(), "sha256").hex()[:24]
        return found

    def moment(self, now: float) -> str:
        """A time as RFC 3339; the part down to the second is written once a second."""
        second = int(now)
        known, prefix = self._second  # read and written at once: other threads write, too
        if second != known:
            prefix = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
            self._second = second, prefix
        return f"{prefix}{int((now - second) * 1e6):06d}Z"


def _plain(value: str | float) -> str | int:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value[:_TEXT] if isinstance(value, str) else value
