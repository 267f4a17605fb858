"""The words of in-toto that every statement shares: media type, statement type, and how times are written.

Source: in-toto Statement v1; DSSE 1.0.2; RFC 3339.
"""

import datetime as dt
from typing import Final, Literal

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Literal["https://in-toto.io/Statement/v1"] = "https://in-toto.io/Statement/v1"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def timestamp(at: dt.datetime) -> str:
    """RFC 3339 in UTC, to the second.

    Raises:
        ValueError: the time has no zone.
    """
    if at.tzinfo is None:
        raise ValueError("a time needs its zone")
    return at.astimezone(dt.UTC).strftime(_TIME)


def moment(text: str) -> dt.datetime:
    """The UTC time behind `timestamp`.

    Raises:
        ValueError: the text is no such time.
    """
    return dt.datetime.strptime(text, _TIME).replace(tzinfo=dt.UTC)
