"""Requests as the guards of run time see them, signed or not, made without a server."""

import json

from redan.exchange.flow import Flow, Identity
from redan.exchange.message import Request
from redan.exchange.signature_keys import HmacKey
from redan.exchange.signing import Target, sign

NOW = 1_700_000_000.0
SECRET = bytes(range(32))
KEY = HmacKey(SECRET)
KEYID = "alice-1"
HOST = b"api.example.org"
PATH = b"/v2/models/churn/infer"
TOKEN = "redan_" + "A" * 43
BODY = json.dumps({"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [0.5, 1.5]}]}).encode()
ALICE = Identity("alice", frozenset({"churn"}))


def plain(body=BODY, *, method="POST", path=PATH, query=b"", headers=None, peer="127.0.0.1", now=NOW):
    """A request with a token and a type, and other headers in their place when given."""
    found = {b"host": HOST, b"content-type": b"application/json", b"authorization": b"Bearer " + TOKEN.encode()}
    found |= headers or {}
    kept = tuple((name, value) for name, value in found.items() if value is not None)
    return Request(method, path, query, kept, body, peer, now)


def signed(request=None, *, key=KEY, keyid=KEYID, now=NOW, authority=HOST, **more):
    """The same request with a signature."""
    request = plain() if request is None else request
    target = Target(request.method.encode(), authority, request.path, request.query)
    made, _ = sign(target, request.fields(), request.body, keyid=keyid, key=key, now=now, **more)
    return request._replace(headers=request.headers + tuple(made.items()))


def replaced(request, name, value):
    """The request with one header's value replaced, or without it when None."""
    kept = tuple((key, old) for key, old in request.headers if key != name)
    return request._replace(headers=kept if value is None else (*kept, (name, value)))


def flow(request, identity=ALICE, model="churn"):
    """A flow as it is when the sender is known."""
    found = Flow(request, model)
    found.identity = identity
    return found
