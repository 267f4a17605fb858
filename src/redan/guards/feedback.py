"""Labels that come after an answer: read under bounds, and no more of them a day than agreed.

Source: A-MLSG-004-D003 (delayed labels are joined to what was answered); A-MLSG-001-N004 (feedback is capped).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

from redan.exchange.flow import Claim, Flow, Labels
from redan.exchange.problem import Problem, Refusal, RefusedError
from redan.guards.limits import DAY
from redan.guards.store import RATE

_GUARD: Final = "feedback"
_MOST: Final = 1024  # labels of one answer
_WORD: Final = 120  # characters of a name


class Told(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The body of a feedback: labels of one answer.

    Args:
        event: identifier of the answer's event, as its header `redan-event` told it.
        labels: the right class of each row, as its number, counted from 0, or as its name.
    """

    event: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{24}$", max_length=24)]
    labels: Annotated[
        list[Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] | Annotated[str, msgspec.Meta(max_length=_WORD)]],
        msgspec.Meta(min_length=1, max_length=_MOST),
    ]


_DECODER: Final = msgspec.json.Decoder(Told)


def schema() -> dict[str, Any]:
    """The JSON Schema of a feedback, as it is published."""
    (found,), parts = msgspec.json.schema_components([Told], ref_template="#/$defs/{name}")
    del found
    told = dict(parts["Told"], title="Feedback", description="What was right, told after an answer of the gateway.")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:redan:feedback:v1", **told}


def text() -> str:
    """The schema as the committed file holds it."""
    return json.dumps(schema(), indent=2) + "\n"


def read(body: bytes) -> Labels:
    """Labels from the bytes of a feedback.

    Raises:
        RefusedError: it is none.
    """
    try:
        found = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(Refusal(Problem.MALFORMED, _GUARD, "it takes an event and labels")) from error
    return Labels(found.event, tuple(found.labels))


@dataclass(frozen=True, slots=True)
class Feedback:
    """Reads labels, and claims them of what a client may give in a day; comes after who asks was found out.

    Args:
        labels: a day, of a model by its name; None where none are taken.
    """

    labels: Callable[[str], int | None]
    name: str = _GUARD

    def inbound(self, flow: Flow) -> Refusal | None:
        """Fills the flow's labels."""
        identity, most = flow.identity, self.labels(flow.model)
        if identity is None:
            return Refusal(Problem.UNAUTHENTICATED, self.name)
        if most is None:
            return Refusal(Problem.UNKNOWN, self.name)
        flow.labels = found = read(flow.request.body)
        flow.notes["of"], flow.notes["labels"] = found.event, len(found.labels)
        key = f"labels/{identity.principal}/{flow.model}"
        flow.claims.append(Claim(RATE, key, len(found.labels), float(most), DAY / most))
        return None
