"""The joint attack: what it keeps is wrong and accepted, and it depends on no batch."""

import numpy as np
import pytest
import torch
from torch import nn

from attacks import models
from redan.attacks.evasion.assault import Plan, attempts
from redan.attacks.evasion.joint import Joint, accepted
from redan.attacks.evasion.network import Network
from redan.attacks.judge import judge
from redan.attacks.threat import L2, Linf


class Brightness(nn.Module):
    """Refuses pictures that are brighter or darker in the mean than most digits by a little: easy to keep to."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.eval()

    def forward(self, x):
        apart = (x.flatten(1).mean(1) - 0.305).abs() - 0.045
        return torch.cat([self.net(x), apart[:, None]], dim=1)


def attacked(x, y, threat, slots):
    network = Network(Brightness(models.weak()))
    told = network.logits(x)[:, :-1]
    plan = Plan(attack=Joint(steps=20), targets=2, restarts=3)
    found, broken = x.numpy().copy(), np.zeros(len(x), bool)
    for ended in attempts(network, plan, x.numpy(), y.numpy(), logits=told, threat=threat, slots=slots):
        found[ended.samples], broken[ended.samples] = ended.found, ended.broken
    return found, broken, network


@pytest.mark.parametrize("threat", [Linf(0.15), L2(1.0)], ids=str)
def test_what_it_keeps_is_wrong_and_accepted(threat):
    """The judge agrees, nothing leaves the ball, no kept input is refused; slots and order change no byte."""
    x, y = models.right(models.weak(), models.digits(), 200)
    kept = Brightness(models.weak())(x)[:, -1] <= 0
    x, y = x[kept][:40], y[kept][:40]
    found, broken, network = attacked(x, y, threat, 64)
    truth = y.clone()

    def labels(values):
        return accepted(network.logits(torch.as_tensor(values)), truth).argmax(1).numpy()

    judged = judge(labels, x.numpy(), y.numpy(), found, threat)
    assert np.array_equal(judged.broken, broken)
    assert not judged.outside.any()
    assert broken.mean() > 0.6
    assert (network.logits(torch.as_tensor(found[broken]))[:, -1] <= 0).all()
    few, also, _ = attacked(x, y, threat, 1)
    turned, again, _ = attacked(x.flip(0), y.flip(0), threat, 500)
    assert np.array_equal(found, few)
    assert np.array_equal(broken, also)
    assert np.array_equal(found, turned[::-1])
    assert np.array_equal(broken, again[::-1])


def test_a_refusal_counts_as_a_right_answer():
    """Refused rows answer the truth, accepted ones as the network does."""
    told = torch.tensor([[0.0, 5.0, 1.0], [0.0, 5.0, 0.0], [0.0, 5.0, -1.0]])
    assert accepted(told, torch.tensor([0, 0, 0])).argmax(1).tolist() == [0, 1, 1]
