"""Where a server listens or is reached, as one word of a description.

Source: RFC 3986 section 3.2.
"""

import ipaddress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from redan.errors import ConfigError

_PORTS = 65_535
_SOCKET_BYTES = 100  # a path of a unix socket has 107 bytes on Linux


class Address(NamedTuple):
    """Where to listen.

    Args:
        host: an address or a name; the empty string for a unix socket.
        port: 0 for any.
        path: of a unix socket; None for TCP.
    """

    host: str
    port: int
    path: Path | None = None

    @property
    def local(self) -> bool:
        """Whether only this machine reaches it."""
        if self.path is not None:
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False  # a name may lead anywhere

    def __str__(self) -> str:
        """As it is written in a description."""
        if self.path is not None:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Url(NamedTuple):
    """Where another server is.

    Args:
        secure: whether through TLS.
        host: name or address.
        port: of TCP.
        prefix: of all paths, without a slash at its end.
    """

    secure: bool
    host: str
    port: int
    prefix: str


def parse_address(text: str, root: Path, where: str) -> Address:
    """An address to listen at.

    Args:
        text: `host:port`, `[host]:port` or `unix:PATH`.
        root: folder that the path is relative to.
        where: for the error.

    Raises:
        ConfigError: it is none.
    """
    remedy = "write '127.0.0.1:8080' or 'unix:PATH'"
    if text.startswith("unix:"):
        path = root / text.removeprefix("unix:")
        if not text.removeprefix("unix:") or len(str(path).encode()) > _SOCKET_BYTES or "\0" in text:
            raise ConfigError("is no path of a socket, or is too long", where=where, remedy=remedy)
        return Address("", 0, path)
    host, colon, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not bare or (":" in bare and bare == host) or not (port.isascii() and port.isdigit()):
        raise ConfigError("is no address", where=where, remedy=remedy)
    if int(port) > _PORTS:
        raise ConfigError("has no such port", where=where, remedy=remedy)
    return Address(bare, int(port))


def parse_url(text: str, where: str) -> Url:
    """The address of an inference server.

    Args:
        text: `http://host:port/prefix` or `https://...`.
        where: for the error.

    Raises:
        ConfigError: it is none, or carries a name, a password, a query or a fragment.
    """
    remedy = "write 'http://127.0.0.1:9000'"
    try:
        found = urlsplit(text)
        port = found.port
    except ValueError as error:
        raise ConfigError("is no address", where=where, remedy=remedy) from error
    odd = found.username is not None or found.password is not None or found.query or found.fragment
    printable = text.isascii() and text.isprintable() and " " not in text
    if found.scheme not in {"http", "https"} or not found.hostname or odd or not printable:
        raise ConfigError("is no plain address of HTTP", where=where, remedy=remedy)
    secure = found.scheme == "https"
    return Url(secure, found.hostname, port or (443 if secure else 80), found.path.rstrip("/"))
