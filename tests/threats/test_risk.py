"""Risk: monotone in exposure and worth, lowered by evidence only, explained to the last point."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.controls.catalogue import load
from redan.terms import Outcome
from redan.threats import RiskLevel, derive, in_force, residual
from redan.threats.risk import MATRIX, assess, evidence, level
from redan.threats.rules import RULES
from redan.threats.taxonomy import entries
from redan.threats.techniques import techniques
from threat_systems import CHURN, EXPECTED, PHOTOS, PLANTS, system_of

EXPOSURES = ("local", "internal", "partner", "public")
KNOWN = entries()
CONTROLS = load()
DEAR = PHOTOS.replace('trained_on = ["uploads"]', 'trained_on = ["uploads"]\nworth = "high"')
ALL = [t for text in (DEAR, *(pair[0] for pair in EXPECTED.values())) for t in derive(system_of(text)).threats]
POINTS = {"exposure": (0, 3), "knowledge": (0, 2), "access": (0, 2), "evidence": (0, 3), "worth": (1, 3)}


def _risks(text):
    return {threat.key: threat.risk for threat in derive(system_of(text)).threats}


def _assert_never_lower(before, after):
    for key, risk in _risks(before).items():
        more = _risks(after)[key]
        assert more.likelihood >= risk.likelihood
        assert more.impact >= risk.impact
        assert more.level.rank >= risk.level.rank


@pytest.mark.parametrize("text", [CHURN, PHOTOS, PLANTS], ids=["churn", "photos", "plants"])
@pytest.mark.parametrize("pair", list(itertools.pairwise(EXPOSURES)), ids="-".join)
def test_adding_an_exposure_never_lowers_a_risk(text, pair):
    """An endpoint open to more people has at least the threats and risks of one open to fewer."""
    old = next(f'exposure = "{e}"' for e in EXPOSURES if f'exposure = "{e}"' in text)
    less, more = (text.replace(old, f'exposure = "{exposure}"') for exposure in pair)
    _assert_never_lower(less, more)
    _assert_never_lower(less, more.replace("authenticated = true", "").replace("rate_limited = true", ""))
    assert _risks(less) != _risks(more)


@pytest.mark.parametrize("kind", ["crowd", "sensor", "vendor", "public"])
def test_a_source_outside_never_lowers_a_risk(kind):
    """Making an internal source an outside one keeps every threat and lowers none."""
    _assert_never_lower(CHURN, CHURN.replace('kind = "internal"', f'kind = "{kind}"'))
    assert len(_risks(CHURN.replace('kind = "internal"', f'kind = "{kind}"'))) > len(_risks(CHURN))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('worth = "high"', ""),
        ("regulated = true", "regulated = false"),
        ('identifiers = ["customerID"]', 'identifiers = ["customerID"]\nconfidential = true'),
    ],
)
def test_a_dearer_asset_never_lowers_a_risk(old, new):
    """Worth, duty and secrecy raise impact only."""
    pair = (CHURN, CHURN.replace(old, new))
    cheap, dear = pair if "confidential" in new else pair[::-1]
    _assert_never_lower(cheap, dear)
    assert _risks(cheap) != _risks(dear)


def test_a_third_party_site_never_lowers_a_risk():
    """A site that somebody else runs has at least the risks of one of our own."""
    _assert_never_lower(PLANTS.replace("third_party = true", "third_party = false"), PLANTS)


def test_the_matrix_rises_in_both_directions():
    """More likely or dearer is never a lower cell; both corners are what they should be."""
    for row, column in itertools.product(range(1, 6), range(1, 5)):
        assert level(row, column).rank <= level(row, column + 1).rank
        assert level(column, row).rank <= level(column + 1, row).rank
    assert (MATRIX[0][0], MATRIX[4][4]) == (RiskLevel.LOW, RiskLevel.CRITICAL)


@pytest.mark.parametrize("steps", [(0, 1), (6, 1), (1, 0), (1, 6)])
def test_steps_outside_the_scale_are_refused(steps):
    """Likelihood and impact go from 1 to 5."""
    with pytest.raises(ValueError, match="from 1 to 5"):
        level(*steps)


def test_every_point_is_explained():
    """Likelihood and impact can be recomputed by hand from the factors that are printed."""
    for threat in ALL:
        likely = [f for f in threat.risk.factors if f.of == "likelihood"]
        harm = [f for f in threat.risk.factors if f.of == "impact"]
        assert [f.name for f in likely] == ["exposure", "knowledge", "access", "evidence"]
        assert threat.risk.likelihood == max(1, sum(f.points for f in likely) // 2)
        assert threat.risk.impact == min(5, sum(f.points for f in harm))
        for factor in threat.risk.factors:
            low, high = POINTS.get(factor.name, (0, 1))
            assert low <= factor.points <= high
            assert factor.why


def test_risks_differ_enough_to_rank_by():
    """The golden systems use all four levels: a scale that says the same of everything says nothing."""
    assert {threat.risk.level for threat in ALL} == set(RiskLevel)


def test_evidence_weighs_maturity_and_cases():
    """A technique seen often in the wild weighs most; one without a public count weighs nothing."""
    assert evidence(("AML.T0015@5.6.0",), KNOWN).points == 3
    assert evidence(("AML.T0024.002@5.6.0",), KNOWN).points == 2
    assert evidence(("AML.T0041@5.6.0",), KNOWN).points == 1
    assert evidence(("AML.T0024.000@5.6.0",), KNOWN).points == 0
    assert (
        evidence(("AML.T0024.000@5.6.0", "AML.T0015@5.6.0"), KNOWN).why
        == "AML.T0015@5.6.0: realized, 17 published cases"
    )
    assert evidence((), KNOWN).points == 0
    assert evidence(("AML.T9999@5.6.0",), KNOWN).points == 0


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.HOLDS])
def test_only_a_control_that_holds_lowers_a_risk(outcome):
    """Broken, stale, not-run, not-applicable and error leave the whole risk."""
    for threat in ALL:
        assert residual(threat, {m.control: outcome for m in threat.mitigations}) == threat.risk


def test_a_control_of_another_threat_lowers_nothing():
    """A held control that does not mitigate a threat leaves it as it was."""
    for threat in ALL:
        assert residual(threat, {"AIPS-PIT-03": Outcome.HOLDS}) == threat.risk


def test_held_controls_lower_likelihood_by_their_strength():
    """The strongest counts in full, a second by one step, never below 1; impact stays."""
    for threat in ALL:
        first, second = threat.mitigations[:2]
        alone = residual(threat, {first.control: Outcome.HOLDS})
        both = residual(threat, {first.control: Outcome.HOLDS, second.control: Outcome.HOLDS})
        every = residual(threat, {m.control: Outcome.HOLDS for m in threat.mitigations})
        assert alone.likelihood == max(1, threat.risk.likelihood - first.strength)
        assert both.likelihood == max(1, threat.risk.likelihood - first.strength - 1) == every.likelihood
        assert {alone.impact, both.impact} == {threat.risk.impact}
        assert both.level.rank <= alone.level.rank <= threat.risk.level.rank
        assert alone.factors[-1].why == f"{first.control} holds by evidence"


@given(st.sets(st.sampled_from(sorted(CONTROLS))), st.sampled_from(sorted(CONTROLS)), st.sampled_from(ALL))
def test_one_more_held_control_never_raises_a_risk(held, more, threat):
    """Residual risk falls or stays with each control that holds."""
    before = residual(threat, dict.fromkeys(held, Outcome.HOLDS))
    after = residual(threat, dict.fromkeys(held | {more}, Outcome.HOLDS))
    assert after.likelihood <= before.likelihood


def test_a_rejected_control_protects_nobody():
    """A consider that the team rejected holds as a decision, and is not in force."""
    text = PHOTOS + '\n[controls."A-MLSG-001-C004"]\ndecision = "rejected"\nreason = "one site"\n'
    outcomes = {"A-MLSG-001-C004": Outcome.HOLDS, "AIPS-POI-01": Outcome.HOLDS}
    assert in_force(system_of(text), outcomes) == {"AIPS-POI-01": Outcome.HOLDS}


@pytest.mark.parametrize("technique", techniques().values(), ids=lambda technique: technique.id)
def test_a_technique_refers_to_what_exists(technique):
    """Controls are in the catalogue and answer to the class of threat, references are pinned, strengths are 1 to 3."""
    assert [m.control for m in technique.mitigations if m.control not in CONTROLS] == []
    assert {m.strength for m in technique.mitigations} <= {1, 2, 3}
    assert [r for r in (*technique.references, *technique.evidence) if r not in KNOWN] == []
    assert technique.properties
    assert technique.stages
    named = {threat for m in technique.mitigations for threat in CONTROLS[m.control].threats}
    assert technique.threat_class in named


def test_assessing_twice_is_the_same():
    """Risk is a pure function of its arguments."""
    system = system_of(PHOTOS)
    rule = RULES[0]
    place = next(rule.applies(system))
    technique = techniques()[rule.technique]
    assert assess(system, technique, place, KNOWN) == assess(system, technique, place, KNOWN)
