"""A new client is known by what was kept of it, and what was kept tells nothing of its secrets."""

import datetime as dt

import pytest

from redan.errors import RedanError, UsageError
from redan.exchange.flow import Flow
from redan.exchange.signature_keys import HmacKey
from redan.gateway.clients import Clients, parse_clients
from redan.gateway.credentials import credentials
from redan.gateway.new_client import new_client
from redan.guards.signature import Signature
from signed_requests import HOST, plain, signed

TODAY = dt.date(2026, 11, 22)


def test_new_client_is_known(tmp_path):
    """The key and the secret that were handed out are taken by the guards that read the entry."""
    import base64

    made = new_client("billing", ("churn", "fraud"), Clients(), TODAY)
    (tmp_path / made.secret_file).write_text(made.secret)
    (tmp_path / made.secret_file).chmod(0o600)
    clients = parse_clients(made.entry.encode())
    found = credentials(clients, tmp_path, {})
    key = HmacKey(base64.b64decode(made.secret))
    request = plain(headers={b"authorization": b"Bearer " + made.key.encode()})
    flow = Flow(signed(request, key=key, keyid=clients.client[0].signing[0].id), "churn")
    assert found.identify.inbound(flow) is None
    assert Signature(found.signing, (HOST.decode(),)).inbound(flow) is None
    assert flow.identity.models == {"churn", "fraud"}
    assert made.key not in made.entry
    assert made.secret.strip() not in made.entry
    with pytest.raises(UsageError):
        new_client("billing", ("churn",), clients, TODAY)


@pytest.mark.parametrize(
    ("principal", "models"),
    [
        ("", ("churn",)),
        ('a"\n[[client]]', ("churn",)),
        ("a\nb", ("churn",)),
        ("../a", ("churn",)),
        ("a", ('b"]\nkeys = ["',)),
        ("a", ()),
        ("a", ('b", "*',)),
        ('a" # ', ("churn",)),
        ("*", ("churn",)),
    ],
)
def test_names_write_nothing_else(principal, models):
    """A name that would write more than a name is refused."""
    with pytest.raises(RedanError):
        new_client(principal, models, Clients(), TODAY)
