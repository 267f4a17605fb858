"""A model's card has the paper's sections, answers only what was stated or measured, and says what was not."""

import datetime as dt
import json
from types import SimpleNamespace

import pytest

from redan.findings import Measure
from redan.reports import model_card
from redan.reports.model_facts import model_facts
from redan.system.read import parse, read
from reports import mlbom_cases as cases

NOW = dt.datetime(2026, 6, 1, 12, 0, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The full project on disk."""
    return cases.make(tmp_path_factory.mktemp("card") / "p")


def card_of(system, name, material=None):
    """The card of one model as text."""
    model = next(m for m in system.models if m.name == name)
    return model_card.render(model_facts(system, model, material)).decode()


def test_card_has_the_nine_sections_in_order(project):
    """Sections stand as in the paper."""
    heads = [line[3:] for line in card_of(read(project), "churn").splitlines() if line.startswith("## ")]
    assert heads == list(model_card.SECTIONS)


def test_what_was_stated_is_answered_and_the_rest_says_so(project):
    """Purpose, users, data, licence and digest are there; nobody stated when or by whom it was developed."""
    text = card_of(read(project), "churn")
    assert "**What is it for?** Predict who cancels" in text
    assert "**Who is meant to use it?** the call centre" in text
    assert "**Which data was it trained on?** train, train data" in text
    assert "**On what licence?** Our own terms" in text
    assert "**Who developed it?** not stated" in text
    assert "**What was measured?** not stated" in text
    assert read(project).models[2].path == "model.onnx"
    assert "SHA-256" in text


def test_a_model_that_says_nothing_is_not_spoken_for(tmp_path):
    """Every answer but the task is not stated."""
    system = parse(cases.BARE.encode(), file="redan.toml", root=tmp_path)
    answers = [line.partition("** ")[2] for line in card_of(system, "m").splitlines() if line.startswith("- **")]
    told = [a for a in answers if a != "not stated"]
    assert told[0] == "classification"
    assert all("risk before any control" in a for a in told[1:])


def test_findings_of_the_last_evidence_are_caveats(project):
    """What was found broken about the model stands in its card, with the time of the check."""
    material = cases.material(project, NOW)
    text = card_of(material.system, "churn", material)
    assert "**When was it checked?** 2026-06-01 12:00 UTC by redan" in text
    assert text.count("**Found broken:**") >= 1


def test_measures_are_named_in_words_and_thresholds_once():
    """A measure that several findings have is listed once, as people write it."""
    measure = Measure(name="rounds_won", value=0.9, n=15, threshold=0.5, comparator=">=", unit="share")
    finding = SimpleNamespace(subject="model:churn")
    facts = SimpleNamespace(measured=lambda: [(finding, measure, None)] * 2)
    answers = dict(model_card._metrics(facts))
    assert answers["Which measures were taken?"] == "rounds won"
    assert answers["Which thresholds decide?"] == "rounds won of model:churn >= 0.5"


def test_base_models_are_not_given_the_purpose_of_the_product(project):
    """What the product is for is no intended use of a model that another one was made from."""
    assert "Predict who cancels" not in card_of(read(project), "base")


def test_hostile_names_become_no_markup(tmp_path):
    """Markup in free texts is escaped in the card."""
    text = json.dumps("<img src=x onerror=y> [a](http://b) | c")
    system = parse(
        f'[system]\nname = "x"\npurpose = {text}\n[[model]]\nname = "m"\npublisher = {text}\n'.encode(),
        file="f",
        root=tmp_path,
    )
    found = card_of(system, "m")
    assert "<img" not in found
    assert "](" not in found.replace("\\](", "")
    assert "http://" not in found
