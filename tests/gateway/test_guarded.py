"""All guards on, from clients.toml to the answer: what has to be refused is, through the same door as what is answered."""

import asyncio
import base64
import time

import httpx
import pytest

from gateway import houses
from redan.errors import ConfigError
from redan.exchange.signature_keys import HmacKey
from redan.exchange.signing import Target, sign
from redan.gateway.assembly import assemble
from redan.gateway.client import SignedAuth
from redan.guards.api_keys import hashed, new_key

SECRET = bytes(range(32))
OTHER = bytes(range(1, 33))
TOKEN, FOREIGN = new_key(), new_key()
CLIENTS = f"""
[[client]]
principal = "alice"
models = ["churn"]
keys = ["{hashed(TOKEN)}"]
tier = "small"
[[client.signing]]
id = "alice-1"
secret = "file:alice.secret"

[[client]]
principal = "bob"
models = ["other"]
keys = ["{hashed(FOREIGN)}"]
[[client.signing]]
id = "bob-1"
secret = "file:bob.secret"

[[tier]]
name = "small"
rate = 1000.0
burst = 1000.0
"""


def project(folder, *, gateway="", endpoint="", model_keys=""):
    """A project whose endpoint asks who asks."""
    keys = f'clients = "clients.toml"\nauthorities = ["api.example.org"]\n{gateway}'
    houses.project(folder, gateway=keys, endpoint=endpoint, model_keys=model_keys)
    text = (
        (folder / "redan.toml")
        .read_text()
        .replace("authenticated = false\n", "authenticated = true\nrate_limited = true\n")
    )
    (folder / "redan.toml").write_text(text)
    (folder / "clients.toml").write_text(CLIENTS)
    for name, secret in (("alice", SECRET), ("bob", OTHER)):
        (folder / f"{name}.secret").write_text(base64.b64encode(secret).decode())
        (folder / f"{name}.secret").chmod(0o600)
    return folder


@pytest.fixture
def made(tmp_path):
    """A gateway with all guards on."""
    with houses.gateway(project(tmp_path / "p")) as found:
        yield found


def signed(
    body=houses.BODY,
    *,
    token=TOKEN,
    keyid="alice-1",
    secret=SECRET,
    path="/v2/models/churn/infer",
    now=None,
    authority=b"api.example.org",
):
    """Headers of a signed question."""
    fields = {b"host": authority, b"authorization": f"Bearer {token}".encode(), b"content-type": b"application/json"}
    target = Target(b"POST", authority, path.encode(), b"")
    made_, _ = sign(target, fields, body, keyid=keyid, key=HmacKey(secret), now=time.time() if now is None else now)
    return [(k.decode(), v.decode()) for k, v in {**fields, **made_}.items()]


def test_a_signed_question_is_answered_and_the_answer_is_signed(made):
    """With the signature of the question in that of the answer."""
    status, headers, _ = houses.asked(made.plane, headers=signed())
    assert status == 200
    assert b"signature" in headers


def test_what_must_be_refused_is(made):
    """Unsigned, altered, replayed, stale, from the future, by a foreign key, for another host, model or version."""
    good = signed()
    assert houses.asked(made.plane, headers=good)[0] == 200
    cases = {
        "replayed": (good, houses.BODY, "/v2/models/churn/infer", 401),
        "unsigned": ([h for h in signed() if not h[0].startswith("signature")], houses.BODY, "/v2/models/churn/infer", 401),
        "altered": (signed(), houses.BODY.replace(b"1", b"7"), "/v2/models/churn/infer", 401),
        "stale": (signed(now=time.time() - 600), houses.BODY, "/v2/models/churn/infer", 401),
        "future": (signed(now=time.time() + 600), houses.BODY, "/v2/models/churn/infer", 401),
        "foreign key": (signed(keyid="bob-1", secret=OTHER), houses.BODY, "/v2/models/churn/infer", 401),
        "foreign token": (signed(token=FOREIGN), houses.BODY, "/v2/models/churn/infer", 404),
        "no token": ([h for h in signed() if h[0] != "authorization"], houses.BODY, "/v2/models/churn/infer", 401),
        "other host": (signed(authority=b"evil.example.org"), houses.BODY, "/v2/models/churn/infer", 401),
        "other path": (signed(path="/v2/models/other/infer"), houses.BODY, "/v2/models/churn/infer", 401),
        "not his model": (signed(token=FOREIGN, keyid="bob-1", secret=OTHER), houses.BODY, "/v2/models/churn/infer", 404),
        "no such model": (signed(path="/v2/models/nothing/infer"), houses.BODY, "/v2/models/nothing/infer", 404),
        "no such version": (signed(path="/v2/models/churn/versions/9/infer"), houses.BODY, "/v2/models/churn/versions/9/infer", 404),
        "malformed": (signed(b"{}"), b"{}", "/v2/models/churn/infer", 400),
    }  # fmt: skip
    found = {
        name: houses.asked(made.plane, path=path, body=body, headers=headers)[0]
        for name, (headers, body, path, _) in cases.items()
    }
    assert found == {name: wanted for name, (*_, wanted) in cases.items()}


