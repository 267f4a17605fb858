"""Answers tell what the policy says, and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from guards.answered import PORT, flow
from redan.guards.answer_form import AnswerForm

SCORES = [[0.2, 0.5, 0.3], [0.123456, 0.4, 0.476544]]


def _shaped(guard, scores=SCORES):
    made = flow(scores)
    assert guard.outbound(made) is None
    return {tensor.name: tensor.values for tensor in made.answer.outputs}


def test_a_label_is_one_class_and_nothing_of_its_score():
    """The form of labels gives a one at the highest class; other outputs are dropped."""
    found = _shaped(AnswerForm(PORT, "label"))
    assert found.keys() == {"probabilities"}
    assert found["probabilities"].tolist() == [[0, 1, 0], [0, 0, 1]]


def test_top_two_keep_their_values_and_hide_the_rest():
    """The form of the first classes hides the others."""
    found = _shaped(AnswerForm(PORT, "top-k", top=2, decimals=2, others=frozenset({"label"})))
    assert found["probabilities"].tolist() == pytest.approx(np.array([[0, 0.5, 0.3], [0, 0.4, 0.48]], np.float32))
    assert found["label"].tolist() == [1, 2]


def test_digits_are_cut_and_scores_are_left():
    """Probabilities and scores alike are rounded to the agreed digits; without them they go out as they are."""
    assert _shaped(AnswerForm(PORT, decimals=1))["probabilities"][1].tolist() == pytest.approx(
        [0.1, 0.4, 0.5], abs=1e-6
    )
    assert _shaped(AnswerForm(PORT, "score", decimals=1))["probabilities"][1][0] == np.float32(0.1)
    assert _shaped(AnswerForm(PORT, "score"))["probabilities"][1][0] == np.float32(0.123456)


@settings(max_examples=50, deadline=None)
@given(arrays(np.float64, (4, 3), elements=st.sampled_from([0.0, 0.25, 0.25, 0.5])))
def test_two_rows_with_one_winner_cannot_be_told_apart_by_labels(scores):
    """What a label answer holds is a function of the winner alone, ties included."""
    found = _shaped(AnswerForm(PORT, "label"), scores)["probabilities"]
    assert np.argmax(found, axis=1).tolist() == np.argmax(scores, axis=1).tolist()
    assert found.sum(axis=1).tolist() == [1] * 4


def test_an_answer_without_scores_is_refused():
    """A model that does not answer as described is not let through."""
    assert AnswerForm(PORT).outbound(flow()).problem.status == 500
