"""Sets hold the right class as often as declared, per class, whatever the model's own confidence is worth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guards.answered import PORT, flow
from redan.exchange.tensors import Port
from redan.guards.conformal import ABSTAIN, SET, Calibration, Conformal


def _draw(rng, n):
    y = rng.choice(3, n, p=[0.7, 0.2, 0.1])
    logits = rng.normal(size=(n, 3))
    logits[np.arange(n), y] += 1.5
    raised = np.exp(3 * logits)  # overconfident
    return raised / raised.sum(axis=1, keepdims=True), y


def _calibration(rng, n, temperature=1.0):
    scores, y = _draw(rng, n)
    held = Calibration(temperature, ())
    shown = held.calibrated(scores)
    return Calibration(temperature, tuple(np.sort(1 - shown[y == k, k]) for k in range(3)))


def test_each_class_is_covered_as_declared_over_many_calibrations():
    """The mean coverage of every class over 200 calibration sets is at least 90 %, and not far above."""
    rng, found = np.random.default_rng(0), []
    for _ in range(200):
        held = _calibration(rng, 400, temperature=2.0)
        scores, y = _draw(rng, 300)
        inside = held.p_values(held.calibrated(scores)) > 0.1
        found.append([inside[y == k, k].mean() for k in range(3)])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(200)
    assert (mean > 0.9 - 3 * error).all()
    assert (mean < 0.94).all()


def test_p_values_are_those_of_a_naive_count():
    """Each p-value is the share of calibration scores at least as large, with the new one counted."""
    rng = np.random.default_rng(1)
    held = _calibration(rng, 50)
    scores, _ = _draw(rng, 20)
    found = held.p_values(scores)
    for row in range(20):
        for k in range(3):
            stranger = (held.scores[k] >= 1 - scores[row, k] - 1e-12).sum()
            assert found[row, k] == (stranger + 1) / (len(held.scores[k]) + 1)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 60), st.floats(0.001, 0.999), st.integers(0, 2**32))
def test_a_limit_is_where_the_p_value_falls_to_the_level(n, miss, seed):
    """Sets from limits are those from p-values, ties included; rounding never leaves a class out."""
    rng = np.random.default_rng(seed)
    held = Calibration(1.0, (np.sort(np.round(rng.uniform(size=n), 2)), np.array([0.5])))
    given = np.round(rng.uniform(size=(40, 2)), 2)
    p, inside = held.p_values(given), 1.0 - given <= held.limits(miss) + 1e-12
    assert (inside[p > miss]).all()
    assert not inside[p < miss - 1e-9].any()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.booleans(), st.sampled_from([0.3, 1.0, 2.5]), st.integers(0, 2**32))
def test_a_row_alone_is_answered_as_among_others(width, logits, temperature, seed):
    """Both ways of working give the same sets, flags and probabilities, of one column too."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(6, width)) * 4 if logits else rng.dirichlet(np.ones(max(2, width)), 6)[:, :width]
    classes = max(2, width)
    held = Calibration(
        temperature, tuple(np.sort(rng.uniform(size=rng.integers(0, 40))) for _ in range(classes)), logits
    )
    port = Port("probabilities", "FP32", (-1, width))
    guard = Conformal(port, held, 0.2, 1, lambda: True)

    def answered(rows):
        made = flow(rows)
        assert guard.outbound(made) is None
        return [tensor.values for tensor in made.answer.outputs[1:]], made.notes.get("abstained", 0)

    whole, many = answered(scores)
    alone = [answered(scores[i : i + 1]) for i in range(6)]
    assert many == sum(count for _, count in alone)
    for place, values in enumerate(whole):
        np.testing.assert_allclose(values, np.concatenate([one[place] for one, _ in alone]), atol=1e-6)
        assert values.dtype == alone[0][0][place].dtype


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("logits", [True, False])
@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("rows", [1, 3])
def test_what_is_no_number_has_no_set(value, logits, temperature, rows):
    """Whatever the form of the scores, alone or among others."""
    held = Calibration(temperature, (np.linspace(0, 1, 20),) * 3, logits)
    scores = np.full((rows, 3), 0.3)
    scores[0, 1] = value
    assert Conformal(PORT, held, 0.2, 1, lambda: True).outbound(flow(scores)).problem.status == 500


def test_outputs_abstention_and_validity_are_added():
    """The answer has a set and a flag for each row, and says whether its promise still holds."""
    held = _calibration(np.random.default_rng(2), 400)
    guard = Conformal(PORT, held, 0.1, 1, lambda: False)
    made = flow([[0.98, 0.01, 0.01], [0.34, 0.33, 0.33]])
    assert guard.outbound(made) is None
    outputs = {tensor.name: tensor.values for tensor in made.answer.outputs}
    assert outputs[SET][0].tolist() == [True, False, False]
    assert outputs[ABSTAIN].tolist() == [False, True]
    assert dict(made.answer.parameters) == {"coverage": 0.9, "coverage_valid": False}
    assert {port.name for port in guard.ports} == {SET, ABSTAIN}


def test_a_class_without_calibration_rows_is_never_left_out():
    """Nothing can be said about such a class, so every set holds it."""
    held = Calibration(1.0, (np.array([0.1, 0.2]), np.array([]), np.array([0.3])))
    assert held.p_values(np.array([[0.0, 0.0, 1.0]]))[0, 1] == 1.0


def test_an_answer_of_other_classes_is_refused():
    """A calibration of another model gives no sets."""
    held = Calibration(1.0, (np.array([0.1]), np.array([0.1])))
    assert Conformal(PORT, held, 0.1, 1, lambda: True).outbound(flow([[0.2, 0.3, 0.5]])).problem.status == 500
