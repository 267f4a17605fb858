"""Triggers worked out of networks: found where they were taught, absent in the clean twin, and the same each time."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from attacks.poisoning.taught import BLEND, PATCH, TARGET, digits, network
from redan.attacks.evasion.network import Network
from redan.attacks.poisoning.changes import CHANGES
from redan.attacks.poisoning.inversion import Inverted, Search, invert
from redan.attacks.poisoning.risk import HIGH, RAISED, anomaly, grade
from redan.errors import IncompleteError
from redan.measures.robustness import rate

FAST = Search(steps=80, rows=24)


def searched(net, **options):
    x = digits()[2]
    return [invert(Network(net, chunk=240), x, range(10), kind=kind, search=FAST, **options) for kind in CHANGES]


@pytest.mark.parametrize("trigger", [PATCH, BLEND], ids=lambda t: t.name)
def test_a_trigger_that_was_taught_is_found(trigger):
    """The class that it leads to stands out, in both kinds of change, and other samples follow what was found."""
    kinds = searched(network(trigger))
    found = anomaly(kinds)
    assert found.target == TARGET
    assert grade(found.score) != "low"
    assert all(min(kind, key=lambda one: one.size).target == TARGET for kind in kinds)
    assert kinds[0][TARGET].follow.value > 0.5


@pytest.mark.parametrize("seed", [0, 1])
def test_a_clean_twin_is_graded_low(seed):
    """No class of a clean network stands out, and its score is below half of the planted one's."""
    clean = anomaly(searched(network(seed=seed))).score
    assert grade(clean) == "low"
    assert clean < anomaly(searched(network(PATCH))).score / 1.5


def test_the_patch_is_where_it_was_put():
    """Most of the mask lies in the corner."""
    mask = searched(network(PATCH))[0][TARGET].mask[0]
    assert mask[5:, 5:].sum() > 0.6 * mask.sum()


def test_the_same_seed_gives_the_same_bytes():
    """Equal from run to run."""
    one, other = (searched(network(PATCH))[0][3] for _ in range(2))
    assert one.pattern.tobytes() == other.pattern.tobytes()
    assert one.mask.tobytes() == other.mask.tobytes()


@pytest.mark.parametrize("kind", sorted(CHANGES))
def test_gradients_are_those_of_automatic_differentiation(kind):
    """The chain rule by hand gives what PyTorch gives for loss and weighted size."""
    torch.manual_seed(1)
    x, aims = torch.rand(6, 2, 4, 4), torch.tensor([0, 0, 0, 2, 2, 2])
    layer = torch.nn.Linear(32, 3)
    change = CHANGES[kind](2, x.shape[1:], (0.0, 1.0), x.device)
    now = {name: (value + 0.3 * torch.randn_like(value)).requires_grad_() for name, value in change.start().items()}
    weight = torch.tensor([0.1, 0.7])
    changed = change.on(now, x)
    loss = functional.cross_entropy(layer(changed.flatten(1)), aims, reduction="sum")
    (slope,) = torch.autograd.grad(loss, changed, retain_graph=True)
    wanted = torch.autograd.grad(loss + (weight * change.sizes(now)).sum(), list(now.values()))
    made = change.gradient({name: value.detach() for name, value in now.items()}, x, slope, weight)
    for name, by_hand in zip(now, wanted, strict=True):
        assert torch.allclose(made[name], by_hand, atol=1e-5), name


def test_too_few_samples_are_refused():
    """Without enough inputs of other classes nothing can be searched."""
    with pytest.raises(IncompleteError, match="are needed"):
        invert(Network(network()), digits()[2][:15], range(10))


def sizes(*values):
    return [
        [
            Inverted(kind=kind, target=i, size=v, follow=rate([]), mask=None, pattern=np.zeros(1, "f4"))
            for i, v in enumerate(values)
        ]
        for kind in CHANGES
    ]


def test_scores_follow_from_sizes():
    """Equal sizes give no score above the bar; one far smaller one is told, less readily among few classes."""
    assert anomaly(sizes(0.2, 0.2, 0.2, 0.2)).score == pytest.approx(1 / 2.25)
    many, few = anomaly(sizes(0.05, 0.2, 0.2, 0.2, 0.2)), anomaly(sizes(0.05, 0.2, 0.2))
    assert many.ratios[0] == pytest.approx(4)
    assert (many.target, grade(many.score)) == (0, "high")
    assert few.score < many.score
    assert anomaly(sizes(0.1, 0.2, 0.2)).score < RAISED


def test_two_classes_are_not_judged():
    """However unequal their triggers are: there are no others to compare them with."""
    found = anomaly(sizes(0.001, 0.9))
    assert found.ratios[0] == pytest.approx(900)
    assert found.score == 0


def test_grades_are_never_better_than_low():
    """Three grades, by the score."""
    assert [grade(score) for score in (0.0, RAISED, HIGH)] == ["low", "raised", "high"]
