"""Campaigns with gradients: every masked network is refused, and the curve costs what can still change."""

import numpy as np
import pytest
import torch

from attacks.models import EPS, MASKED, digits, hardened, masked, right, weak
from redan.attacks.campaign.parts import here
from redan.attacks.campaign.telling import MASKED as UNMASKED
from redan.attacks.campaign.telling import ROBUST, tell
from redan.attacks.campaign.white_box import NetworkCampaign
from redan.attacks.evasion.network import Network
from redan.attacks.threat import Linf
from redan.terms import Outcome


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def campaign(net, eps, *, n=8, radii=(), suite="screen"):
    """A campaign on a few samples that the network gets right."""
    x, y = right(net, digits(), n)
    made = NetworkCampaign(network=Network(net), x=x.numpy(), y=y.numpy(), threat=Linf(eps), suite=suite, radii=radii)
    return made.joined(here(made, None))


@pytest.mark.parametrize("name", [name for name in MASKED if name not in {"detached", "winners"}])
def test_no_masked_network_holds(name):
    """At a radius at which little falls, what hides its gradients is refused, never told as robust."""
    told = {finding.check: finding for finding in tell(campaign(masked(name), EPS / 5), "model:m")}
    assert told[ROBUST].outcome is not Outcome.HOLDS
    assert told[UNMASKED].outcome is not Outcome.HOLDS


def test_winners_take_nothing():
    """k winners take all, of which PGD leaves two thirds, falls to the suite: refused as broken."""
    told = {finding.check: finding.outcome for finding in tell(campaign(masked("winners"), EPS, n=16), "model:m")}
    assert told[ROBUST] is Outcome.BROKEN


def test_a_hardened_network_holds():
    """The twin: at the same radius it is robust, and nothing speaks against that."""
    told = {finding.check: finding.outcome for finding in tell(campaign(hardened(), EPS / 5), "model:m")}
    assert told == {ROBUST: Outcome.HOLDS, UNMASKED: Outcome.HOLDS}


def test_the_curve_falls_and_further_radii_attack_only_what_can_change():
    """No point lies above one of a smaller radius; the own radius is what the suite found there."""
    net = weak()
    made = campaign(net, 0.08, n=12, radii=(0.02, 0.04, 0.16))
    points = {point.eps: point.robust.hits for point in made.curve.points}
    assert list(points) == [0.0, 0.02, 0.04, 0.08, 0.16]
    assert list(points.values()) == sorted(points.values(), reverse=True)
    assert points[0.08] == int((made.clean & ~made.broken).sum())
    alone = campaign(net, 0.04, n=12)
    assert points[0.04] == int((alone.clean & ~alone.broken).sum())
    assert np.all([point.slipped == 0 for point in made.curve.points])
