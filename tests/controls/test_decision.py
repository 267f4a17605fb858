"""The decision record of every Consider: missing, incomplete and overdue ones are broken."""

import datetime as dt
from typing import NamedTuple

import numpy as np
import pytest

from redan.artifacts.history import History
from redan.controls.catalogue import load
from redan.controls.contract import Have
from redan.controls.decision import decision_check
from redan.system.read import parse
from redan.terms import Kind, Outcome

ID = "A-MLSG-001-C001"
FULL = {"decision": '"adopted"', "reason": '"worth it"', "owner": '"Ann"', "review": "2026-06-01"}


class Control(NamedTuple):
    """A control as the check sees it."""

    id: str


def ask(tmp_path, **keys):
    lines = [f"{key} = {value}" for key, value in keys.items() if value is not None]
    text = "\n".join(['[system]\nname = "x"', f'[controls."{ID}"]' if keys else "", *lines])
    system = parse(text.encode(), file="redan.toml", root=tmp_path)
    check = decision_check(Control(ID))
    (subject,) = check.subjects(system)
    have = Have(
        system=system,
        subject=subject,
        artifacts={},
        history=History(),
        now=dt.date(2026, 6, 1),
        rng=np.random.default_rng(0),
    )
    (finding,) = check.run(have)
    assert finding.check == f"{ID}/decision-is-recorded"
    return finding


def test_adopted_holds_and_rejected_does_not_apply(tmp_path):
    """Both are valid on the day of review itself; a rejection carries its reason."""
    assert ask(tmp_path, **FULL).outcome is Outcome.HOLDS
    rejected = ask(tmp_path, **{**FULL, "decision": '"rejected"', "reason": '"no third party trains"'})
    assert rejected.outcome is Outcome.NOT_APPLICABLE
    assert "no third party trains" in rejected.message


@pytest.mark.parametrize("key", [*FULL])
def test_each_part_is_needed(tmp_path, key):
    """Without decision, reason, owner or review the record is broken and names the part."""
    finding = ask(tmp_path, **{**FULL, key: None})
    assert finding.outcome is Outcome.BROKEN
    assert key in finding.message
    assert finding.location.line == 3


def test_overdue_missing_and_empty_words_are_broken(tmp_path):
    """A review that was due yesterday, no record at all, and an owner to be decided."""
    assert "was due" in ask(tmp_path, **{**FULL, "review": "2026-05-31"}).message
    assert ask(tmp_path).outcome is Outcome.BROKEN
    assert ask(tmp_path, **{**FULL, "owner": '"TBD"'}).outcome is Outcome.BROKEN


def test_every_consider_of_the_catalogue_has_the_check():
    """The check is made for each Consider and is dated, so that it is never cached."""
    considers = [control for control in load().values() if control.kind is Kind.CONSIDER]
    assert considers
    assert all(decision_check(control).dated for control in considers)
