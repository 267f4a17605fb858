"""Secrets in code are found by line and rule; harmless look-alikes are not; nothing of a secret is shown or logged."""

import logging
import string
from random import Random

import pytest

from redan.errors import InputError, MissingExtraError
from redan.measures import secrets
from redan.measures.secrets import find_secrets


def drawn(count, alphabet=string.ascii_letters + string.digits, seed=1):
    """A random string that no issuer gave out."""
    return "".join(Random(seed).choices(alphabet, k=count))


@pytest.fixture
def scanner():
    """The scanner, or a skip."""
    return pytest.importorskip("credsweeper", reason="the extra 'secrets' is not installed")


def private_key():
    """A fresh private key in PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    kept = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*kept).decode()


PLANTED = {
    "aws.py": 'KEY = "' + "AK" + "IA" + drawn(16, string.ascii_uppercase + "234567") + '"\n',
    "gcp.py": 'API = "' + "AI" + "za" + drawn(35) + '"\n',
    "azure.py": 'conn = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=' + drawn(86) + '=="\n',
    "github.py": 'token = "' + "gh" + "p_" + drawn(36) + '"\n',
    "url.py": 'read_csv("https://alice:' + drawn(10, seed=5) + '@files.example.com/t.csv")\n',
    "config.yaml": "db:\n  password: " + drawn(5, seed=3) + "!7" + drawn(6, seed=4) + "\n",
    "nb.ipynb": '{"cells": [{"source": [\n"password = \\"' + drawn(4) + "&7" + drawn(6, seed=9) + '\\"\\n"]}]}\n',
    "strange.pkl": 'token = "' + "gh" + "p_" + drawn(36, seed=6) + '"\n',
}


def test_planted_secrets_are_found(scanner):
    """Every file with a secret has a hit, whatever its name ends in, private keys too."""
    files = {**PLANTED, "key.py": f'KEY = """{private_key()}"""\n'}
    found = find_secrets([(name, text.encode()) for name, text in files.items()])
    assert set(found) == set(files)
    assert [name for name, hits in found.items() if not hits] == []


def test_lines_are_counted_from_one(scanner):
    """The hit names the line of the secret."""
    text = "import os\n\n\n" + PLANTED["github.py"]
    assert [hit.line for hit in find_secrets([("t.py", text.encode())])["t.py"]] == [4]


def test_harmless_code_has_none(scanner):
    """Digests, run ids, tokenizers and secrets read from the environment are none."""
    text = (
        f'SHA256 = "{drawn(64, "0123456789abcdef")}"\nRUN = "6f1c2a30-9d0b-4e36-8a71-2f9b7c1d5e44"\n'
        'password = os.environ["DB_PASSWORD"]\npad_token = "[PAD]"\nsort_key = "customerID"\n'
        'url = f"postgresql://{user}:{password}@db/crm"\n'
    )
    assert find_secrets([("train.py", text.encode())]) == {"train.py": ()}


def test_nothing_of_a_secret_is_shown(scanner, caplog, capsys):
    """Neither hits nor logs nor output hold the secret."""
    with caplog.at_level(logging.DEBUG):
        found = find_secrets([("aws.py", PLANTED["aws.py"].encode())])
    out = capsys.readouterr()
    secret = PLANTED["aws.py"].split('"')[1]
    assert found["aws.py"]
    assert secret not in f"{found}{caplog.text}{out.out}{out.err}"


@pytest.mark.parametrize("text", [b"", b"\xff\xfe\xfd", b"a" * 300_000, b"\n" * 5000, b'"' * 9999], ids=len)
def test_hostile_text_gives_an_answer(scanner, text):
    """Empty, non-UTF-8, endless-line and quote-only files are answered without a traceback."""
    assert find_secrets([("x.py", text)]) == {"x.py": ()}


def test_binary_is_refused():
    """A file with NUL bytes is not called clean."""
    with pytest.raises(InputError, match="not a text file"):
        find_secrets([("x.py", b"a\0b")])


def test_missing_scanner_is_said(monkeypatch):
    """Without the extra there is an install line, not a pass."""
    import sys

    monkeypatch.setitem(sys.modules, "credsweeper", None)
    monkeypatch.setitem(sys.modules, "credsweeper.app", None)
    with pytest.raises(MissingExtraError, match="credsweeper") as caught:
        secrets.find_secrets([("x.py", b"x = 1\n")])
    assert "redan[secrets]" in str(caught.value)
