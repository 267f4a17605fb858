"""Votes: they decide as members do, each face shows the decision, and all members are attacked at once."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from attacks.transfer.linear import net, planted
from redan.attacks.evasion.network import Network, Preprocess
from redan.attacks.judge import judge
from redan.attacks.threat import Linf
from redan.attacks.transfer import Vote, attack_vote, crafted
from redan.attacks.transfer.joint import FURTHER, MEMBERS, WHOLE
from redan.attacks.transfer.votes import FACES, decided
from redan.errors import InputError

RULES = tuple(rule for rule, _ in FACES)


def by_hand(each, rule):
    """What members decide, sample by sample; shape (n, members, classes)."""
    found = []
    for logits in each.double().numpy():
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        mean = (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)
        if rule == "probabilities":
            found.append(int(mean.argmax()))
            continue
        votes = Counter(int(row.argmax()) for row in logits)
        most = max(votes.values())
        found.append(max((label for label in votes if votes[label] == most), key=lambda label: mean[label]))
    return found


class Fixed(nn.Module):
    """A member whose answers are its place in the input, shape (n, members, classes)."""

    def __init__(self, place):
        super().__init__()
        self.place = place

    def forward(self, x):
        return x[:, self.place]


@settings(max_examples=60, deadline=None)
@given(
    members=st.integers(2, 5),
    classes=st.integers(2, 6),
    scale=st.sampled_from([0.1, 3.0, 12.0]),
    seed=st.integers(0, 10**6),
)
def test_every_face_shows_what_the_members_decide(members, classes, scale, seed):
    """By both rules, with ties among members, at logits of any size."""
    drawn = np.random.default_rng(seed).normal(0.0, scale, (20, members, classes)).astype(np.float32)
    each = torch.as_tensor(drawn)
    parts = [Fixed(place).eval() for place in range(members)]
    for rule, faces in FACES:
        wanted = by_hand(each, rule)
        assert decided(each, rule).tolist() == wanted
        for face in faces:
            assert Vote(parts, rule, face)(each).argmax(dim=1).tolist() == wanted


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("face", ["probabilities", "logits", "order"])
def test_the_lift_of_a_decision_is_not_in_the_gradient(rule, face):
    """Where the face alone would say something else, its gradient is still its own."""
    each = torch.tensor([[[5.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.6, 0.5]]])
    parts = [Fixed(place).eval() for place in range(3)]
    gradients = []
    for other in RULES:
        x = each.clone().requires_grad_()
        (found,) = torch.autograd.grad(Vote(parts, other, face)(x)[0, 0], x)
        gradients.append(found)
    assert torch.equal(*gradients)
    assert int(Vote(parts, rule, face)(each).argmax()) == (1 if rule == "majority" else 0)


def test_a_vote_takes_preprocessing_with_it():
    """A network's normalisation is inside of its vote."""
    made, _, firm = planted(6)
    x = torch.as_tensor(made.x)
    shifted = Network(firm, preprocess=Preprocess((0.5,), (2.0,)))
    wanted = torch.stack([firm((x - 0.5) / 2.0), firm(x)], dim=1).mean(dim=1)
    told = Vote([shifted, firm], "probabilities", "logits")(x)
    assert torch.allclose(told, wanted, atol=1e-4)


def test_what_cannot_vote_is_refused():
    """One member alone, members of different tasks, and rules that nobody knows."""
    made, _, firm = planted(4)
    other = net(np.concatenate([made.firm, made.firm[:, :1]], axis=1))
    with pytest.raises(InputError, match="fewer than two"):
        Vote([firm], "majority", "order")
    with pytest.raises(InputError, match="classes"):
        Vote([firm, other], "majority", "order")(torch.as_tensor(made.x))
    with pytest.raises(InputError, match="no vote by"):
        Vote([firm, firm], "lottery", "order")


@pytest.mark.parametrize("rule", RULES)
def test_members_that_rest_on_different_things_fall_together(rule):
    """What is made on one member breaks it and nothing else; one attack at all members breaks the vote."""
    made, apart, _ = planted()
    threat = Linf(0.02)
    sent = {name: crafted(member, made.x, made.y, threat=threat) for name, member in apart.items()}
    for name, x in sent.items():
        fell = {other: (Network(member).labels(x) != made.y).mean() for other, member in apart.items()}
        assert fell.pop(name) == 1.0
        assert max(fell.values()) == 0.0
    joint = attack_vote(apart, made.x, made.y, threat=threat, rule=rule, made=sent)
    assert joint.right.all()
    assert joint.fell.all()
    assert sum(int(hit.sum()) for hit in joint.broken.values()) == len(made.y)
    assert not joint.broken[MEMBERS].any() or rule == "probabilities"
    vote = Network(Vote([*apart.values()], rule, "logits"))
    judged = judge(vote.labels, made.x, made.y, joint.x_adv, threat)
    assert judged.broken.all()
    assert judged.size.max() <= 0.02 + 1e-6


@pytest.mark.parametrize("rule", RULES)
def test_two_of_three_decide(rule):
    """A firm member is outvoted by two frail ones."""
    made, _, firm = planted(12)
    frail = net(made.frail)
    lost = attack_vote({"a": frail, "b": net(made.frail), "c": firm}, made.x, made.y, threat=Linf(0.05), rule=rule)
    assert lost.fell.all()
    assert lost.trust is None


def test_what_is_left_is_examined():
    """A frail member is outvoted by two firm ones; the failure checks are asked of what stays right."""
    made, apart, firm = planted(6)
    members = {"a": apart["part 0"], "b": firm, "c": net(made.firm)}
    kept = attack_vote(members, made.x, made.y, threat=Linf(0.05), suite=FURTHER, watched=6)
    assert not kept.fell.any()
    assert kept.trust is not None
    assert kept.trust.trusted, kept.trust.verdict


def test_a_vote_with_a_file_of_its_own_is_what_counts():
    """Members fall, the whole does not: it is another network than they say, and nothing is broken."""
    made, apart, firm = planted(8)
    joint = attack_vote(apart, made.x, made.y, threat=Linf(0.02), whole=firm, suite=FURTHER, watched=0)
    assert next(iter(joint.broken)) == WHOLE
    assert not joint.fell.any()
    assert np.array_equal(joint.x_adv, made.x)


def test_order_and_radii_of_each_sample_count():
    """Turned round, the same samples fall by the same bytes; a radius of nothing breaks nothing."""
    made, apart, _ = planted(10)
    radii = tuple(0.02 if place % 2 else 0.0 for place in range(10))
    quick = {"suite": FURTHER, "watched": 0}
    joint = attack_vote(apart, made.x, made.y, threat=Linf(radii), **quick)
    turned = attack_vote(apart, made.x[::-1].copy(), made.y[::-1].copy(), threat=Linf(radii[::-1]), **quick)
    assert joint.fell.tolist() == [bool(place % 2) for place in range(10)]
    assert turned.x_adv[::-1].tobytes() == joint.x_adv.tobytes()
