"""Stage against property: counts and worst risks, compared with a count by hand."""

import pytest

from redan.terms import Outcome, Property, Stage
from redan.threats import RiskLevel, derive
from redan.threats.matrix import matrix
from threat_systems import EXPECTED, IDEA, PHOTOS, system_of


@pytest.mark.parametrize("name", EXPECTED)
def test_cells_equal_a_naive_count(name):
    """Each cell counts the threats that enter at its stage and harm its property."""
    threats = derive(system_of(EXPECTED[name][0])).threats
    cells = matrix(threats)
    assert [(c.stage, c.harm) for c in cells] == [(s, p) for s in Stage for p in Property]
    for cell in cells:
        levels = [t.risk.level for t in threats if cell.stage in t.stages and cell.harm in t.properties]
        assert cell.threat_count == len(levels) == len(cell.threats)
        assert cell.worst == next((level for level in reversed(RiskLevel) if level in levels), None)
        assert cell.remaining == cell.worst


def test_nothing_described_gives_empty_cells():
    """A system without threats has twelve cells without a risk."""
    cells = matrix(derive(system_of(IDEA)).threats)
    assert len(cells) == 12
    assert {(c.threat_count, c.worst, c.remaining) for c in cells} == {(0, None, None)}


def test_held_controls_lower_what_remains():
    """With every mitigation held, what remains is lower somewhere and higher nowhere."""
    threats = derive(system_of(PHOTOS)).threats
    held = {m.control: Outcome.HOLDS for t in threats for m in t.mitigations}
    ranks = [(c.worst.rank, c.remaining.rank) for c in matrix(threats, held) if c.worst and c.remaining]
    assert all(after <= before for before, after in ranks)
    assert any(after < before for before, after in ranks)
