"""A request as bytes, and what is changed about it after it was made."""

from typing import NamedTuple

_CHUNKED = (b"transfer-encoding", b"chunked")
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class Message(NamedTuple):
    """One request.

    Args:
        method: in upper case.
        target: path and query, as they are sent.
        fields: names in lower case, in order; framing is added when it is written.
        body: all of it.
    """

    method: bytes
    target: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""

    def with_field(self, name: bytes, value: bytes) -> "Message":
        """The same with a field, instead of one of that name."""
        return self.without(name)._replace(fields=(*self.without(name).fields, (name, value)))

    def also(self, name: bytes, value: bytes) -> "Message":
        """The same with a further field, whatever there is."""
        return self._replace(fields=(*self.fields, (name, value)))

    def without(self, *names: bytes) -> "Message":
        """The same without fields of those names."""
        return self._replace(fields=tuple(pair for pair in self.fields if pair[0] not in names))

    def field(self, name: bytes) -> bytes:
        """Value of a field; empty where there is none."""
        return next((value for found, value in self.fields if found == name), b"")

    @property
    def head(self) -> bytes:
        """Request line and fields, without framing of its own and without the empty line."""
        lines = [b"%b %b HTTP/1.1\r\n" % (self.method, self.target)]
        return b"".join(lines + [b"%b: %b\r\n" % pair for pair in self.fields])

    def raw(self) -> bytes:
        """All bytes, with the length of the body where there is one or the method has one."""
        framed = self.body or self.method in {b"POST", b"PUT", b"PATCH"}
        own = any(name in _FRAMING for name, _ in self.fields)
        length = b"content-length: %d\r\n" % len(self.body) if framed and not own else b""
        return self.head + length + b"\r\n" + self.body

    def in_chunks(self, size: int) -> bytes:
        """All bytes, the body in chunks of that size."""
        head = self.with_field(*_CHUNKED).head
        parts = [self.body[at : at + size] for at in range(0, len(self.body), size)]
        return head + b"\r\n" + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
