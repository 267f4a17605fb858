"""Golden systems and the threats that a person expects of them; exclusions; the shelf of rules."""

from pathlib import Path

import pytest

from redan.errors import ConfigError
from redan.system.read import read
from redan.terms import ThreatClass
from redan.threats import derive
from redan.threats.rules import RULES
from redan.threats.techniques import techniques
from threat_systems import EXPECTED, PHOTOS, system_of

EXCLUSION = """
[[exclusion]]
threat = "{threat}"
{element}
justification = "inline_mitigations_already_exist"
reason = "Every request passes a proxy."
owner = "ann"
"""


@pytest.mark.parametrize("name", EXPECTED)
def test_golden_systems_have_the_threats_that_a_person_expects(name):
    """Neither more nor less is derived than was written down by hand."""
    text, expected = EXPECTED[name]
    analysis = derive(system_of(text))
    assert {threat.key for threat in analysis.threats} == expected
    assert analysis.excluded == ()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.technique)
def test_each_rule_applies_somewhere_and_not_everywhere(rule):
    """Each rule has a system where it applies and one where it does not."""
    hits = {name: bool(list(rule.applies(system_of(text)))) for name, (text, _) in EXPECTED.items()}
    assert set(hits.values()) == {True, False}


def test_shelf_and_register_agree():
    """Each technique has exactly one rule and each rule a technique."""
    assert [rule.technique for rule in RULES] == list(techniques())


def test_each_class_of_threats_has_a_rule():
    """No class that controls name is left without a rule."""
    assert {technique.threat_class for technique in techniques().values()} == set(ThreatClass)


def test_reasons_name_the_declared_fact():
    """Each reason is a sentence, and names a thing that the description declares, or that it does not."""
    for text, _ in EXPECTED.values():
        system = system_of(text)
        for threat in derive(system).threats:
            assert threat.reason.endswith(".")
            assert "None" not in threat.reason
            assert threat.element == "system" or threat.element in system.elements
            assert set(threat.assets) <= set(system.elements)


def test_worst_comes_first():
    """Threats are in the order of their risk."""
    ranks = [threat.risk.level.rank for threat in derive(system_of(PHOTOS)).threats]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[0] > ranks[-1]


def test_an_excluded_threat_is_listed_apart_with_its_reason():
    """An exclusion takes one threat at one element out of the list and keeps why."""
    text = PHOTOS + EXCLUSION.format(threat="oracle.extraction", element='element = "endpoint:tag"')
    analysis = derive(system_of(text, {"exclusion.0": 77}))
    assert "oracle.extraction" not in {threat.id for threat in analysis.threats}
    assert len(analysis.threats) == len(EXPECTED["photos"][1]) - 1
    (excluded,) = analysis.excluded
    assert excluded.key == "oracle.extraction@endpoint:tag"
    assert excluded.exclusion._asdict() == {
        "justification": "inline_mitigations_already_exist",
        "reason": "Every request passes a proxy.",
        "owner": "ann",
        "line": 77,
    }


def test_a_whole_class_can_be_excluded():
    """An exclusion may name a class of threats, at every element."""
    analysis = derive(system_of(PHOTOS + EXCLUSION.format(threat="denial-of-service", element="")))
    assert {threat.id for threat in analysis.excluded} == {"denial-of-service.flood", "denial-of-service.sponge"}


@pytest.mark.parametrize(
    ("threat", "element", "words"),
    [
        ("oracle.extraction", 'element = "endpoint:other"', "matches no threat"),
        ("poisoning.steered-input", "", "matches no threat"),
        ("oracle.extractoin", "", "did you mean 'oracle.extraction'"),
        ("nonsense", "", "is no threat"),
    ],
)
def test_an_exclusion_without_a_threat_is_an_error_at_its_line(threat, element, words):
    """An exclusion that matches nothing is refused, with the line that declares it."""
    text = PHOTOS + EXCLUSION.format(threat=threat, element=element)
    with pytest.raises(ConfigError, match=r"redan\.toml:42") as caught:
        derive(system_of(text, {"exclusion.0": 42}))
    assert words in str(caught.value)


def test_hostile_names_do_not_reach_the_terminal():
    """Control characters that a description hides in a column name are shown, not sent."""
    text = PHOTOS.replace('label = "tag"', 'label = "\\u001b[31mtag"').replace('contributor = "user"', "")
    assert not [t for t in derive(system_of(text)).threats if not t.reason.isprintable()]


def test_the_same_description_read_from_a_file(tmp_path: Path):
    """What is read from a file and what is built in memory have the same threats."""
    (tmp_path / "redan.toml").write_text(PHOTOS, encoding="utf-8")
    assert derive(read(tmp_path)).threats == derive(system_of(PHOTOS)).threats
