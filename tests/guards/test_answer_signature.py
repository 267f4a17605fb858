"""Signed answers: bound to their question, read alike by ours and by the peer, refused when altered."""

import http_message_signatures as peer
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from redan.exchange.flow import Signed
from redan.exchange.message import Response
from redan.exchange.message_signature import EVENT, JSON_LENGTH, FormError
from redan.exchange.signature_keys import Ed25519Key, HmacKey
from redan.exchange.signing import Sent, answered
from redan.guards.answer_signature import AnswerSignature
from redan.guards.signature import Signature, SigningKey
from signed_requests import HOST, KEY, KEYID, NOW, flow, plain, signed

OWN = ed25519.Ed25519PrivateKey.from_private_bytes(b"s" * 32)
SERVER = Ed25519Key(OWN.public_key(), OWN)
SHARED = AnswerSignature({KEYID: KEY})
ASYMMETRIC = AnswerSignature({}, ("server-1", SERVER))
ANSWER = Response(200, ((b"content-type", b"application/json"),), b'{"outputs": []}')
BINARY = Response(200, ((b"content-type", b"application/octet-stream"), (JSON_LENGTH, b"15")), b'{"outputs": []}\x00')
TOLD = ANSWER._replace(headers=(*ANSWER.headers, (EVENT, b"0" * 24)))
REFUSAL = Response(422, ((b"content-type", b"application/problem+json"),), b"{}")


def passed(request):
    found = flow(request)
    assert Signature({KEYID.encode(): SigningKey(KEYID, "alice", KEY)}, (HOST.decode(),)).inbound(found) is None
    return found


def check(response, found, keyid=KEYID, key=KEY, sent=None, **more):
    sent = Sent(found.signed.value, int(NOW)) if sent is None else sent
    answered(response.status, dict(response.headers), response.body, sent, keyid=keyid, key=key, **more)


@pytest.mark.parametrize("answer", [ANSWER, BINARY, TOLD, REFUSAL])
@pytest.mark.parametrize(("guard", "keyid", "key"), [(SHARED, KEYID, KEY), (ASYMMETRIC, "server-1", SERVER)])
def test_answers_fit_their_question(answer, guard, keyid, key):
    """An answer is taken for the question that it was given to, and for no other."""
    found = passed(signed())
    response = guard.finish(found, answer)
    assert response.body == answer.body
    check(response, found, keyid, key)
    with pytest.raises(FormError, match="fit"):
        check(response, passed(signed()), keyid, key)


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r._replace(status=201),
        lambda r: r._replace(body=r.body + b" "),
        lambda r: r._replace(headers=r.headers[1:]),
        lambda r: r._replace(headers=((b"content-type", b"text/plain"), *r.headers[1:])),
        lambda r: r._replace(headers=(*r.headers, (JSON_LENGTH, b"3"))),
        lambda r: r._replace(headers=r.headers[:-1]),
        lambda r: r._replace(headers=r.headers[:-2] + r.headers[-1:]),
        lambda r: r._replace(headers=tuple(h for h in r.headers if h[0] != b"content-digest")),
        lambda r: r._replace(
            headers=(*r.headers[:-2], (b"signature-input", r.headers[-2][1] + b";x=1"), r.headers[-1])
        ),
        lambda r: r._replace(headers=(*r.headers[:-2], (b"signature-input", b"redan=()"), r.headers[-1])),
        lambda r: ANSWER,
    ],
)
def test_altered_answers_are_refused(change):
    """Status, type, body and parameters are covered."""
    found = passed(signed())
    with pytest.raises(FormError):
        check(change(SHARED.finish(found, ANSWER)), found)


@pytest.mark.parametrize("value", [b"1" + b"0" * 23, None])
def test_the_identifier_of_the_event_is_covered(value):
    """Labels that are told to another event, or to none, would be joined to another answer."""
    found = passed(signed())
    response = SHARED.finish(found, TOLD)
    other = () if value is None else ((EVENT, value),)
    with pytest.raises(FormError):
        check(response._replace(headers=(*(h for h in response.headers if h[0] != EVENT), *other)), found)


def test_keys_and_times_of_answers():
    """Another key, another name of it, and another time are refused."""
    found = passed(signed())
    response = SHARED.finish(found, ANSWER)
    with pytest.raises(FormError):
        check(response, found, key=HmacKey(b"y" * 32))
    with pytest.raises(FormError):
        check(response, found, keyid="other")
    with pytest.raises(FormError, match="time"):
        check(response, found, sent=Sent(found.signed.value, int(NOW) - 61))


def test_a_question_is_no_answer():
    """The signature of a request cannot be sent back as that of an answer."""
    found = passed(signed())
    request = dict(found.request.headers)
    reflected = ANSWER._replace(
        headers=(*ANSWER.headers, *((n, request[n]) for n in (b"content-digest", b"signature-input", b"signature")))
    )
    with pytest.raises(FormError):
        check(reflected._replace(body=found.request.body), found)


def test_unsigned_questions_have_unsigned_answers():
    """Where there is nothing to bind to, or no key, the answer is left as it is."""
    assert SHARED.finish(flow(plain()), ANSWER) is ANSWER
    assert AnswerSignature({}).finish(passed(signed()), ANSWER) is ANSWER


class Message:
    """An answer and its request as the peer reads them."""

    def __init__(self, request, response):
        self.status_code = response.status
        self.headers = {name.decode(): value.decode() for name, value in response.headers}
        self.request = type("Asked", (), {})()
        self.request.method = request.method
        self.request.url = f"https://{HOST.decode()}{request.path.decode()}"
        self.request.headers = {name.decode(): value.decode() for name, value in request.headers}


class Resolver:
    def resolve_public_key(self, _):
        return OWN.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("answer", [ANSWER, BINARY])
def test_peer_accepts_our_answers(answer):
    """The library http-message-signatures takes our answers, bound to their request."""
    found = passed(signed())
    message = Message(found.request, ASYMMETRIC.finish(found, answer))
    verifier = peer.HTTPMessageVerifier(signature_algorithm=peer.algorithms.ED25519, key_resolver=Resolver())
    [seen] = verifier.verify(message, expect_tag="redan-answer", max_age=None, body=answer.body)
    assert '"signature";req;key="redan"' in seen.covered_components
    other = Message(passed(signed()).request, ASYMMETRIC.finish(found, answer))
    with pytest.raises(peer.InvalidSignature):
        verifier.verify(other, expect_tag="redan-answer", max_age=None, body=answer.body)


def test_signed_without_a_flow_of_ours():
    """Any label of the request's signature may be answered."""
    found = flow(plain())
    found.signed = Signed(KEYID, b"sig1", b"AA==")
    assert b'"signature";req;key="sig1"' in dict(SHARED.finish(found, ANSWER).headers)[b"signature-input"]
