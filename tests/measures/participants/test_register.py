"""The register of participants: what it accepts, what it refuses, and that nothing else ever comes out of it."""

import datetime as dt
import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.participants.participants_cases import COLUMNS, register, register_text, signers
from redan.errors import InputError
from redan.measures.participants import parse_register, read_register
from redan.seal.keys import generate

ROOT = Path(__file__).resolve().parents[3]


def fuzz_target():
    spec = importlib.util.spec_from_file_location("fuzz_participants", ROOT / "fuzz" / "fuzz_participants.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TestOneInput


def test_both_formats_say_the_same(tmp_path):
    """A register in TOML and the same in JSON are equal, and so is a key as one line of base64."""
    keys = signers("a", "b")
    toml = register(keys, '[[participant]]\nid = "c"\nsince = 2026-01-01\nuntil = "2026-12-31"\nwithdrawn = true\n')
    bare = {n: "".join(k.public.pem.splitlines()[1:-1]) for n, k in keys.items()}
    whole = {
        "context": "acme/roads",
        "columns": COLUMNS,
        "participant": [
            {"id": "a", "key": bare["a"]},
            {"id": "b", "keys": [bare["b"]]},
            {"id": "c", "since": "2026-01-01", "until": "2026-12-31", "withdrawn": True},
        ],
    }
    path = tmp_path / "people.json"
    path.write_text(json.dumps(whole))
    assert read_register(path) == toml
    assert toml.keyless == 1
    assert toml.sharing == 0
    assert toml.active(dt.date(2026, 6, 1)) == 2


def test_authority_has_a_beginning_and_an_end():
    """A participant may contribute from its first to its last day, both included, and never once withdrawn."""
    people = register({}, '[[participant]]\nid = "x"\nsince = 2026-02-01\nuntil = 2026-02-28\n').participants
    days = [dt.date(2026, 1, 31), dt.date(2026, 2, 1), dt.date(2026, 2, 28), dt.date(2026, 3, 1)]
    assert [people["x"].authorised(day) for day in days] == [False, True, True, False]


def test_accounts_with_one_key_are_counted():
    """Three accounts that share two keys crosswise are all told."""
    one, two = generate("ed25519"), generate("p256")
    entry = '[[participant]]\nid = "{}"\nkeys = ["""{}""", """{}"""]\n'
    more = entry.format("x", one.public.pem, generate("p256").public.pem) + entry.format(
        "y", one.public.pem, two.public.pem
    )
    more += f'[[participant]]\nid = "z"\nkey = """{two.public.pem}"""\n[[participant]]\nid = "own"\nkey = """{generate().public.pem}"""\n'
    assert register({}, more).sharing == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no participant"),
        ('context = "x"', "names no participant"),
        ('participant = [1]\ncontext = "x"', "not a table"),
        ('[[participant]]\nid = "a"\n', "'context'"),
        ('context = "x"\n[[participant]]\nid = "a"\n[[participant]]\nid = "a"\n', "twice"),
        ('context = "x"\n[[participant]]\nid = ""\n', "'id'"),
        ('context = "x"\n[[participant]]\nid = "a\\u202e"\n', "'id'"),
        ('context = "x"\n[[participant]]\nid = "a"\nadmin = true\n', "unknown key 'admin'"),
        ('context = "x"\n[[participant]]\nid = "a"\nuntil = "soon"\n', "date"),
        ('context = "x"\n[[participant]]\nid = "a"\nsince = 2026-02-01\nuntil = 2026-01-01\n', "before its first"),
        ('context = "x"\n[[participant]]\nid = "a"\nwithdrawn = "yes"\n', "true or false"),
        ('context = "x"\n[[participant]]\nid = "a"\nkey = "nonsense"\n', "public key"),
        ('context = "x"\n[columns]\na = "bool"\nb = "integer"\n[[participant]]\nid = "a"\n', "kinds"),
        ('context = "x"\nwho = 1\n[[participant]]\nid = "a"\n', "unknown key 'who'"),
        ("context = ", "not TOML"),
    ],
)
def test_faults_are_named(text, says):
    """Each fault is refused in one line that says what is wrong."""
    with pytest.raises(InputError, match=says) as refused:
        parse_register(text.encode(), where="people.toml")
    assert str(refused.value).startswith("people.toml")


def test_a_private_key_is_refused_and_not_repeated():
    """Whoever pastes the private key is told, and the message does not hold it."""
    key = generate("p256").private_pem().decode()
    text = f'context = "x"\n[columns]\na = "text"\n[[participant]]\nid = "a"\nkey = """{key}"""\n'
    with pytest.raises(InputError, match="private key") as refused:
        parse_register(text.encode(), where="people.toml")
    assert key.splitlines()[1] not in str(refused.value)


def test_keys_need_to_know_what_they_sign():
    """A register with keys and without columns is refused: the kinds would depend on the file."""
    with pytest.raises(InputError, match="what a signed message holds"):
        parse_register(register_text(signers("a"), columns={}).encode(), where="people.toml")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_register_or_a_refusal(data):
    """The fuzz target holds for arbitrary bytes."""
    fuzz_target()(data)


PIECES = [
    "context",
    "=",
    '"x"',
    "\n",
    "[[participant]]",
    "id",
    "[columns]",
    "a",
    '"number"',
    "key",
    "since",
    "2026-01-01",
    "{",
    "}",
    "[",
    "]",
    ",",
    "true",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join))
def test_any_text_like_one_is_a_register_or_a_refusal(text):
    """The fuzz target holds for texts made of the words of registers."""
    fuzz_target()(text.encode())
