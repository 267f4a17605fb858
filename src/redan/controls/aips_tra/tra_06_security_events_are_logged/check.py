"""The log of the serving path: whether it tells of every decision, is provably whole, and names nobody."""

from collections.abc import Iterable

from redan.artifacts.served_endpoint import ServedEndpoint
from redan.controls.contract import Have
from redan.controls.live import logbook
from redan.controls.live.logged import Looked, look
from redan.controls.live.survey import TRIED, asked, probed, surveyed
from redan.errors import IncompleteError
from redan.findings import Finding, Remedy, broken, holds
from redan.probes import checks
from redan.terms import Level

EVIDENT = "AIPS-TRA-06/log-is-tamper-evident"
CLEAN = "AIPS-TRA-06/log-holds-no-personal-content"
_LEDGER = Remedy(
    text="Keep events in an append-only log whose checkpoint is signed, and publish that checkpoint out of the "
    "operator's reach; where the log was altered, find out by whom.",
    command="redan serve",
    effort=Level.MEDIUM,
)
_DIGESTS = Remedy(
    text="Write keyed digests of principals and requests into events, and never names, values or credentials.",
    effort=Level.MEDIUM,
)


def _evident(check: str, have: Have) -> Iterable[Finding]:
    found = _looked(have)
    if found.fault:
        return [broken(check, have.subject.id, f"The log does not prove that it is whole: {found.fault}.", _LEDGER)]
    return [holds(check, have.subject.id, f"The log proves that all of its {found.entries:,} entries are as signed.")]


def _clean(check: str, have: Have) -> Iterable[Finding]:
    found = _looked(have)
    if found.odd:
        text = f"Events of the log hold more than they may: {', '.join(found.odd[:5])}."
        return [broken(check, have.subject.id, text, _DIGESTS)]
    text = f"None of the {found.entries:,} entries of the log holds a name, a value or a credential."
    return [holds(check, have.subject.id, text)]


def _looked(have: Have) -> Looked:
    """At the log that is there, or at that of the gateway that was started for the occasion."""
    log = logbook.declared(have.system)
    if log is not None:
        return look(log)
    if have.get(ServedEndpoint, have.subject.elements[0]).url is not None:
        raise IncompleteError("the endpoint's log is not on this machine", remedy="run the check where the log lies")
    made = surveyed(have, TRIED)
    if made.failed:
        raise IncompleteError(made.failed, remedy=made.remedy)
    if made.log is None:
        raise IncompleteError("no log is kept", remedy="take 'logged = false' out")
    return made.log


CHECKS = (probed(checks.EVENTS), asked(EVIDENT, _evident), asked(CLEAN, _clean))
