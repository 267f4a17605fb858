"""The questions of trustworthy AI, answered in an attestation that is valid today.

The questions are those of the High-Level Expert Group's Ethics Guidelines for Trustworthy AI (2019): lawful, ethical
and robust; with purpose, consent and harm, as the primer asks them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from redan.controls import attestation
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.findings import Finding, Remedy, broken, holds
from redan.system.system import System
from redan.terms import Level

ANSWERED = "AIPS-PIT-06/questions-are-answered"
CONTROL = "AIPS-PIT-06"
# A question counts as answered when the attested text speaks of it, in any inflection.
QUESTIONS = {
    "lawful": r"\b(un)?law|\blegal|\bGDPR\b|\bcompl(y|ies|iance|iant)",
    "ethical": r"\b(un)?ethic|\bfair|\bbias",
    "robust": r"\brobust",
    "purpose": r"\bpurpose",
    "consent": r"\bconsent|\blawful basis|\bopt(ed)?[- ]?(in|out)",
    "harm": r"\bharm",
}
_REMEDY = Remedy(
    text=f"Answer each question (lawful, ethical, robust, purpose, consent, harm) in attested of "
    f'[controls."{CONTROL}"], with attested_by a declared person and an expiry of three years at most.',
    command=f"redan explain {CONTROL}",
    effort=Level.LOW,
)


def _whole(_: System) -> Iterable[Subject]:
    return (Subject("system"),)


def _answered(have: Have) -> Iterator[Finding]:
    stance = have.system.stance(CONTROL)
    fault = attestation.fault(stance, have.system, have.now) or _open(stance.attested if stance else None)
    event = have.history.first("described", f"controls:{CONTROL}")
    if fault is None and event is not None and event.at.date() > have.now:
        fault = f"the ledger dates the answers {event.at:%Y-%m-%d}, in the future"
    if fault or stance is None:
        found = broken(ANSWERED, "system", f"The questions of trustworthy AI are not answered: {fault}.", _REMEDY)
    else:
        text = f"The questions of trustworthy AI are answered by {stance.attested_by}, valid until {stance.expires}."
        found = holds(ANSWERED, "system", text)
    yield replace(found, location=place(have.system, f"controls:{CONTROL}"))


def _open(attested: str | None) -> str | None:
    left = [name for name, words in QUESTIONS.items() if not re.search(words, attested or "", re.IGNORECASE)]
    return f"the attested text says nothing about {', '.join(left)}" if left else None


CHECKS = (Check(id=ANSWERED, subjects=_whole, run=_answered, dated=True),)
