"""Signatures of RFC 9421: its own vectors, its serialisation, and what is refused."""

import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.errors import ConfigError
from redan.exchange import message_signature as wire
from redan.exchange.signature_keys import Ed25519Key, HmacKey, P256Key, public_key

SHARED = base64.b64decode("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==")
ED25519 = b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----\n"
P256 = b"""-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf
w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==
-----END PUBLIC KEY-----
"""
PARTS = {
    b"date": b"Tue, 20 Apr 2021 02:07:55 GMT",
    b"@method": b"POST",
    b"@path": b"/foo",
    b"@authority": b"example.com",
    b"@status": b"200",
    b"content-type": b"application/json",
    b"content-length": b"18",
}
GOOD = (
    b'a=("@method" "content-digest");created=1;expires=2;nonce="0123456789abcdef";keyid="k";alg="hmac-sha256";tag="t"'
)


def over(covered, rest, parts=PARTS):
    return wire.signed_bytes(wire.base(covered), parts, covered + rest)


def test_vector_hmac():
    """RFC 9421 appendix B.2.5: HMAC with SHA-256."""
    data = over(b'("date" "@authority" "content-type")', b';created=1618884473;keyid="test-shared-secret"')
    value = b"pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8="
    assert HmacKey(SHARED).sign(data) == value
    assert HmacKey(SHARED).fits(value, data)
    assert not HmacKey(SHARED).fits(value, data + b"x")


def test_vector_ed25519():
    """RFC 9421 appendix B.2.6: Ed25519."""
    covered = b'("date" "@method" "@path" "@authority" "content-type" "content-length")'
    data = over(covered, b';created=1618884473;keyid="test-key-ed25519"')
    key = public_key(ED25519)
    assert isinstance(key, Ed25519Key)
    value = b"wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    assert key.fits(value, data)
    assert not key.fits(value, data + b"x")
    assert not key.fits(value[:-4], data)
    assert not key.fits(b"=", data)


def test_vector_p256():
    """RFC 9421 appendix B.2.4: ECDSA on P-256 over an answer."""
    digest = b"sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:"
    parts = {**PARTS, b"content-digest": digest, b"content-length": b"23"}
    covered = b'("@status" "content-type" "content-digest" "content-length")'
    data = over(covered, b';created=1618884473;keyid="test-key-ecc-p256"', parts)
    key = public_key(P256)
    assert isinstance(key, P256Key)
    value = b"wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw=="
    assert key.fits(value, data)
    assert not key.fits(value, data + b"x")
    assert not key.fits(b"AAAA", data)
    assert wire.digest_fits(digest, b'{"message": "good dog"}')


def test_vector_digests():
    """RFC 9530: digests by SHA-256 and SHA-512 of the same body, together and beside unknown ones."""
    body = b'{"hello": "world"}'
    short = b"sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
    long = b"sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
    assert wire.content_digest(body) == short
    for value in (short, long, short + b", " + long, b"md5=:AAAA:, " + long):
        assert wire.digest_fits(value, body)
        assert not wire.digest_fits(value, body + b"\n")
    assert not wire.digest_fits(b", ".join([short] * 50), body), "each is a pass over the body, so each is there once"
    for value in (
        b"",
        b"md5=:AAAA:",
        short[:-1],
        short + b", sha-512=:AAAA:",
        long + b", sha-256=:AAAA:",
        b"sha-256=:*:",
    ):
        assert not wire.digest_fits(value, body)


def test_parameters_are_read():
    """A member of the profile is read, beside others, in any order of its parameters."""
    found = wire.params(GOOD, b"t")
    assert found == wire.Params(
        b"a", b'("@method" "content-digest")', GOOD[2:], 1, 2, b"0123456789abcdef", b"k", b"hmac-sha256"
    )
    other = b'proxy=("@status");created=5;keyid="p", '
    assert wire.params(other + GOOD, b"t") == found
    assert wire.params(GOOD + b" ,\t" + other.rstrip(b", "), b"t") == found
    turned = GOOD.replace(b";created=1;expires=2", b"") + b";expires=2;created=1"
    assert wire.params(turned, b"t").created == 1


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"a",
        GOOD.replace(b'tag="t"', b'tag="u"'),
        GOOD + b", b" + GOOD[1:],
        GOOD + b";created=1",
        GOOD + b";x=1",
        GOOD.replace(b";created=1", b""),
        GOOD.replace(b"created=1", b'created="1"'),
        GOOD.replace(b'nonce="0123456789abcdef"', b"nonce=1234567890123456"[:22]),
        GOOD.replace(b"0123456789abcdef", b"0123456789abcde"),
        GOOD.replace(b"0123456789abcdef", b"0" * 65),
        GOOD.replace(b"0123456789abcdef", b'01234567\\"89abcdef'),
        GOOD.replace(b"0123456789abcdef", b"0123456789abcde\xc3"),
        GOOD.replace(b"created=1", b"created=-1"),
        GOOD.replace(b"created=1", b"created=1.0"),
        GOOD.replace(b"created=1", b"created=" + b"1" * 16),
        GOOD.replace(b";created=1", b';f_x=";created=1"'),
        GOOD.replace(b";created=1", b"; created=1"),
        GOOD + b"\n",
        GOOD + b"x",
        b" " + GOOD,
        GOOD * 40,
        b"A" + GOOD[1:],
    ],
)
def test_parameters_are_refused(value):
    """What is not of the profile, or not in its one serialisation, is no signature of the tag."""
    with pytest.raises(wire.FormError):
        wire.params(value, b"t")


