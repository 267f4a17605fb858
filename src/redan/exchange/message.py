"""What came in over HTTP and what goes out, as bytes and names; no socket is near."""

from typing import NamedTuple


class Request(NamedTuple):
    """One request, whole.

    Args:
        method: in upper case.
        path: as it was sent, percent-encoded, without the query.
        query: without the question mark.
        headers: names in lower case.
        body: all of it.
        peer: address of the other end of the connection; never an identity.
        now: seconds since the epoch.
    """

    method: str
    path: bytes
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    peer: str
    now: float

    def header(self, name: bytes) -> bytes | None:
        """The value of a header that may be there once.

        Returns:
            None when it is missing; several values are joined by a comma, as RFC 9110 section 5.3 has it.
        """
        found = [value for key, value in self.headers if key == name]
        return b", ".join(found) if found else None

    def fields(self) -> dict[bytes, bytes]:
        """Every header by its name, several values joined as `header` does, without space around them."""
        found = {key: value.strip() for key, value in self.headers}
        if len(found) != len(self.headers):
            for name in found:
                found[name] = b", ".join([value.strip() for key, value in self.headers if key == name])
        return found


class Response(NamedTuple):
    """One answer.

    Args:
        status: of HTTP.
        headers: names in lower case.
        body: all of it.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
