"""Checkpoints: the specification's example, the text's rules, and signatures of both kinds of key."""

import pytest

from redan.errors import InvalidError, UsageError
from redan.ledger.checkpoint import Checkpoint, body, open_checkpoint, parse_body, parse_decimal, read_checkpoint, sign
from redan.ledger.tree import EMPTY_ROOT
from redan.seal.keys import generate, parse_public
from redan.seal.note import sign_note

SIGNERS = {kind: generate(kind) for kind in ("ed25519", "p256")}
HEAD = Checkpoint("example.com/log", 42, bytes(range(32)))

# C2SP tlog-checkpoint.md; its key is not published, so only the text is a vector.
SPEC = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\u2014 example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


def test_the_specifications_example_is_read():
    """Origin, size and root of the published example; written again they are the same text."""
    found = read_checkpoint(SPEC)
    assert found.origin == "example.com/behind-the-sofa"
    assert found.size == 20852163
    assert SPEC.startswith(body(found) + "\n")


@pytest.mark.parametrize("kind", sorted(SIGNERS))
def test_round_trip(kind):
    """A signed checkpoint opens with the public key's PEM."""
    signer = SIGNERS[kind]
    key = parse_public(signer.public.pem.encode())
    note = sign(HEAD, signer)
    assert open_checkpoint(note, key, origin=HEAD.origin, canonical=True) == HEAD == open_checkpoint(note, key)
    with pytest.raises(InvalidError, match="of the log"):
        open_checkpoint(note, key, origin="example.com/other")
    with pytest.raises(InvalidError):
        open_checkpoint(note, generate(kind).public)


def test_extension_lines_are_read_but_not_canonical():
    """C2SP allows extension lines; the canonical mode refuses them."""
    signer = SIGNERS["ed25519"]
    note = sign_note(body(HEAD) + "extension\n", HEAD.origin, signer)
    assert open_checkpoint(note, signer.public) == HEAD
    with pytest.raises(InvalidError, match="extension lines"):
        open_checkpoint(note, signer.public, canonical=True)


def test_the_signer_must_go_by_the_origin():
    """A line signed under another name than the origin does not vouch for the log."""
    signer = SIGNERS["ed25519"]
    with pytest.raises(InvalidError, match="signed by"):
        open_checkpoint(sign_note(body(HEAD), "example.com/other", signer), signer.public)


def test_an_origin_that_cannot_name_a_key_is_a_usage_error():
    """Spaces and plus signs are refused before anything is signed."""
    with pytest.raises(UsageError, match="cannot name"):
        sign(Checkpoint("my log", 0, EMPTY_ROOT), SIGNERS["ed25519"])


ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log\n",
        "log\n1\n",
        f"\n1\n{ROOT}\n",
        f"log\n\n{ROOT}\n",
        f"log\n1\n\n{ROOT}\n",
        f"log\n01\n{ROOT}\n",
        f"log\n-1\n{ROOT}\n",
        f"log\n+1\n{ROOT}\n",
        f"log\n 1\n{ROOT}\n",
        f"log\n1e3\n{ROOT}\n",
        f"log\n\u0661\n{ROOT}\n",
        f"log\n{2**63}\n{ROOT}\n",
        f"log\n{'9' * 5000}\n{ROOT}\n",
        "log\n1\nAAAA\n",
        f"log\n1\n{ROOT[:-2]}J=\n",
        f"log\n1\n{ROOT}\n\nmore\n",
    ],
)
def test_malformed_texts_are_invalid(text):
    """Each line has one spelling."""
    with pytest.raises(InvalidError):
        parse_body(text)


def test_decimals():
    """Zero is 0, and nothing else starts with it."""
    assert parse_decimal("0", "n") == 0
    assert parse_decimal(str(2**63 - 1), "n") == 2**63 - 1
    for text in ("", "00", "0x1", "1_0"):
        with pytest.raises(InvalidError):
            parse_decimal(text, "n")
