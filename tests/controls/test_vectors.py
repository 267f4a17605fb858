"""Every check of the shelf on its vectors: planted violations are found, repaired twins hold, nothing of the data shows."""

import importlib
import re
from itertools import chain

import pytest

from redan.controls.catalogue import checks, load
from redan.terms import Outcome
from redan.testing import answer

CATALOGUE = load()
LIVE = {id_: found for id_, control in CATALOGUE.items() if (found := checks(control))}
VECTORS = tuple(
    chain.from_iterable(importlib.import_module(f"{CATALOGUE[id_].package}.vectors").vectors() for id_ in LIVE)
)
EXTRAS = {check.id: check.extra for found in LIVE.values() for check in found if check.extra}
AGREES = {"<=": lambda value, threshold: value <= threshold, ">=": lambda value, threshold: value >= threshold}


def named(vector):
    return f"{vector.check}: {vector.name}"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The findings of each vector, run once."""
    kept = {}

    def tell(vector):
        key = named(vector)
        if key not in kept:
            kept[key] = answer(vector, tmp_path_factory.mktemp("vector"))
        return kept[key]

    return tell


@pytest.mark.parametrize("vector", VECTORS, ids=named)
def test_vector_comes_to_its_outcome(vector, told):
    """The check comes to the stated outcome about the stated subject, and to nothing worse."""
    found = told(vector)
    outcomes = {finding.outcome for finding in found}
    assert vector.expect in outcomes, [finding.message for finding in found]
    if vector.expect is not Outcome.BROKEN:
        assert Outcome.BROKEN not in outcomes, [finding.message for finding in found]


@pytest.mark.parametrize("vector", VECTORS, ids=named)
def test_findings_of_a_vector_are_fit_to_show(vector, told):
    """Each finding has a line; a broken one a remedy; and no long piece of the data or code stands in any."""
    found = told(vector)
    assert all(f.location is not None and f.location.line >= 1 for f in found)
    assert all(f.remedy is not None for f in found if f.outcome is Outcome.BROKEN)
    shown = "\n".join(str(f.to_json()) for f in found)
    assert not {token for token in long_tokens(vector) if token in shown}


@pytest.mark.parametrize("vector", VECTORS, ids=named)
def test_a_measure_never_contradicts_its_outcome(vector, told):
    """Where a threshold decided, value and threshold say the same as the outcome."""
    for finding in told(vector):
        measure = finding.measure
        if measure is None or measure.value is None or measure.threshold is None:
            continue
        agrees = AGREES[measure.comparator](measure.value, measure.threshold)
        if finding.outcome in {Outcome.HOLDS, Outcome.BROKEN}:
            assert agrees == (finding.outcome is Outcome.HOLDS), finding.message


@pytest.mark.parametrize("id_", LIVE)
def test_every_live_question_has_a_plant_and_a_twin(id_):
    """Each question that has a check has a vector that must break it and one that must hold."""
    for question in CATALOGUE[id_].live:
        assert {Outcome.BROKEN, Outcome.HOLDS} <= {v.expect for v in VECTORS if v.check == question.id}


@pytest.mark.parametrize("id_", LIVE)
def test_checks_are_those_that_the_catalogue_promises(id_):
    """The live questions of control.toml and the checks of check.py are the same, with the same tiers."""
    promised = {question.id: question.tier for question in CATALOGUE[id_].live}
    assert {check.id: check.tier for check in LIVE[id_]} == promised


def long_tokens(vector):
    """The pieces of the data or code that could be a personal value or a secret."""
    held = b" ".join(c for name, c in vector.files.items() if name != "redan.toml").decode("utf-8", "replace")
    described = vector.files["redan.toml"].decode()
    pieces = {t for t in re.split(r"[\s,\"'=@]+", held) if len(t) >= 8 and re.search(r"\d", t)}
    return {piece for piece in pieces if piece not in described}
