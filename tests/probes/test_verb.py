"""The verb at a server that is open on purpose, and its file of credentials."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.open_server import SECRET, TOKEN, running
from redan.cli.app import main
from redan.errors import ConfigError
from redan.exchange.signature_keys import ED25519, HMAC, P256
from redan.probes.held import held, parse_held

MINE = '[client]\ntoken = "env:MINE"\n[client.signing]\nid = "mine"\nsecret = "file:mine.key"\n'


def written(folder, text=MINE):
    """A file of credentials beside its secret."""
    (folder / "mine.key").write_text(base64.b64encode(SECRET).decode())
    (folder / "mine.key").chmod(0o600)
    (folder / "probe.toml").write_text(text)
    return folder / "probe.toml"


def test_what_is_open_is_told_with_its_remedy(tmp_path, capsys, monkeypatch):
    """Exit 1: text says what was tried, what was seen, what to do and which checks it answers; JSON the same."""
    monkeypatch.setenv("MINE", TOKEN)
    for output in ("text", "json"):
        with running("R5 delete", "R25 replay") as target, pytest.raises(SystemExit) as left:
            main(["probe", target.url, "--model", "m", "--creds", str(written(tmp_path)), "--format", output,
                  "--only", "replayed", "--only", "R5", "--only", "metrics", "--quiet"])  # fmt: skip
        assert left.value.code == 1
        told = capsys.readouterr()
        assert told.err == ""
        if output == "text":
            assert "replayed (R25)" in told.out
            assert "DELETE /v2/models/m" in told.out
            assert "A-MLSG-004-D001/replayed-and-stale-input-is-refused" in told.out
            assert "metrics" not in told.out
        else:
            found = {one["part"]: one for one in json.loads(told.out)["findings"]}
            assert {name: one["outcome"] for name, one in found.items()} == {
                "replayed": "broken",
                "routes-without-credentials": "broken",
                "metrics": "holds",
            }
            assert found["replayed"]["detail"] == {"incident": "R25"}


def test_keys_of_all_kinds_are_held(tmp_path):
    """HMAC, Ed25519 and P-256, tokens from files and the environment, a second client, promises."""
    from cryptography.hazmat.primitives import serialization as ser
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    for name, key in (
        ("e.pem", ed25519.Ed25519PrivateKey.generate()),
        ("p.pem", ec.generate_private_key(ec.SECP256R1())),
    ):
        pem = key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption())
        (tmp_path / name).write_bytes(pem)
        (tmp_path / name).chmod(0o600)
    found = held(written(tmp_path), {"MINE": "abc"})
    assert (found.mine.token, found.mine.keyid, found.mine.key.alg) == ("abc", "mine", HMAC)
    for name, alg in (("e.pem", ED25519), ("p.pem", P256)):
        text = f'[other.signing]\nid = "o"\nprivate = "{name}"\n[declared]\nrows = 5\nrate = 1.5\n'
        found = held(written(tmp_path, text), {})
        assert (found.other.key.alg, found.declared.rows, found.declared.rate, found.mine.key) == (alg, 5, 1.5, None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[client]\ntokn = 'env:A'", "tokn"),
        ("[client]\ntoken = 'secret-itself'", "file:NAME"),
        ("[client]\ntoken = 'env:NOT_THERE'", "empty"),
        ("[client]\ntoken = 'file:../x'", "leaves"),
        ("[client]\ntoken = 'file:none'", "opened"),
        ("[client.signing]\nid = 'a'", "not both"),
        ("[client.signing]\nid = 'a'\nsecret = 'env:SHORT'", "32 bytes"),
        ("[client.signing]\nid = 'a'\nsecret = 'env:ODD'", "base64"),
        ("[client.signing]\nid = 'a'\nprivate = 'mine.key'", "private key"),
        ("[declared]\nrows = 0", "rows"),
        ("[declared]\nrate = nan", "rate"),
        ("[tls]\ncertificate = 'mine.key'", "its key"),
        ("[tls]\nauthorities = 'mine.key'", "PEM"),
        ("[more]\n", "more"),
        ("x = ", "TOML"),
    ],
)
def test_a_file_that_is_wrong_is_one_line(tmp_path, text, says):
    """Which names the place and shows no secret."""
    with pytest.raises(ConfigError, match=says) as error:
        held(written(tmp_path, text), {"SHORT": "c2hvcnQ=", "ODD": "::::"})
    assert "\n" not in str(error.value)
    assert "secret-itself" not in str(error.value)


def test_a_secret_that_others_may_read_is_refused(tmp_path):
    """As the gateway refuses its own."""
    path = written(tmp_path)
    (tmp_path / "mine.key").chmod(0o644)
    with pytest.raises(ConfigError, match="others"):
        held(path, {"MINE": "abc"})


@given(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: f"[client]\ntoken = '{text}'".encode()))
def test_any_bytes_are_a_file_or_one_clear_line(data):
    """As all files of the project."""
    try:
        parse_held(data)
    except ConfigError as error:
        assert "\n" not in str(error)
