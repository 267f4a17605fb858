"""Settings: what would silently not be enforced, or open what nobody meant to open, is refused before anything starts."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import houses
from redan.errors import ConfigError, RedanError
from redan.gateway.address import parse_address, parse_url
from redan.gateway.assembly import assemble
from redan.gateway.settings import refuse_unenforced


def project(tmp_path, **given):
    """A project in a folder of its own."""
    return houses.project(tmp_path / "p", **given)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("rate = 1", "'rate' is declared"),
        ("burst = 1", "'burst' is declared"),
        ("queries = 1", "'queries' is declared"),
        ("leak = 0.5", "'leak' is declared"),
        ("decimals = 2", "'decimals' is declared"),
        ("top = 1", "'top' is declared"),
        ("rate_limited = true", "'rate_limited' is declared"),
        ('answers = "label"', "'answers' is declared"),
        ("coverage = 0.9", "'coverage' is declared"),
        ("abstain_above = 2", "'abstain_above' is declared"),
    ],
)
def test_what_no_guard_enforces_stops_the_start(tmp_path, keys, says):
    """A policy that is not enforced is worse than none; the guards of a server say what they keep."""
    found = houses.read(project(tmp_path, endpoint=keys))
    with pytest.raises(ConfigError, match=says):
        refuse_unenforced(found, frozenset(), "redan.toml:1")
    refuse_unenforced(found, frozenset(found.served[0].declared), "redan.toml:1")


def test_who_does_not_say_who_may_ask_serves_nobody(tmp_path):
    """Authentication is what holds where nothing is said."""
    folder = project(tmp_path)
    text = (folder / "redan.toml").read_text()
    (folder / "redan.toml").write_text(text.replace("authenticated = false\n", ""))
    with pytest.raises(ConfigError, match="authenticated"):
        refuse_unenforced(houses.read(folder), frozenset(), "redan.toml:1")


@pytest.mark.parametrize(
    ("keys", "endpoint", "says"),
    [
        ('listen = "0.0.0.0:8080"', "", "anybody"),
        ('listen = "localhost:8080"', "", "anybody"),
        ('listen = "8080"', "", "no address"),
        ('listen = "127.0.0.1:99999"', "", "no such port"),
        ('listen = "unix:"', "", "socket"),
        ('admin = "0.0.0.0:8081"', "", "open to the network"),
        ('admin = "example.org:8081"', "", "open to the network"),
        ('admin = "127.0.0.1:8080"', "", "taken at"),
        ('upstream = "ftp://127.0.0.1"', "", "plain address"),
        ('upstream = "http://user:secret@127.0.0.1"', "", "plain address"),
        ('upstream = "http://127.0.0.1:99999"', "", "no address"),
        ('store = "http://127.0.0.1"', "", "no address of a store"),
        ('store = "env:lower"', "", "no address of a store"),
        ('store = "env:"', "", "no address of a store"),
        ('store = "valkey://"', "", "no address of a store"),
        ('store = "valkey://:hidden@127.0.0.1"', "", "holds a password"),
        ('store = "unix://redan:hidden@/run/valkey.sock"', "", "holds a password"),
        ('store = "valkeys://127.0.0.1?password=hidden"', "", "holds a password"),
        ('endpoints = ["other"]', "", "no \\[\\[endpoint\\]\\]"),
        ('state = "../elsewhere"', "", "leaves"),
        ('key = "/etc/key.pem"', "", "leaves"),
        ("durable = true", "logged = false", "wait for a log"),
        ('checkpoint = "c"', "logged = false", "no checkpoint"),
        ("", 'exposure = "public"', "anybody"),
        ("nonsense = 1", "", "unknown"),
        ("body = 0", "", "at least 1"),
    ],
)
def test_contradictions_stop_the_start(tmp_path, keys, endpoint, says):
    """Each with its place and what to do."""
    with pytest.raises(ConfigError, match=says):
        houses.read(project(tmp_path, gateway=keys, endpoint=endpoint))


STORE = "redis://redan:very-hidden@127.0.0.1:6390/0"


def test_the_address_of_a_store_may_be_in_the_environment_or_a_private_file(tmp_path, monkeypatch):
    """So its password is in no description, and in nothing that the gateway tells of itself."""
    pytest.importorskip("valkey")
    monkeypatch.setenv("REDAN_STORE", f" {STORE}\n")
    folder = project(tmp_path, gateway='store = "env:REDAN_STORE"')
    (folder / "store.url").write_text(f"{STORE}\n")
    (folder / "store.url").chmod(0o600)
    text = (folder / "redan.toml").read_text()
    for said in ("env:REDAN_STORE", "file:store.url"):
        (folder / "redan.toml").write_text(text.replace("env:REDAN_STORE", said))
        found = houses.read(folder)
        assert "very-hidden" not in repr(found)
        with houses.gateway(folder) as made:
            used = made.store._client.connection_pool.connection_kwargs
            assert (used["host"], used["port"], used["password"]) == ("127.0.0.1", 6390, "very-hidden")
            assert "very-hidden" not in repr(made.store)
            assert "very-hidden" not in repr(made.store._client)


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (None, "is not set, or empty"),
        ("", "is not set, or empty"),
        (" \n", "is not set, or empty"),
        ("http://very-hidden@127.0.0.1", "holds no address of a store"),
        ("very-hidden", "holds no address of a store"),
        ("redis://very-hidden@[::1", "holds no address of a store"),
        ("redis://very-hidden@127.0.0.1:x", "holds no address of a store"),
        ("redis://x:very-h\udcff@127.0.0.1", "holds no address of a store"),
    ],
)
def test_a_variable_that_holds_no_address_stops_the_start(tmp_path, monkeypatch, held, says):
    """In one line that names the variable and nothing of what is in it; nothing was started before."""
    monkeypatch.delenv("REDAN_STORE", raising=False)
    if held is not None:
        monkeypatch.setenv("REDAN_STORE", held)
    found = houses.read(project(tmp_path, gateway='store = "env:REDAN_STORE"'))
    with pytest.raises(ConfigError, match=says) as caught:
        assemble(found)
    assert "env:REDAN_STORE" in str(caught.value)
    assert "very-h" not in str(caught.value)
    assert "\n" not in caught.value.what


def test_clients_beside_an_open_endpoint_stop_the_start(tmp_path):
    """Which of the two holds is not guessed."""
    with pytest.raises(ConfigError, match="file of clients"):
        houses.read(project(tmp_path, gateway='clients = "clients.toml"'))


def test_a_model_that_nothing_vouches_for_stops_the_start(tmp_path):
    """No seal or no key in the description."""
    folder = project(tmp_path)
    text = (folder / "redan.toml").read_text()
    (folder / "redan.toml").write_text(text.replace('seal = "model.seal"\n', ""))
    with pytest.raises(ConfigError, match="vouches"):
        houses.read(folder)


def test_no_endpoint_and_two_for_one_model_stop_the_start(tmp_path):
    """Which policy would hold is not guessed."""
    folder = project(tmp_path)
    text = (folder / "redan.toml").read_text()
    (folder / "redan.toml").write_text(text.replace("gateway = true", "gateway = false"))
    with pytest.raises(ConfigError, match="no endpoint"):
        houses.read(folder)
    (folder / "redan.toml").write_text(text + '\n[[endpoint]]\nname = "b"\nmodel = "churn"\ngateway = true\n')
    with pytest.raises(ConfigError, match="two endpoints"):
        houses.read(folder)


def test_what_is_declared_is_what_is_served(tmp_path):
    """The defaults listen on this machine and keep a log."""
    with houses.gateway(tmp_path / "p") as made:
        found = made.settings
        assert (found.listen.local, str(found.listen), found.admin) == (True, "127.0.0.1:8080", None)
        assert found.ledger == found.state / "ledger"
        assert (found.state / "secret").stat().st_mode & 0o077 == 0
        (found.state / "secret").chmod(0o644)
    with pytest.raises(RedanError, match="others"):
        assemble(houses.read(tmp_path / "p"))


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_an_address_or_one_clear_error(text):
    """Of both kinds."""
    for parse in (lambda: parse_address(text, Path("/x"), "w"), lambda: parse_url(text, "w")):
        try:
            parse()
        except ConfigError as error:
            assert str(error).startswith("w")


def test_addresses_are_read_as_they_are_written():
    """IPv4, IPv6, unix; what is not of this machine is not local."""
    assert parse_address("[::1]:8080", Path("/x"), "w")[:2] == ("::1", 8080)
    assert parse_address("[::1]:8080", Path("/x"), "w").local
    assert not parse_address("10.0.0.1:80", Path("/x"), "w").local
    assert parse_address("unix:run/s", Path("/x"), "w").path == Path("/x/run/s")
    assert parse_url("https://h/p/", "w") == (True, "h", 443, "/p")
