"""Addresses and paths as reports may show them: absolute ones without what may be a secret, paths as references.

Source: RFC 3986 (URI), section 3.2.1 (a password in an address is deprecated) and 4.1 (relative references).
"""

import re
from urllib.parse import quote, urlsplit, urlunsplit

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_SECRET = re.compile(r"sig|token|key|secret|pass|auth|credential|session", re.IGNORECASE)
_SAFE = "/:@!$&'()*+,;=?#[]%~-._"


def address(text: str | None) -> str | None:
    """An address that may be shown: without user, password, fragment, or a query that may be a secret.

    Returns:
        None when the text is no absolute address.
    """
    bare = (text or "").strip()
    if not _ADDRESS.fullmatch(bare):
        return None
    try:
        parts = urlsplit(bare)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if ":" in host:
        host = f"[{host}]"
    query = "" if _SECRET.search(parts.query) else parts.query
    return quote(urlunsplit((parts.scheme, host + port, parts.path, query, "")), safe=_SAFE)


def local(path: str) -> str:
    """A path of the project as a relative reference."""
    return quote(path, safe="/~-._")


def shown(text: str | None) -> str | None:
    """An address as `address` cleans it; any other text as it is; None for None and for an address that is broken."""
    return address(text) if text is not None and "://" in text and _ADDRESS.fullmatch(text.strip()) else text
