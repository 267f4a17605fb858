"""An endpoint that answers now, and what it is asked with."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from redan.exchange.signature_keys import Signing


class Client(NamedTuple):
    """Credentials of one client; they are shown in no message.

    Args:
        principal: its name at the endpoint; the empty string where it is not known.
        token: API key or JSON Web Token; the empty string for none.
        keyid: name of its signing key; the empty string where it does not sign.
        key: signs.
    """

    principal: str = ""
    token: str = ""
    keyid: str = ""
    key: Signing | None = None

    def __repr__(self) -> str:
        """Without anything secret."""
        return f"Client({self.principal!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A gateway that was started for the occasion.

    Args:
        pid: of its process.
        admin: address of the operators' plane; the empty string for none.
        token: that operators show.
        ledger: folder of its log; None where none is kept.
        key: public key of the log, as PEM.
    """

    pid: int
    admin: str = ""
    token: str = field(default="", repr=False)
    ledger: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """An endpoint that answers.

    Args:
        url: `http://host:port`, with what stands before `/v2`.
        model: name of the model that is asked about.
        clients: who may ask it; each for one thing that is tried, so that none spends the budget of another.
        stranger: who is known, and may ask another model only; None where there is nobody.
        tls: whom to trust; None for the authorities of this machine.
        started: where it was started for the occasion; None where it was running.
    """

    url: str
    model: str
    clients: tuple[Client, ...]
    stranger: Client | None = None
    tls: ssl.SSLContext | None = None
    started: Started | None = None
