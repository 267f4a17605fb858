"""Old ciphers, certificates that nobody vouches for or that end soon, bare flows; and their repaired twins."""

import re

from redan.controls.contract import Vector
from redan.controls.live.planted import SERVED
from redan.controls.live.planted_tls import behind_tls
from redan.terms import Outcome

_CIPHERS = "AIPS-TRA-03/protocols-and-ciphers-are-current"
_CERTIFICATES = "AIPS-TRA-03/certificates-are-valid"
_FLOWS = "AIPS-TRA-03/boundary-flows-are-protected"
_NOTE = "Requests and answers carry the same personal data as the training set, in the clear if nobody looked."
_SYSTEM = """[system]
name = "churn"
stage = "operation"

[[boundary]]
name = "company"
contains = ["model:churn"]

[[source]]
name = "crm"
kind = "internal"

[[model]]
name = "churn"

[[flow]]
from = "source:crm"
to = "model:churn"
protection = "{0}"
"""


def _line(name: str, check: str, outcome: Outcome, **how: bool) -> Vector:
    toml = re.sub(rb"probe = .*", b'probe = ["probe.toml"]', SERVED)
    files = {"redan.toml": toml}
    return Vector(name=name, files=files, check=check, expect=outcome, note=_NOTE, around=behind_tls(**how))


def _flow(name: str, outcome: Outcome, protection: str) -> Vector:
    files = {"redan.toml": _SYSTEM.format(protection).encode()}
    return Vector(name=name, files=files, check=_FLOWS, expect=outcome, note=_NOTE)


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    return (
        _line("ciphers without forward secrecy", _CIPHERS, Outcome.BROKEN, weak=True),
        _line("current ciphers", _CIPHERS, Outcome.HOLDS),
        _line("a certificate of nobody", _CERTIFICATES, Outcome.BROKEN, unknown=True),
        _line("a certificate that ends within days", _CERTIFICATES, Outcome.BROKEN, ending=True),
        _line("a good certificate", _CERTIFICATES, Outcome.HOLDS),
        _flow("a bare flow across a line of trust", Outcome.BROKEN, "none"),
        _flow("a flow by TLS", Outcome.HOLDS, "tls"),
    )
