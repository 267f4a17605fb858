"""The frame of a request: address, headers and type are of a size and kind that are taken here.

Source: A-MLSG-004-D004, AIPS-DOS-01; RFC 9110 sections 8.3, 8.4 and 5.3.
"""

from dataclasses import dataclass
from typing import Final

from redan.exchange.flow import Flow
from redan.exchange.problem import Problem, Refusal

_TYPES: Final = frozenset({b"application/json", b"application/octet-stream"})
_ONCE: Final = frozenset(
    {
        b"authorization",
        b"client-cert",
        b"content-digest",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"host",
        b"inference-header-content-length",
        b"transfer-encoding",
        b"x-forwarded-client-cert",
        b"x-redan-proxy",
    }
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bounds address and headers, and refuses bodies of kinds that no guard reads.

    Args:
        address: bytes of path and query.
        headers: of a request.
        header_bytes: of all headers together.
        body: bytes of a body.
    """

    address: int = 1024
    headers: int = 64
    header_bytes: int = 16 << 10
    body: int = 4 << 20
    name: str = "sizes"

    def inbound(self, flow: Flow) -> Refusal | None:
        """Passes, or refuses."""
        request, fields = flow.request, flow.fields
        if len(request.body) > self.body or len(request.path) + len(request.query) > self.address:
            return Refusal(Problem.TOO_LARGE, self.name)
        if len(request.headers) > self.headers or len(b"".join((*fields, *fields.values()))) > self.header_bytes:
            return Refusal(Problem.TOO_LARGE, self.name, "the headers are more than agreed")
        if len(fields) != len(request.headers) and self._twice(flow):
            return Refusal(Problem.MALFORMED, self.name, "a header that counts once is there twice")
        if fields.get(b"content-encoding", b"identity").lower() != b"identity":
            return Refusal(Problem.MEDIA, self.name, "bodies are taken as they are, not encoded")
        kind = fields.get(b"content-type")
        if kind is None or kind in _TYPES or kind.partition(b";")[0].strip().lower() in _TYPES:
            return None
        return Refusal(Problem.MEDIA, self.name, "bodies are application/json or application/octet-stream")

    @staticmethod
    def _twice(flow: Flow) -> bool:
        seen: set[bytes] = set()
        for name, _ in flow.request.headers:
            if name in seen and name in _ONCE:
                return True
            seen.add(name)
        return False
