"""Endpoints that ask nobody's name, and rights that reach further than the work needs; and their repaired twins."""

from redan.controls.contract import Vector
from redan.controls.live.planted import SERVED, planted
from redan.terms import Outcome

_OPEN = "AIPS-TRA-02/stores-and-endpoints-require-authentication"
_ROLES = "AIPS-TRA-02/rights-follow-roles"
_NOTE = "Rights that pile up over a project's life are the usual way in."
_SYSTEM = b"""[system]
name = "churn"
stage = "operation"

[[model]]
name = "churn"

[[endpoint]]
name = "api"
model = "churn"
gateway = true
"""
_GATEWAY = b"""
[gateway]
clients = "clients.toml"
"""
_CLIENT = """[[client]]
principal = "{0}"
models = {1}
keys = ["{2}"]
[[client.signing]]
id = "{0}-1"
secret = "file:{3}.key"
"""


def _clients(*rows: tuple[str, str, str]) -> bytes:
    return "".join(
        _CLIENT.format(name, models, str(n) * 64, key) for n, (name, models, key) in enumerate(rows)
    ).encode()


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""

    def rights(name: str, outcome: Outcome, clients: bytes, toml: bytes = _SYSTEM + _GATEWAY) -> Vector:
        files = {"redan.toml": toml, "clients.toml": clients}
        return Vector(name=name, files=files, check=_ROLES, expect=outcome, note=_NOTE)

    def served(name: str, outcome: Outcome, *flaws: str) -> Vector:
        files = {"redan.toml": SERVED}
        return Vector(name=name, files=files, check=_OPEN, expect=outcome, note=_NOTE, around=planted(*flaws))

    mine = ("billing", '["churn"]', "billing")
    return (
        served("anybody is answered", Outcome.BROKEN, "open", "altered"),
        served("nobody unknown is answered", Outcome.HOLDS),
        rights("a client that may ask everything", Outcome.BROKEN, _clients(("billing", '["*"]', "billing"))),
        rights("a right to a model that is gone", Outcome.BROKEN, _clients(("billing", '["churn", "old"]', "billing"))),
        rights("two clients with one secret", Outcome.BROKEN, _clients(mine, ("shop", '["churn"]', "billing"))),
        rights("nobody is told apart", Outcome.BROKEN, b"", _SYSTEM),
        rights("each its own", Outcome.HOLDS, _clients(mine, ("shop", '["churn"]', "shop"))),
        rights("a file that is none", Outcome.NOT_RUN, b"[[client"),
    )
