"""Passes are counted however the network is wrapped."""

import torch
from torch import nn

from redan.attacks.evasion.network import Network
from redan.defences import smoothing
from redan.defences.passes import passes


def test_each_draw_is_paid_for():
    """A mean over seven copies of 32 rows is 224 passes, forward and backward; afterwards nothing is counted."""
    net = nn.Sequential(nn.Linear(4, 3)).eval()
    network = Network(smoothing.Smoothed(net, 0.1, copies=7), chunk=32)
    with passes(net) as cost:
        network.logits(torch.rand(32, 4))
        assert (cost().forward, cost().backward) == (224, 0)
        network.gradient(torch.rand(32, 4), lambda told, _: told[:, 0])
        assert (cost().forward, cost().backward) == (448, 224)
        kept = cost
    network.logits(torch.rand(32, 4))
    assert kept().forward == 448
    assert not net._forward_pre_hooks
