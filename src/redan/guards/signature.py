"""The request is intact, fresh and sent once: its signature covers it and is of a key of its sender, its nonce is new.

In this order: form, key, digest of the body, signature, freshness; the nonce is claimed after all of them, so that
nobody can spend the nonces of another (research: R25).

Source: A-MLSG-004-D003; RFC 9421 section 3.2; RFC 9530 section 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from redan.errors import ConfigError
from redan.exchange import message_signature as wire
from redan.exchange.flow import Claim, Flow, Signed
from redan.exchange.problem import Problem, Refusal
from redan.exchange.signature_keys import Verifying
from redan.guards.store import NONCE

_MOST_AGE: Final = 60.0


class SigningKey(NamedTuple):
    """A key that requests are signed with.

    Args:
        id: name of the key.
        principal: whose it is.
        key: tells whether a signature is its own.
    """

    id: str
    principal: str
    key: Verifying


@dataclass(frozen=True, slots=True)
class Signature:
    """Checks the signature of a request, and claims its nonce.

    Args:
        keys: that sign, by their names as bytes.
        authorities: names, with port where it is not the scheme's own, by which this service is called; a request that
            was signed for another service is refused.
        required: whether everyone has to sign; where not, those who have a key still have to.
        age: seconds that a signature holds at most, up to 60.
        skew: seconds by which clocks may differ.
        born: since when nonces are remembered; what was signed before is refused. Minus infinity where the store
            outlives the process.
    """

    keys: Mapping[bytes, SigningKey]
    authorities: tuple[str, ...]
    required: bool = True
    age: float = 60.0
    skew: float = 5.0
    born: float = float("-inf")
    name: str = "signature"
    _hosts: Mapping[bytes, bytes] = field(init=False, repr=False)
    _signers: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuses settings under which a signature would mean less than it says."""
        if not self.authorities or not all(self.authorities):
            raise ConfigError(
                "signatures need the names by which the service is called",
                remedy="name its host, with the port where it is not the scheme's own",
            )
        if not 1 <= self.age <= _MOST_AGE or not 0 <= self.skew <= _MOST_AGE:
            raise ConfigError("a signature holds 1 to 60 seconds, and clocks may differ by 0 to 60")
        object.__setattr__(self, "_hosts", _hosts(self.authorities))
        object.__setattr__(self, "_signers", frozenset(found.principal for found in self.keys.values()))

    def inbound(self, flow: Flow) -> Refusal | None:
        """Fills `flow.signed` and claims the nonce, or refuses."""
        fields = flow.fields
        said, signed = fields.get(b"signature-input"), fields.get(b"signature")
        if said is None or signed is None:
            return self._unsigned(flow)
        try:
            asked = wire.params(said, wire.TAG)
            value = wire.signature(signed, asked.label)
            found = self._fitting(asked, value, flow)
        except wire.FormError as error:
            return Refusal(Problem.FORGED, self.name, str(error))
        if not self._fresh(asked, flow.request.now):
            return Refusal(Problem.STALE, self.name, "the signature is too old, from the future, or holds for too long")
        flow.signed = Signed(found.id, asked.label, value)
        nonce = f"nonce/{found.id}/{asked.nonce.decode()}"
        flow.claims.append(Claim(NONCE, nonce, 1, 0, self.age + 2 * self.skew + 1))
        return None

    def _fitting(self, asked: wire.Params, value: bytes, flow: Flow) -> SigningKey:
        """The key that the signature is of, if it is of one of the sender's and covers the request as it is."""
        fields = flow.fields
        found = self._key(asked, flow)
        base = wire.base(asked.covered)
        if not wire.covers(base, fields):
            raise wire.FormError("the signature does not cover all of the request")
        if not wire.digest_fits(fields.get(b"content-digest", b""), flow.request.body):
            raise wire.FormError("the digest does not fit the body")
        if not found.key.fits(value, wire.signed_bytes(base, self._parts(flow), asked.raw)):
            raise wire.FormError("the signature does not fit the request")
        return found

    def _unsigned(self, flow: Flow) -> Refusal | None:
        """Who has a key signs always: leaving the signature out must not be a way around it (research: R20)."""
        identity = flow.identity
        if self.required or identity is None or identity.principal in self._signers or identity.key is not None:
            return Refusal(Problem.UNSIGNED, self.name)
        if b"signature-input" in flow.fields or b"signature" in flow.fields:
            return Refusal(Problem.FORGED, self.name, "half of a signature")
        return None

    def _key(self, asked: wire.Params, flow: Flow) -> SigningKey:
        found, identity = self.keys.get(asked.keyid), flow.identity
        if (
            found is None
            or identity is None
            or found.principal != identity.principal
            or (identity.key is not None and identity.key != found.id)
            or found.key.alg != asked.alg
        ):
            raise wire.FormError("the signature is of no key of the sender")
        return found

    def _parts(self, flow: Flow) -> dict[bytes, bytes]:
        """Parts of the request by name; the authority is missing where it is none of this service's."""
        request, host = flow.request, flow.fields.get(b"host", b"")
        parts = flow.fields.copy()
        parts[b"@method"] = request.method.encode()
        parts[b"@path"] = request.path or b"/"
        parts[b"@query"] = b"?" + request.query
        authority = self._hosts.get(host) or self._hosts.get(host.lower())
        if authority is not None:
            parts[b"@authority"] = authority
        return parts

    def _fresh(self, asked: wire.Params, now: float) -> bool:
        created, expires, skew = asked.created, asked.expires, self.skew
        return (
            self.born + skew < created <= now + skew
            and created < expires <= created + self.age
            and now < expires + skew
        )


def _hosts(authorities: tuple[str, ...]) -> Mapping[bytes, bytes]:
    """How the service may be called, and how that is signed: the scheme's own port is left out."""
    found: dict[bytes, bytes] = {}
    for authority in authorities:
        plain = authority.lower().encode()
        for port in (b":443", b":80"):
            plain = plain.removesuffix(port)
        found |= {plain: plain, plain + b":443": plain, plain + b":80": plain} if _portless(plain) else {plain: plain}
    return MappingProxyType(found)


def _portless(authority: bytes) -> bool:
    return b":" not in authority or authority.endswith(b"]")
