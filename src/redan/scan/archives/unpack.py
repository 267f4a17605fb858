"""Decompressors that give what they can: chunks, then where the stream ended and what was wrong with it."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from redan.scan.region import Region

_INPUT_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 20
_SMALL_BYTES = 64
_MEMORY_BYTES = 192 << 20  # what a dictionary of xz may take; presets use up to 64 MiB
_MOST_STREAMS = 10_000


class Decoder(Protocol):
    """One compressed stream, as bz2 and lzma have it."""

    @property
    def eof(self) -> bool:
        """Whether its end was reached."""

    @property
    def unused_data(self) -> bytes:
        """What was given behind its end."""

    @property
    def needs_input(self) -> bool:
        """Whether it can give no more without more input."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most `max_length` more bytes."""


class Inflate:
    """zlib's decompressor in the shape of the others.

    Args:
        wbits: which wrapping is expected, as zlib has it.
    """

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)
        self._full = False

    @property
    def eof(self) -> bool:
        """Whether its end was reached."""
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        """What was given behind its end."""
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        """Whether it can give no more without more input."""
        return not self._full and not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most `max_length` more bytes."""
        out = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._full = len(out) == max_length and not self._inner.eof
        return out


def _zlib() -> Decoder:
    return Inflate(15)


def _gzip() -> Decoder:
    return Inflate(31)


def _deflate() -> Decoder:
    return Inflate(-15)


def _bzip2() -> Decoder:
    return bz2.BZ2Decompressor()


def _xz() -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_BYTES)


def _lzma() -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_MEMORY_BYTES)


CODECS: dict[str, Callable[[], Decoder]] = {
    "zlib": _zlib,
    "gzip": _gzip,
    "deflate": _deflate,
    "bzip2": _bzip2,
    "xz": _xz,
    "lzma": _lzma,
}
_FAULTS = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, MemoryError)
_FEWEST_LEFT = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ\x00"}  # how a further stream begins


class Unpacker:
    """Iterates over what a compressed region gives; afterwards `end` and `fault` say how it went.

    Args:
        region: begins with the stream.
        codec: a key of `CODECS`.
        limit: stop after so many bytes.
    """

    def __init__(self, region: Region, codec: str, limit: int = 1 << 62) -> None:
        self._region = region
        self._codec = codec
        self._limit = limit
        self.end = 0
        self.fault = ""
        self.streams = 0

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, until the last stream ends, one is broken or the limit is reached."""
        while not self.fault and self.streams < _MOST_STREAMS:
            yield from self._stream()
            self.streams += 1
            if not self._another():
                return

    def _stream(self) -> Iterator[bytes]:
        start, calls, given = self.end, 0, 0
        decoder, position = CODECS[self._codec](), start
        try:
            while not decoder.eof and given < self._limit:
                data = self._region.upto(position, _INPUT_BYTES) if decoder.needs_input else b""
                if not data and decoder.needs_input:
                    self.fault = "breaks off before the end of its compressed stream"
                    return
                position += len(data)
                out = decoder.decompress(data, _CHUNK_BYTES)
                calls, given = calls + 1, given + len(out)
                if out:
                    yield out
        except _FAULTS:
            self.fault = "holds a compressed stream that is broken"
        finally:
            self.end = position - len(decoder.unused_data)
        if self.fault:
            yield from self._salvaged(start, calls)

    def _salvaged(self, start: int, calls: int) -> Iterator[bytes]:
        """What a reader in small steps sees before the fault: a call that fails gives nothing of what it had."""
        decoder, position = CODECS[self._codec](), start
        try:
            for _ in range(calls):
                data = self._region.upto(position, _INPUT_BYTES) if decoder.needs_input else b""
                position += len(data)
                decoder.decompress(data, _CHUNK_BYTES)
            while not decoder.eof:
                data = self._region.upto(position, 1) if decoder.needs_input else b""
                if not data and decoder.needs_input:
                    return
                position += len(data)
                out = decoder.decompress(data, _SMALL_BYTES)
                if out:
                    yield out
        except _FAULTS:
            return

    def _another(self) -> bool:
        """Whether a further stream follows; gzip and xz may have zero bytes between them."""
        sign = _FEWEST_LEFT.get(self._codec)
        if sign is None or self.fault:
            return False
        position = self.end
        while self._codec in {"gzip", "xz"} and (block := self._region.upto(position, 4096)):
            rest = block.lstrip(b"\0")
            position += len(block) - len(rest)
            if rest:
                break
        if self._region.upto(position, len(sign)) == sign:
            self.end = position
            return True
        if position >= self._region.size:
            self.end = position
        return False
