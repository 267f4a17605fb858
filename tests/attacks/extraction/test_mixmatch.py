"""MixMatch: inputs that were never asked teach the copy, too."""

import numpy as np
import pytest
import torch

from attacks.extraction.victims import digits, softmax
from redan.attacks.extraction.changing import changed
from redan.attacks.extraction.contract import Known
from redan.attacks.extraction.copies import labels_of
from redan.attacks.extraction.domain import box
from redan.attacks.extraction.form import shown
from redan.attacks.extraction.mixmatch import MixMatch
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.perceptron import PerceptronRecipe
from redan.errors import MissingExtraError

ROWS, PICTURES = box((64,)), box((1, 8, 8))
FAST = MixMatch(steps=600)


def answers(x):
    """Of a softmax regression, of rows and of pictures."""
    return softmax().predict_proba(np.asarray(x).reshape(len(x), -1))


def copies(domain, pool, attack=FAST, marks=(60, 120), budget=None):
    oracle = Oracle(answers, shown=shown("label"), budget=budget, classes=10)
    known = Known(domain=domain, x=pool.reshape(-1, *domain.shape), recipe=PerceptronRecipe(), seed=1)
    return oracle, list(attack.copies(oracle, known, marks))


@pytest.mark.parametrize("domain", [ROWS, PICTURES], ids=["rows", "pictures"])
def test_labels_of_some_inputs_copy_a_model_on_others(domain):
    """Far above chance on digits that nobody asked, by the asked number of questions."""
    x = digits()[2]
    oracle, found = copies(domain, x[:400])
    held = x[400:].reshape(-1, *domain.shape)
    assert oracle.asked == 120
    assert len(found) == 2
    assert (labels_of(found[-1], held) == answers(held).argmax(axis=1)).mean() > 0.75


def test_the_weight_of_what_was_not_asked_rises_as_slowly_however_few_steps_there_are(monkeypatch):
    """Over 16,000 steps to 75, as published; a shorter ramp reaches it and stays there."""
    seen = []
    plain = MixMatch._loss

    def watched(self, net, inputs, told, weight, rng):
        seen.append(weight)
        return plain(self, net, inputs, told, weight, rng)

    monkeypatch.setattr(MixMatch, "_loss", watched)
    x = digits()[2]
    copies(ROWS, x[:100], MixMatch(steps=4), (40,))
    assert np.allclose(seen, 75.0 * np.arange(1, 5) / 16_000)
    seen.clear()
    copies(ROWS, x[:100], MixMatch(steps=4, ramp=2), (40,))
    assert np.allclose(seen, [37.5, 75.0, 75.0, 75.0])


def test_equal_seeds_learn_equally():
    """Score by score."""
    x = digits()[2]
    one, two = (copies(PICTURES, x[:200], MixMatch(steps=20), (40,))[1][0] for _ in range(2))
    held = x[400:].reshape(-1, 1, 8, 8)
    assert np.array_equal(one.scores(held), two.scores(held))


@pytest.mark.parametrize("weight", [0.0, 10.0])
def test_without_inputs_that_are_left_it_learns_from_answers_alone(weight):
    """All forty inputs are asked, and more are made; none is left to guess on."""
    x = digits()[2]
    attack = MixMatch(steps=20, weight=weight)
    bare, without = copies(ROWS, x[:40], attack, (40,)), copies(ROWS, x[:40], MixMatch(steps=20, weight=0.0), (40,))
    assert np.array_equal(bare[1][0].scores(x), without[1][0].scores(x))


def test_a_budget_ends_it():
    """With a copy of what was answered until then, and none of nothing."""
    x = digits()[2]
    oracle, found = copies(ROWS, x[:200], MixMatch(steps=5), (50, 100), budget=60)
    assert oracle.spent
    assert (oracle.asked, len(found)) == (60, 2)


def test_without_pytorch_it_says_so(monkeypatch):
    """A missing extra is named before anything is asked."""
    monkeypatch.setattr("redan.attacks.extraction.mixmatch.missing_import", lambda extra: extra)
    oracle = Oracle(answers, classes=10)
    known = Known(domain=ROWS, x=digits()[2], recipe=PerceptronRecipe())
    with pytest.raises(MissingExtraError):
        list(FAST.copies(oracle, known, (10,)))
    assert oracle.asked == 0


def test_pictures_are_moved_whole():
    """Each is the old one, moved by one place at most, its edge going on."""
    x = torch.arange(3 * 2 * 8 * 8, dtype=torch.float32).reshape(3, 2, 8, 8)
    made = changed(x, 40, 2, np.random.default_rng(0))
    assert len(made.inputs) == 2
    moves = set()
    for place, view in zip(made.places.tolist(), made.inputs[0].numpy(), strict=True):
        wide = np.pad(x[place].numpy(), ((0, 0), (1, 1), (1, 1)), mode="edge")
        fits = [(a, b) for a in range(3) for b in range(3) if np.array_equal(wide[:, a : a + 8, b : b + 8], view)]
        assert len(fits) == 1
        moves.update(fits)
    assert len(moves) == 9


def test_rows_keep_most_of_their_numbers():
    """About nine in ten stay near; the others come from the same column of another row."""
    x = torch.as_tensor(np.random.default_rng(1).normal(0, 10, (50, 40)), dtype=torch.float32)
    made = changed(x, 200, 1, np.random.default_rng(2))
    near = (made.inputs[0] - x[made.places]).abs() < 0.3
    assert 0.85 < near.float().mean() < 0.95
    taken = made.inputs[0].numpy()[~near.numpy()]
    columns = np.nonzero(~near.numpy())[1]
    assert all(np.isin(value, x[:, column].numpy()) for value, column in zip(taken, columns, strict=True))


def test_guesses_are_sharpened():
    """Rows sum to one, the first stays the first, and it is surer than the mean."""
    views = changed(torch.zeros(4, 3), 8, 2, np.random.default_rng(0))
    net = torch.nn.Linear(3, 5)
    told = torch.stack([torch.softmax(net(view), dim=1) for view in views.inputs]).mean(dim=0)
    sharp = FAST._guessed(net, views)
    assert torch.allclose(sharp.sum(dim=1), torch.ones(8))
    assert (sharp.argmax(dim=1) == told.argmax(dim=1)).all()
    assert (sharp.max(dim=1).values >= told.max(dim=1).values).all()
