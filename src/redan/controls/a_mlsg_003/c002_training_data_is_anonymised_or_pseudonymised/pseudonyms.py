"""Pseudonyms against an attacker who tries the values they may stand for."""

from collections.abc import Iterable, Iterator

from redan.artifacts.dataset_file import DatasetFile
from redan.controls.contract import Check, Have, Subject
from redan.findings import Finding, not_run
from redan.system.system import System
from redan.terms import Tier

KEYED = "A-MLSG-003-C002/pseudonyms-are-keyed"


def _pseudonymised(system: System) -> Iterable[Subject]:
    return tuple(
        Subject(f"dataset:{d.name}", (f"dataset:{d.name}",)) for d in system.datasets if d.pseudonyms and d.path
    )


def _keyed(have: Have) -> Iterator[Finding]:
    yield not_run(KEYED, have.subject.id, "The pseudonyms are not tried yet.")


CHECKS = (
    Check(id=KEYED, subjects=_pseudonymised, run=_keyed, needs=(DatasetFile,), tier=Tier.MINUTES, adjustable=False),
)