def test_who_asks_astray_pays_and_learns_nothing(tmp_path):
    """Names that are not there and names of others are the same, before and after the rate is spent, and the rate of
    what the principal may ask stays whole: a token without its signing key spends nothing of it."""
    folder = project(tmp_path / "p")
    (folder / "clients.toml").write_text(CLIENTS.replace("rate = 1000.0\nburst = 1000.0", "rate = 0.01\nburst = 4"))
    bare = [("authorization", f"Bearer {TOKEN}"), ("content-type", "application/json")]
    with houses.gateway(folder) as made:
        names = ("other", "nothing", "churn/versions/9", "other", "nothing")
        found = [houses.asked(made.plane, path=f"/v2/models/{name}/infer", headers=bare) for name in names]
        assert [status for status, *_ in found] == [404, 404, 404, 404, 429]
        assert len({(tuple(sorted(h)), len(body)) for status, h, body in found if status == 404}) == 1
        assert houses.asked(made.plane, "GET", "/v2/models/other", b"", bare)[0] == 429
        assert [houses.asked(made.plane, headers=bare)[0] for _ in range(9)] == [401] * 9
        assert [houses.asked(made.plane, headers=signed(secret=OTHER))[0] for _ in range(9)] == [401] * 9
        assert [houses.asked(made.plane, headers=signed())[0] for _ in range(5)] == [200] * 4 + [429]


def test_metadata_is_for_those_who_are_known_and_may_ask(made):
    """A key is enough, a foreign one sees what is not there."""
    for path in ("/v2", "/v2/models/churn", "/v2/models/churn/ready"):
        assert houses.asked(made.plane, "GET", path, b"")[0] == 401
        assert houses.asked(made.plane, "GET", path, b"", [("authorization", f"Bearer {TOKEN}")])[0] == 200
    bob = [("authorization", f"Bearer {FOREIGN}")]
    assert houses.asked(made.plane, "GET", "/v2/models/churn", b"", bob)[0] == 404
    assert houses.asked(made.plane, "GET", "/v2/health/ready", b"")[0] == 200


def test_the_signing_client_asks_over_a_socket_and_checks_the_answer(tmp_path):
    """httpx with the auth class of the project; a secret that is another's is noticed on both sides."""
    folder = project(tmp_path / "p")
    text = (folder / "redan.toml").read_text().replace('"api.example.org"', '"api.example.org", "127.0.0.1"')
    (folder / "redan.toml").write_text(text)

    async def each(port):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            key = HmacKey(SECRET)
            good = SignedAuth(token=TOKEN, keyid="alice-1", key=key, answers=("alice-1", key))
            bad = SignedAuth(token=TOKEN, keyid="alice-1", key=HmacKey(OTHER))
            headers = {"host": "api.example.org", "content-type": "application/json"}
            return [
                (
                    await client.post("/v2/models/churn/infer", content=houses.BODY, headers=headers, auth=auth)
                ).status_code
                for auth in (good, bad, good)
            ]

    with houses.gateway(folder) as made, houses.listening(made) as port:
        assert asyncio.run(each(port)) == [200, 401, 200]


def test_an_endpoint_allows_so_many_questions_and_a_restart_gives_none_back(tmp_path):
    """`queries` counts rows; the rest is refused with 429, also by the next process."""
    folder = project(tmp_path / "p", endpoint="queries = 6")
    with houses.gateway(folder) as made:
        assert [houses.asked(made.plane, headers=signed())[0] for _ in range(4)] == [200, 200, 200, 429]
    with houses.gateway(folder) as made:
        assert houses.asked(made.plane, headers=signed())[0] == 429


