"""The running service: it starts with nothing that was changed after it was sealed, and loads nothing for clients."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from redan.artifacts.served_endpoint import ServedEndpoint
from redan.controls.attacked import model_of_id
from redan.controls.contract import Have
from redan.controls.live.starting import started
from redan.controls.live.survey import asked, endpoint_of, findings
from redan.errors import IncompleteError
from redan.files import confined
from redan.findings import Finding, Remedy, broken, holds
from redan.probes import checks
from redan.terms import Level

RUNS = "A-MLSG-004-D002/service-runs-only-what-is-sealed"
_REFUSE = Remedy(
    text="Load models only from bytes that a trusted seal covers, and never at a client's word.",
    command="redan serve",
    effort=Level.MEDIUM,
)


def _runs(check: str, have: Have) -> Iterable[Finding]:
    """The probe's findings; and where the gateway is started here, what it does with one changed bit."""
    found = have.get(ServedEndpoint, have.subject.elements[0])
    told = [replace(one, check=check) for one in findings(checks.RUNNING, have)]
    if found.url is not None or have.system.gateway.upstream is not None:
        return told
    return [*told, _changed(check, have, found)]


def _changed(check: str, have: Have, found: ServedEndpoint) -> Finding:
    record = endpoint_of(have.system, found.element)
    name = model_of_id(have.system, f"model:{record.model}").path
    if name is None:
        raise IncompleteError(f"model {record.model} has no file")

    def flip(folder: Path) -> None:
        path = confined(folder, name)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    try:
        with started(have.system, found, flip):
            text = "The service starts with a model of which one bit was changed after it was sealed."
            return broken(check, have.subject.id, text, _REFUSE, part="changed-model")
    except IncompleteError as error:
        if "does not start" not in error.what:
            raise
    text = "The service does not start with a model of which one bit was changed after it was sealed."
    return holds(check, have.subject.id, text, part="changed-model")


CHECK = asked(RUNS, _runs, only_askable=True)
