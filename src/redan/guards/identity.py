"""Who asks: one answer from a key, a token or a certificate, or a refusal that does not say which of them was wrong.

Nothing is kept by an address or by the raw text of a header: what was verified is remembered by the SHA-256 of all of
the credential, and limits follow the principal (research: R21, R26).

Source: A-MLSG-004-D003; RFC 6750 section 2.1; RFC 8705 section 3.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from redan.exchange.flow import Flow, Identity
from redan.exchange.problem import Problem, Refusal
from redan.guards.certificates import Certificates
from redan.guards.known import Known, Memory
from redan.guards.tokens import Tokens

_AUTHORIZATION: Final = b"authorization"
_BEARER: Final = b"bearer "
_LONGEST: Final = 8192


@dataclass(frozen=True, slots=True)
class Identify:
    """Finds out who asks.

    Args:
        keys: identities by the SHA-256 of their API key.
        tokens: verifies JSON Web Tokens; None takes none.
        certificates: reads the certificate that a proxy tells; None takes none.
        remembered: verified credentials of either kind that are held at most.
    """

    keys: Mapping[bytes, Identity]
    tokens: Tokens | None = None
    certificates: Certificates | None = None
    remembered: int = 10_000
    name: str = "identity"
    _memory: Memory = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """What was verified is remembered for each guard by itself."""
        object.__setattr__(self, "_memory", Memory(self.remembered))

    def inbound(self, flow: Flow) -> Refusal | None:
        """Fills `flow.identity`, or refuses."""
        told = None if self.certificates is None else self._certificate(flow)
        sent = flow.fields.get(_AUTHORIZATION)
        if sent is None:
            flow.identity = None if told is None else told.identity
        elif sent[:7].lower() == _BEARER and len(sent) <= _LONGEST:
            flow.identity = self._bearer(sent[7:], flow.request.now, told)
        if flow.identity is None:
            return Refusal(Problem.UNAUTHENTICATED, self.name)
        return None

    def _bearer(self, credential: bytes, now: float, told: Known | None) -> Identity | None:
        digest = hashlib.sha256(credential).digest()
        identity = self.keys.get(digest)
        if identity is None:
            known = None if self.tokens is None else self._token(self.tokens, credential, digest, now)
            if known is None or (known.bound and (told is None or known.bound != told.bound)):
                return None
            identity = known.identity
        if told is not None and told.identity.principal != identity.principal:
            return None
        return identity

    def _token(self, tokens: Tokens, credential: bytes, digest: bytes, now: float) -> Known | None:
        known = self._memory.get(digest, now)
        if known is None:
            known = tokens.known(credential, now)
            if known is not None:
                self._memory.put(digest, known)
        return known

    def _certificate(self, flow: Flow) -> Known | None:
        certificates = self.certificates
        if certificates is None:
            return None
        value = flow.fields.get(certificates.header)
        if value is None or not certificates.trusted(flow.request, flow.fields):
            return None
        digest = hashlib.sha256(b"certificate\0" + value).digest()
        now = flow.request.now
        known = self._memory.get(digest, now)
        if known is None:
            known = certificates.known(value)
            if known is None or not known.since <= now < known.until:
                return None
            self._memory.put(digest, known)
        return known