def test_answers_tell_so_much_of_the_model_and_no_more(tmp_path):
    """`leak`, of the endpoint and of a tier: one unknown for each number of an answer, in parts of the model's own."""
    folder = project(tmp_path / "p", endpoint="leak = 20.0")  # the matrix has one number; an answer to a row tells 4
    with houses.gateway(folder) as made:
        assert [houses.asked(made.plane, headers=signed())[0] for _ in range(3)] == [200, 200, 429]
    folder = project(tmp_path / "s", endpoint='leak = 0.6\nanswers = "label"')  # a class is log2(3) of 24 bits, twice
    with houses.gateway(folder) as made:
        assert [houses.asked(made.plane, headers=signed())[0] for _ in range(3)] == [200, 200, 429]
    folder = project(tmp_path / "q")
    (folder / "clients.toml").write_text(CLIENTS.replace("burst = 1000.0", "burst = 1000.0\nleak = 10.0"))
    with houses.gateway(folder) as made:
        assert [houses.asked(made.plane, headers=signed())[0] for _ in range(2)] == [200, 429]
    folder = project(tmp_path / "r", endpoint="leak = 1.0", gateway='upstream = "http://127.0.0.1:9"')
    with pytest.raises(ConfigError, match="leak"):
        assemble(houses.read(folder))


def test_a_rate_of_an_endpoint_holds_for_each_client(tmp_path):
    """A burst, then a refusal that says when to come back."""
    folder = project(tmp_path / "p", endpoint="rate = 0.1\nburst = 2")
    with houses.gateway(folder) as made:
        found = [houses.asked(made.plane, headers=signed()) for _ in range(3)]
        assert [status for status, *_ in found] == [200, 200, 429]
        assert 1 <= int(found[2][1][b"retry-after"]) <= 10


def test_a_replay_after_a_kill_is_refused(tmp_path):
    """Nonces of a killed process are lost, so nothing is believed that was signed before the start."""
    folder = project(tmp_path / "p")
    first = assemble(houses.read(folder), now=time.time() - 10)
    good = signed(now=time.time() + 2)
    assert houses.asked(first.plane, headers=good)[0] == 200
    first.register.journal.close()
    second = assemble(houses.read(folder), now=time.time() + 3)
    assert houses.asked(second.plane, headers=good)[0] == 401
    second.close()
    second = assemble(houses.read(folder), now=time.time() - 10)  # killed, too
    second.register.journal.close()
    third = assemble(houses.read(folder), now=time.time() - 10)
    assert houses.asked(third.plane, headers=signed())[0] == 200
    third.close()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('secret = "file:alice.secret"', 'secret = "file:nothing"'), "opened"),
        (('models = ["churn"]', "models = []"), "models"),
        (('tier = "small"', 'tier = "large"'), "tier"),
    ],
)
def test_clients_that_are_wrong_stop_the_start(tmp_path, change, says):
    """In one line, before anything is served."""
    folder = project(tmp_path / "p")
    (folder / "clients.toml").write_text(CLIENTS.replace(*change, 1))
    with pytest.raises(ConfigError, match=says):
        assemble(houses.read(folder))


def test_signing_that_cannot_be_checked_stops_the_start(tmp_path):
    """Nobody has a key, or the service does not know its name, or a burst has no rate."""
    folder = project(tmp_path / "p")
    (folder / "clients.toml").write_text(
        "\n".join(
            line for line in CLIENTS.splitlines() if not line.startswith(("id =", "secret =", "[[client.signing"))
        )
    )
    with pytest.raises(ConfigError, match="sign"):
        assemble(houses.read(folder))
    folder = project(tmp_path / "q", gateway='listen = "0.0.0.0:80"')
    (folder / "redan.toml").write_text(
        (folder / "redan.toml").read_text().replace('authorities = ["api.example.org"]\n', "")
    )
    with pytest.raises(ConfigError, match="names"):
        assemble(houses.read(folder))
    with pytest.raises(ConfigError, match="burst"):
        assemble(houses.read(project(tmp_path / "r", endpoint="burst = 5")))


def test_events_tell_no_client_by_name(made):
    """The principal is a keyed digest; decisions are counted by guard."""
    houses.asked(made.plane, headers=signed())
    houses.asked(made.plane, headers=signed(now=1.0))
    assert made.register.metrics.decisions["signature", "signature-stale"] == 1
    entry = made.register.clerk.pseudonym("alice")
    assert "alice" not in entry