@pytest.mark.parametrize(
    "covered",
    [
        b"()",
        b"",
        b'("a" "a")',
        b'("a"  "b")',
        b'("a" )',
        b'( "a")',
        b'("a";req)',
        b'("A")',
        b'("")',
        b'("a"',
        b'("a\n")',
    ],
)
def test_covered_parts_are_refused(covered):
    """A list of covered parts has plain names, each once."""
    with pytest.raises(wire.FormError):
        wire.base(covered)


def test_lines_cannot_be_added():
    """A value of two lines, of other characters, or that is not there, makes nothing to be signed."""
    for parts in ({b"a": b"x\ny"}, {b"a": b"\xc3\xa4"}, {}):
        with pytest.raises(wire.FormError):
            over(b'("a")', b"", parts)
    assert over(b'("a")', b";created=1", {b"a": b"x"}) == b'"a": x\n"@signature-params": ("a");created=1'


@pytest.mark.parametrize(
    "value", [b"", b"a=:AA==:, a=:AA==:", b"b=:AA==:", b"a=AA==", b"a=:AA==:x", b"a=:" + b"A" * 5000 + b":"]
)
def test_values_are_refused(value):
    """The bytes of a signature are there once, in base64."""
    with pytest.raises(wire.FormError):
        wire.signature(value, b"a")


def test_values_are_read():
    """The bytes of a signature are found by its label."""
    assert wire.signature(b"b=:AQ==:, a=:AA==:", b"a") == b"AA=="


@given(st.binary(min_size=32, max_size=200), st.binary(max_size=300))
def test_hmac_is_the_standard_librarys(secret, data):
    """What is hashed ahead changes nothing of the result, for short and long secrets."""
    expected = base64.b64encode(hmac.digest(secret, data, "sha256"))
    assert HmacKey(secret).sign(data) == HmacKey(secret).sign(data) == expected
    assert HmacKey(secret).fits(expected, data)


def test_short_secrets_are_refused():
    """A secret of less than 32 bytes is a mistake of the settings."""
    with pytest.raises(ConfigError):
        HmacKey(b"k" * 31)


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 3), st.binary(max_size=3)), max_size=3))
def test_the_usual_form_is_read_as_any_other(changes):
    """The short way through the usual form finds what the long way finds, or leaves it to it."""
    value = GOOD
    for at, out, put in changes:
        value = value[:at] + put + value[at + out :]
    found = []
    for read in (wire.params, wire._params_of_any):
        try:
            found.append(read(value, b"t"))
        except wire.FormError:
            found.append(None)
    assert found[0] == found[1]


@given(st.binary(max_size=300), st.sampled_from([b"t", wire.TAG]))
def test_anything_is_read_or_refused(value, tag):
    """Any bytes are parameters or a refusal, nothing else."""
    for read in (lambda: wire.params(value, tag), lambda: wire.signature(value, tag), lambda: wire.base(value)):
        try:
            read()
        except wire.FormError:
            continue


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 255)), min_size=1, max_size=3))
def test_changed_parameters_are_signed_otherwise(changes):
    """Whatever is changed in the parameters is refused, or stands in the bytes that are signed."""
    changed = bytearray(GOOD)
    for at, byte in changes:
        changed[at : at + 1] = bytes([byte])
    try:
        found = wire.params(bytes(changed), b"t")
    except wire.FormError:
        return
    assert found.raw in bytes(changed)
    assert found.raw.startswith(found.covered)
    said = b';nonce="%b"' % found.nonce in found.raw and b";created=%d" % found.created in found.raw.replace(
        b"=0", b"="
    )
    assert said or bytes(changed).count(b"created=0")
