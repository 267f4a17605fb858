"""A client's side for httpx: requests are signed, and answers are checked to be to them.

    client = httpx.Client(auth=SignedAuth(token="redan_...", keyid="billing-2026", key=HmacKey(secret)))

Nothing of the server is needed; the module needs httpx, and none of what else the gateway does.

Source: A-MLSG-004-D003; RFC 9421.
"""

import time
from collections.abc import Callable, Generator

from redan.errors import ConfigError, InvalidError, MissingExtraError
from redan.exchange.message_signature import FormError
from redan.exchange.signature_keys import Signing, Verifying
from redan.exchange.signing import Target, answered, sign

try:
    import httpx
except ImportError as error:  # pragma: no cover -- the extra is installed where tests run
    raise MissingExtraError("gateway", "httpx") from error

_REFUSED = 400


class SignedAuth(httpx.Auth):
    """Adds the token and the signature to each request, as the last thing before it is sent; sync and async.

    Args:
        token: API key or JSON Web Token; a callable where it changes, asked for each request; None for none.
        keyid: name of the signing key.
        key: signs.
        answers: name and key that answers are signed with; None leaves answers unchecked. Refusals may come unsigned,
            as some are made before anything was read.
        clock: seconds since the epoch.

    Raises:
        ConfigError: the key's name cannot be sent.
    """

    requires_request_body = True
    requires_response_body = True

    def __init__(
        self,
        *,
        token: str | Callable[[], str] | None,
        keyid: str,
        key: Signing,
        answers: tuple[str, Verifying] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not keyid or not keyid.isascii() or not keyid.isprintable() or '"' in keyid or "\\" in keyid:
            raise ConfigError("a key's name is of plain characters, without quotes")
        self._token = token
        self._keyid = keyid
        self._key = key
        self._answers = answers
        self._clock = clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Signs the request, and checks the answer.

        Raises:
            InvalidError: the answer is not signed for this request.
        """
        token = self._token() if callable(self._token) else self._token
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        path, _, query = request.url.raw_path.partition(b"?")
        fields = _fields(request.headers)
        target = Target(request.method.encode(), fields[b"host"], path, query)
        made, sent = sign(target, fields, request.content, keyid=self._keyid, key=self._key, now=self._clock())
        for name, value in made.items():
            request.headers[name.decode()] = value.decode()
        response = yield request
        if self._answers is None or (response.status_code >= _REFUSED and "signature" not in response.headers):
            return
        keyid, key = self._answers
        # What was signed is what came over the wire, before any encoding was undone; the gateway encodes nothing.
        try:
            answered(response.status_code, _fields(response.headers), response.content, sent, keyid=keyid, key=key)
        except FormError as error:
            raise InvalidError(str(error), where=str(request.url.copy_with(query=None))) from error


def _fields(headers: httpx.Headers) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for raw, value in headers.raw:
        name = raw.lower()
        found[name] = found[name] + b", " + value if name in found else value
    return found
