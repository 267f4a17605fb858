"""A line with chosen flaws, for vectors: TLS on loopback before nothing but a handshake."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final

_FORWARD: Final = "ECDHE+AESGCM"
_KEPT: Final = "AES256-GCM-SHA384:ECDHE+AESGCM:@SECLEVEL=0"


def behind_tls(
    *, weak: bool = False, unknown: bool = False, ending: bool = False
) -> Callable[[Path], AbstractContextManager[None]]:
    """What a vector runs in: a server whose address replaces `@URL@` in the description.

    Args:
        weak: takes ciphers without forward secrecy.
        unknown: its certificate is of nobody whom the description names.
        ending: its certificate ends within days.
    """

    @contextmanager
    def around(folder: Path) -> Iterator[None]:
        certificate, key = _certificate(days=3 if ending else 90)
        pair = folder / "server.pem"
        pair.write_bytes(key + certificate)
        (folder / "authority.pem").write_bytes(_certificate(days=90)[0] if unknown else certificate)
        (folder / "probe.toml").write_text('[tls]\nauthorities = "authority.pem"\n')
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_KEPT if weak else _FORWARD)
        context.load_cert_chain(pair)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            thread = threading.Thread(target=_shaking, args=(listening, context), daemon=True)
            thread.start()
            path = folder / "redan.toml"
            path.write_text(path.read_text().replace("@URL@", f"https://127.0.0.1:{listening.getsockname()[1]}"))
            yield
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)

    return around


def _shaking(listening: socket.socket, context: ssl.SSLContext) -> None:
    """Shakes hands, and says nothing."""
    while True:
        try:
            line, _ = listening.accept()
        except OSError:
            return
        with line, suppress(OSError):
            line.settimeout(2.0)
            with context.wrap_socket(line, server_side=True) as secured:
                secured.recv(1)


def _certificate(days: int) -> tuple[bytes, bytes]:
    """A certificate of this machine, by itself, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM), private
