"""FF1: encryption that keeps the length and the alphabet of what it encrypts.

Source: NIST SP 800-38G (March 2016), section 5.1, with the least domain of one million of its Revision 1 drafts. FF3
and FF3-1 are left out: the second draft of Revision 1 (February 2025) withdraws them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

ROUNDS = 10
LEAST_DOMAIN = 1_000_000  # fewer values are recovered by trying (SP 800-38G Rev. 1, section 5.1, and its references)
LONGEST = 18  # digits of a row of numbers, so that half of them and a 64-bit word of key stream add up in 64 bits
_BLOCK = 16
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
Numbers: TypeAlias = NDArray[np.uint64]


def encrypt(key: bytes, tweak: bytes, text: str, radix: int = 10) -> str:
    """FF1.Encrypt of one numeral string.

    Source: NIST SP 800-38G, algorithm 7.

    Args:
        key: of AES, 16, 24 or 32 bytes.
        tweak: any bytes; not secret, but equal for the way back.
        text: numerals `0` to `9`, then `a` to `z`, below the radix.
        radix: 2 to 36.

    Returns:
        A numeral string of the same length.

    Raises:
        InputError: there are fewer than a million strings of this length, or a character is no numeral.
    """
    a, b, u, v = _halves(text, radix)
    cipher = _aes(key)
    for i in range(ROUNDS):
        m = u if i % 2 == 0 else v
        c = (a + _round(cipher, tweak, (len(text), radix, i), b)) % radix**m
        a, b = b, c
    return _string(a, radix, u) + _string(b, radix, v)


def decrypt(key: bytes, tweak: bytes, text: str, radix: int = 10) -> str:
    """FF1.Decrypt of one numeral string: the way back from `encrypt`.

    Source: NIST SP 800-38G, algorithm 8.

    Args:
        key: of AES.
        tweak: as it was.
        text: what `encrypt` gave.
        radix: as it was.

    Returns:
        The numeral string that was encrypted.

    Raises:
        InputError: there are fewer than a million strings of this length, or a character is no numeral.
    """
    a, b, u, v = _halves(text, radix)
    cipher = _aes(key)
    for i in reversed(range(ROUNDS)):
        m = u if i % 2 == 0 else v
        c = (b - _round(cipher, tweak, (len(text), radix, i), a)) % radix**m
        b, a = a, c
    return _string(a, radix, u) + _string(b, radix, v)


def encrypt_numbers(key: bytes, tweak: bytes, numbers: Numbers, digits: int) -> Numbers:
    """FF1.Encrypt of many decimal strings of one length, as numbers; the same as `encrypt` one by one.

    Args:
        key: of AES.
        tweak: the same for all.
        numbers: shape (n,), each below 10**digits.
        digits: length of the strings, 6 to 18.

    Returns:
        Shape (n,), each below 10**digits.

    Raises:
        InputError: the length is not supported.
    """
    return _numbers(key, tweak, numbers, digits, forward=True)


def decrypt_numbers(key: bytes, tweak: bytes, numbers: Numbers, digits: int) -> Numbers:
    """FF1.Decrypt of many decimal strings of one length: the way back from `encrypt_numbers`.

    Raises:
        InputError: the length is not supported.
    """
    return _numbers(key, tweak, numbers, digits, forward=False)


def _numbers(key: bytes, tweak: bytes, numbers: Numbers, digits: int, *, forward: bool) -> Numbers:
    if not 6 <= digits <= LONGEST:  # noqa: PLR2004 -- 10**6 is the least domain
        raise InputError(f"{digits} digits are not encrypted in rows", remedy=f"give 6 to {LONGEST} digits")
    cipher = _aes(key)
    u = digits // 2
    high, low = np.uint64(10**u), np.uint64(10 ** (digits - u))
    a, b = numbers // low, numbers % low
    for i in range(ROUNDS) if forward else reversed(range(ROUNDS)):
        modulus = high if i % 2 == 0 else low
        stream = _streams(cipher, tweak, digits, i, b if forward else a) % modulus
        if forward:
            a, b = b, (a + stream) % modulus
        else:
            a, b = (b + modulus - stream) % modulus, a
    return a * low + b


def _streams(cipher: "CipherContext", tweak: bytes, n: int, i: int, half: Numbers) -> Numbers:
    """Steps 6i to 6v for a column of halves: for up to 18 digits the number has 4 bytes, and 8 bytes of S are used."""
    size = _bytes_of(10, n - n // 2)
    head = _q_head(tweak, size)
    whole = len(head) // _BLOCK * _BLOCK  # the blocks before the last are the same for all numbers
    chained, tail = _mac(cipher, _p_block(n, 10, len(tweak)) + head[:whole]), head[whole:]
    last = np.zeros((len(half), _BLOCK), dtype=np.uint8)
    last[:, : len(tail)] = np.frombuffer(tail, dtype=np.uint8)
    last[:, len(tail)] = i
    last[:, len(tail) + 1 :] = half.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - size :]
    last ^= np.frombuffer(chained, dtype=np.uint8)
    blocks = np.frombuffer(cipher.update(last.tobytes()), dtype=np.uint8).reshape(-1, _BLOCK)
    return np.ascontiguousarray(blocks[:, :8]).view(">u8").reshape(-1).astype(np.uint64)


def _round(cipher: "CipherContext", tweak: bytes, step: tuple[int, int, int], half: int) -> int:
    """Steps 6i to 6iii: the key stream of one round, as a number."""
    n, radix, i = step
    b = _bytes_of(radix, n - n // 2)
    d = 4 * -(-b // 4) + 4
    r = _mac(cipher, _p_block(n, radix, len(tweak)) + _q_head(tweak, b) + bytes([i]) + half.to_bytes(b, "big"))
    more = [_xor(r, j.to_bytes(_BLOCK, "big")) for j in range(1, -(-d // _BLOCK))]
    return int.from_bytes((r + b"".join(cipher.update(block) for block in more))[:d], "big")


def _p_block(n: int, radix: int, tweak_size: int) -> bytes:
    head = bytes([1, 2, 1]) + radix.to_bytes(3, "big") + bytes([ROUNDS, n // 2 % 256])
    return head + n.to_bytes(4, "big") + tweak_size.to_bytes(4, "big")


def _q_head(tweak: bytes, size: int) -> bytes:
    return tweak + bytes((-len(tweak) - size - 1) % _BLOCK)


def _bytes_of(radix: int, numerals: int) -> int:
    """Bytes that hold any number of so many numerals: exact, where a logarithm of floats may round."""
    largest: int = radix**numerals - 1
    return -(-largest.bit_length() // 8)


def _mac(cipher: "CipherContext", data: bytes) -> bytes:
    """PRF: the last block of AES in CBC mode from a zero block (SP 800-38G, algorithm 6)."""
    state = bytes(_BLOCK)
    for at in range(0, len(data), _BLOCK):
        state = cipher.update(_xor(state, data[at : at + _BLOCK]))
    return state


def _xor(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(_BLOCK, "big")


def _aes(key: bytes) -> "CipherContext":
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    return Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 -- FF1 is defined on single blocks


def _halves(text: str, radix: int) -> tuple[int, int, int, int]:
    if not 2 <= radix <= len(_DIGITS):  # noqa: PLR2004
        raise InputError(f"radix {radix} is not between 2 and {len(_DIGITS)}", remedy="give a smaller alphabet")
    if radix ** len(text) < LEAST_DOMAIN:
        raise InputError(
            f"{len(text)} numerals of radix {radix} have fewer than {LEAST_DOMAIN:,} values",
            remedy="use a keyed token instead: so few values are recovered by trying",
        )
    u = len(text) // 2
    return _number(text[:u], radix), _number(text[u:], radix), u, len(text) - u


def _number(text: Sequence[str], radix: int) -> int:
    value = 0
    for character in text:
        numeral = _DIGITS.find(character)
        if not 0 <= numeral < radix:
            raise InputError(f"a character is no numeral of radix {radix}", remedy="give digits only")
        value = value * radix + numeral
    return value


def _string(value: int, radix: int, size: int) -> str:
    numerals = []
    for _ in range(size):
        value, rest = divmod(value, radix)
        numerals.append(_DIGITS[rest])
    return "".join(reversed(numerals))
