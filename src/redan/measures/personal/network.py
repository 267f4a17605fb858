"""Addresses of machines that stand for their users: IPv4, IPv6, MAC.

Sources: RFC 791, RFC 4291 section 2.2, IEEE 802 (EUI-48).
"""

import re
from ipaddress import AddressValueError, IPv6Address

from redan.measures.personal.kinds import Kind, Recogniser, Verification

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
MAC = r"[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}"
_HIGHEST_VERSION_PART = 31  # parts of version numbers are small; of four random octets one is above this, 999 in 1,000


def is_ipv4(value: str) -> bool:
    """Whether four octets are an address of a host rather than a version number or a placeholder."""
    octets = [int(part) for part in value.strip().partition("/")[0].split(".")]
    return max(octets) > _HIGHEST_VERSION_PART and octets[0] not in {0, 127, 255}


def is_ipv6(value: str) -> bool:
    """Whether a text is an IPv6 address of a host, not the unspecified or loopback address."""
    try:
        address = IPv6Address(value.strip().partition("/")[0].partition("%")[0])
    except (AddressValueError, ValueError):
        return False
    return not (address.is_unspecified or address.is_loopback)


def is_mac(value: str) -> bool:
    """Whether six octets are a device's address: neither zero nor broadcast."""
    octets = re.sub(r"[^0-9a-f]", "", value.lower())
    return len(set(octets)) > 1


_MAC = ("mac", "mac address", "bssid", "wifi mac", "hwaddr", "device")
_IP = ("ip", "ip address", "ipv4", "ipv6", "client ip", "source ip", "remote addr")

RECOGNISERS = (
    Recogniser(
        kind=Kind.IP,
        scheme="ipv4",
        verification=Verification.SHAPE,
        shape=re.compile(rf"\s*{IPV4}(?:/32)?\s*"),
        valid=is_ipv4,
        chance=0.2,
        hints=_IP,
        barred=("version", "ver", "release", "build", "firmware", "os", "app"),
        alone=0.6,
    ),
    Recogniser(
        kind=Kind.IP,
        scheme="ipv6",
        verification=Verification.SHAPE,
        shape=re.compile(r"\s*(?=[^.]*:[^.]*:)[0-9A-Fa-f:]{3,39}(?:%\w{1,15})?(?:/[0-9]{1,3})?\s*", re.ASCII),
        valid=is_ipv6,
        chance=0.02,
        hints=_IP,
    ),
    Recogniser(
        kind=Kind.MAC,
        scheme="mac",
        verification=Verification.SHAPE,
        shape=re.compile(rf"\s*(?:{MAC}|[0-9A-Fa-f]{{4}}\.[0-9A-Fa-f]{{4}}\.[0-9A-Fa-f]{{4}})\s*"),
        valid=is_mac,
        chance=0.05,
        hints=_MAC,
    ),
    Recogniser(
        kind=Kind.MAC,
        scheme="mac-bare",
        verification=Verification.HEADER,
        shape=re.compile(r"\s*[0-9A-Fa-f]{12}\s*"),
        valid=is_mac,
        chance=1.0,
        hints=_MAC[:-1],
        alone=None,
        of_all=0.5,
    ),
)
