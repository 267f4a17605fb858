"""The answer is signed together with the signature of its question, so that it cannot be given to another.

Source: A-MLSG-004-D003; RFC 9421 section 2.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from redan.exchange import message_signature as wire
from redan.exchange.flow import Flow
from redan.exchange.message import Response
from redan.exchange.signature_keys import Signing


@dataclass(frozen=True, slots=True)
class AnswerSignature:
    """Signs answers and refusals whose question was signed; others are left alone.

    Args:
        keys: of clients that share a secret with the service, by the names of the keys.
        own: name and key of the service, for clients that do not; None leaves their answers unsigned.
    """

    keys: Mapping[str, Signing]
    own: tuple[str, Signing] | None = None
    name: str = "answer-signature"

    def finish(self, flow: Flow, response: Response) -> Response:
        """Adds the digest of the body and the signature."""
        signed = flow.signed
        if signed is None:
            return response
        shared = self.keys.get(signed.key)
        if shared is not None:
            found: tuple[str, Signing] | None = (signed.key, shared)
        else:
            found = self.own
        if found is None:
            return response
        named, key = found
        digest = wire.content_digest(response.body)
        headers = (*response.headers, (b"content-digest", digest))
        covered = wire.answer_covered(dict(headers), signed.label)
        raw = b'%b;created=%d;keyid="%b";alg="%b";tag="%b"' % (
            covered,
            int(flow.request.now),
            named.encode(),
            key.alg,
            wire.ANSWER_TAG,
        )
        value = key.sign(wire.answer_bytes(response.status, dict(headers), signed.label, signed.value, raw))
        made = ((b"signature-input", b"%b=%b" % (wire.LABEL, raw)), (b"signature", b"%b=:%b:" % (wire.LABEL, value)))
        return response._replace(headers=headers + made)
