"""FF1: NIST's published samples, rows of numbers against one at a time, and domains that are too small."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.defences.pseudonymise.ff1 import decrypt, decrypt_numbers, encrypt, encrypt_numbers
from redan.errors import InputError

KEY = "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94"
TEN, ELEVEN = bytes.fromhex("39383736353433323130"), bytes.fromhex("3737373770717273373737")
DECIMAL, LETTERS = "0123456789", "0123456789abcdefghi"
# NIST, "Block Cipher Modes of Operation: FF1 Samples", 1 to 9: key bytes, tweak, radix, plaintext, ciphertext
SAMPLES = [
    (16, b"", 10, DECIMAL, "2433477484"),
    (16, TEN, 10, DECIMAL, "6124200773"),
    (16, ELEVEN, 36, LETTERS, "a9tv40mll9kdu509eum"),
    (24, b"", 10, DECIMAL, "2830668132"),
    (24, TEN, 10, DECIMAL, "2496655549"),
    (24, ELEVEN, 36, LETTERS, "xbj3kv35jrawxv32ysr"),
    (32, b"", 10, DECIMAL, "6657667009"),
    (32, TEN, 10, DECIMAL, "1001623463"),
    (32, ELEVEN, 36, LETTERS, "xs8a0azh2avyalyzuwd"),
]


@pytest.mark.parametrize(("size", "tweak", "radix", "plain", "cipher"), SAMPLES)
def test_samples_of_nist(size, tweak, radix, plain, cipher):
    """The nine published samples, there and back."""
    key = bytes.fromhex(KEY)[:size]
    assert encrypt(key, tweak, plain, radix) == cipher
    assert decrypt(key, tweak, cipher, radix) == plain


@pytest.mark.parametrize(("size", "tweak", "radix", "plain", "cipher"), [s for s in SAMPLES if s[2] == 10])
def test_rows_of_numbers_meet_the_samples(size, tweak, radix, plain, cipher):
    """The form for many numbers gives the published ciphertexts, too."""
    key, numbers = bytes.fromhex(KEY)[:size], np.array([int(plain)], dtype=np.uint64)
    assert encrypt_numbers(key, tweak, numbers, len(plain)).tolist() == [int(cipher)]


@given(
    st.integers(6, 18).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.integers(0, 10**n - 1), min_size=1, max_size=5))
    ),
    st.binary(max_size=40),
    st.binary(min_size=32, max_size=32),
)
@settings(max_examples=150, deadline=None)
def test_rows_equal_one_at_a_time(row, tweak, key):
    """Many at once is the same as one by one, for every length of number and tweak, and has a way back."""
    digits, numbers = row
    given_ = np.array(numbers, dtype=np.uint64)
    turned = encrypt_numbers(key, tweak, given_, digits)
    assert [f"{n:0{digits}}" for n in turned.tolist()] == [encrypt(key, tweak, f"{n:0{digits}}") for n in numbers]
    assert decrypt_numbers(key, tweak, turned, digits).tolist() == numbers


def test_a_whole_domain_is_permuted():
    """All million numbers of six digits have different pseudonyms of six digits."""
    turned = encrypt_numbers(bytes(32), b"imei", np.arange(10**6, dtype=np.uint64), 6)
    assert np.array_equal(np.sort(turned), np.arange(10**6, dtype=np.uint64))


@pytest.mark.parametrize(
    ("text", "radix"), [("12345", 10), ("", 10), ("abc", 36), ("123456", 37), ("12a456", 10), ("1234567", 1)]
)
def test_small_domains_and_other_characters_are_refused(text, radix):
    """Fewer than a million values, an alphabet that is too large, a character outside of it."""
    with pytest.raises(InputError):
        encrypt(bytes(32), b"", text, radix)


@pytest.mark.parametrize("digits", [0, 5, 19])
def test_rows_have_bounds(digits):
    """Rows are of 6 to 18 digits."""
    with pytest.raises(InputError, match="in rows"):
        encrypt_numbers(bytes(32), b"", np.array([1], dtype=np.uint64), digits)
