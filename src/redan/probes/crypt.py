"""What the line is protected by: versions of TLS, ciphers without forward secrecy, the certificate.

Source: AIPS-TRA-03; RFC 8996 (old versions), RFC 9325 section 4.
"""

import datetime as dt
import ipaddress
import socket
import ssl
import warnings
from typing import Final

from redan.probes import checks
from redan.probes.contract import Verdict
from redan.probes.judge import beside, broken, holds, unclear, worst
from redan.probes.rig import Probe, Rig

_OLD: Final = (("TLS 1.0", "TLSv1"), ("TLS 1.1", "TLSv1_1"))
_KEPT: Final = "AES256-GCM-SHA384:AES128-GCM-SHA256:AES256-SHA:AES128-SHA"  # RSA key transport
_BROKEN: Final = "NULL:eNULL:aNULL:RC4:3DES:DES:EXPORT:MD5"
_SOON: Final = 14
_REMEDY: Final = "Offer TLS 1.2 and later with forward secrecy, and nothing else."
_RENEW: Final = "Renew the certificate automatically, for the name that clients use, by an authority that they trust."


def clear(rig: Rig) -> Verdict | None:
    """The verdict where nothing is encrypted; None where something is."""
    if rig.craft.place.secure:
        return None
    if local(rig.craft.place.host):
        return beside("the address is this machine's own, and nothing leaves it")
    return broken("questions and answers travel in the clear")


def local(host: str) -> bool:
    """Whether a host is this machine itself, by its address or the name that is kept for it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def versions(rig: Rig) -> Verdict:
    """Old versions, and ciphers whose traffic a later thief of the key can read."""
    found = clear(rig)
    if found is not None:
        return found
    told = [_version(rig, name, attribute) for name, attribute in _OLD]
    return worst([*told, _ciphers(rig, _KEPT, "without forward secrecy"), _ciphers(rig, _BROKEN, "that are broken")])


def certificate(rig: Rig) -> Verdict:
    """The certificate, verified by the authorities that the client trusts, and its last day."""
    found = clear(rig)
    if found is not None:
        return found
    try:
        with rig.line.open() as sock:
            if not isinstance(sock, ssl.SSLSocket):
                return unclear("the connection is not encrypted")
            last = (sock.getpeercert() or {}).get("notAfter")
    except ssl.SSLCertVerificationError as error:
        return broken(f"the certificate is not trusted: {error.verify_message}")
    except OSError:
        return unclear("there was no connection")
    return lasting(last if isinstance(last, str) else None, rig.craft.clock())


def lasting(last: str | None, now: float) -> Verdict:
    """Judges the end of a certificate.

    Args:
        last: as the TLS library writes it.
        now: seconds since the epoch.
    """
    if last is None:
        return unclear("the certificate does not say until when it is good")
    left = dt.timedelta(seconds=ssl.cert_time_to_seconds(last) - now)
    return (
        broken(f"the certificate ends within {_SOON} days")
        if left < dt.timedelta(days=_SOON)
        else holds("the certificate is good")
    )


def _version(rig: Rig, name: str, attribute: str) -> Verdict:
    context = _any()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that they are old is what is asked
            context.minimum_version = context.maximum_version = ssl.TLSVersion[attribute]
            context.set_ciphers("ALL:@SECLEVEL=0")
    except (ValueError, ssl.SSLError):
        return unclear(f"{name} cannot be tried from here")
    return broken(f"{name} is spoken") if _spoken(rig, context) else holds(f"{name} is not spoken")


def _ciphers(rig: Rig, ciphers: str, what: str) -> Verdict:
    context = _any()
    try:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    except ssl.SSLError:
        return beside(f"ciphers {what} cannot be tried from here")
    return broken(f"ciphers {what} are taken") if _spoken(rig, context) else holds(f"no ciphers {what} are taken")


def _any() -> ssl.SSLContext:
    """A context that trusts anybody: nothing is sent through it but the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _spoken(rig: Rig, context: ssl.SSLContext) -> bool:
    place = rig.craft.place
    try:
        with socket.create_connection((place.host, place.port), timeout=rig.line.bounds.timeout) as sock:
            rig.line.cost = rig.line.cost._replace(connections=rig.line.cost.connections + 1)
            with context.wrap_socket(sock, server_hostname=place.host):
                return True
    except OSError:
        return False


PROBES: Final = (
    Probe("old-encryption", "", (checks.CIPHERS,), "old versions of TLS and weak ciphers", _REMEDY, versions),
    Probe("certificate", "", (checks.CERTIFICATES,), "the certificate of the endpoint", _RENEW, certificate),
)
