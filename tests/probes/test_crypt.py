"""The line: certificates that are good, expired, of nobody or for another name; old ciphers; a client's certificate."""

import contextlib
import datetime as dt
import ssl
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from redan.probes import Bounds, Target, probe
from redan.probes.crypt import lasting, local
from redan.probes.held import held
from redan.terms import Outcome

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption())
ONLY = {"old-encryption", "certificate", "no-credentials"}


class Answering(BaseHTTPRequestHandler):
    """Metadata and answers, to who shows a certificate where one is asked for."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *given):
        """Says nothing."""

    def say(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        asked = self.connection.context.verify_mode
        known = asked is ssl.CERT_NONE or self.connection.getpeercert()
        body = b'{"outputs":[],"inputs":[{"name":"x","shape":[1],"datatype":"FP32"}]}' if known else b"{}"
        self.send_response(200 if known else 401)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = say  # noqa: N815 -- the standard library's names


class Quiet(ThreadingHTTPServer):
    """Handshakes that fail are what is tested."""

    def handle_error(self, request, address):
        """Says nothing."""


def certificate(*, days=90, name="localhost"):
    """A certificate that vouches for itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(KEY.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=100))
    made = made.not_valid_after(now + dt.timedelta(days=days))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return made.sign(KEY, hashes.SHA256()).public_bytes(ser.Encoding.PEM)


@contextlib.contextmanager
def listening(folder, pem, *, weak=False, mutual=False):
    """A server over TLS, and a file of credentials that trusts it."""
    for file, data in (("c.pem", pem), ("k.pem", PEM)):
        (folder / file).write_bytes(data)
        (folder / file).chmod(0o600)
    more = 'certificate = "c.pem"\nkey = "k.pem"\n' if mutual else ""
    (folder / "probe.toml").write_text(f'[tls]\nauthorities = "c.pem"\n{more}')
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "c.pem", folder / "k.pem")
    if weak:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
    if mutual:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(folder / "c.pem")
    server = Quiet(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    inner = server.get_request

    def accepted():
        sock, address = inner()
        sock.settimeout(2)
        try:
            return context.wrap_socket(sock, server_side=True), address
        except OSError:
            sock.close()
            raise

    server.get_request = accepted
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"https://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def found(url, tls):
    """What came of the probes of the line."""
    target = Target(url=url, model="m", tls=tls, bounds=Bounds(timeout=2))
    return {one.name: (one.outcome, one.seen) for one in probe(target, rng=np.random.default_rng(0), only=ONLY).tried}


def test_a_current_line_holds_and_the_server_is_still_asked_who_asks(tmp_path):
    """TLS 1.2 and later with a certificate that the client trusts; behind it, anybody is answered."""
    with listening(tmp_path, certificate()) as url:
        seen = found(url, held(tmp_path / "probe.toml", {}).tls)
    assert seen["certificate"][0] is Outcome.HOLDS
    assert seen["no-credentials"][0] is Outcome.BROKEN


def test_ciphers_without_forward_secrecy_and_old_versions_are_found(tmp_path):
    """On a server that takes them."""
    with listening(tmp_path, certificate(), weak=True) as url:
        outcome, words = found(url, held(tmp_path / "probe.toml", {}).tls)["old-encryption"]
    assert outcome is Outcome.BROKEN
    assert "spoken" in words or "forward secrecy" in words


@pytest.mark.parametrize(
    ("days", "name", "trusted"), [(-1, "localhost", True), (90, "other.example", True), (90, "localhost", False)]
)
def test_a_certificate_that_is_not_good_is_broken_and_nothing_is_sent(tmp_path, days, name, trusted):
    """Expired, for another name, or of an authority that the client does not trust: credentials stay at home."""
    with listening(tmp_path, certificate(days=days, name=name)) as url:
        seen = found(url, held(tmp_path / "probe.toml", {}).tls if trusted else None)
    assert seen["certificate"][0] is Outcome.BROKEN
    assert seen["no-credentials"][0] is Outcome.NOT_RUN


def test_a_client_that_is_known_by_its_certificate_leaves_it_out_to_be_nobody(tmp_path):
    """Answered with it, refused without."""
    with listening(tmp_path, certificate(), mutual=True) as url:
        seen = found(url, held(tmp_path / "probe.toml", {}).tls)
    assert seen["no-credentials"] == (Outcome.HOLDS, "refused with 401")


def test_the_end_of_a_certificate_comes_near():
    """Two weeks are left to renew it."""
    now = dt.datetime(2026, 5, 1, tzinfo=dt.UTC).timestamp()
    assert lasting("May 10 00:00:00 2026 GMT", now).outcome is Outcome.BROKEN
    assert lasting("Jun 10 00:00:00 2026 GMT", now).outcome is Outcome.HOLDS
    assert lasting(None, now).outcome is Outcome.NOT_RUN


def test_in_the_clear_is_broken_but_within_one_machine():
    """By the address alone: a name may lead anywhere."""
    assert local("127.0.0.1")
    assert local("::1")
    assert local("localhost")
    assert not local("192.0.2.1")
    assert not local("service.example.org")
