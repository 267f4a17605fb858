"""Beside fra31/auto-attack, on the same network and samples: as much is left, sample by sample but for a few."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from attacks.models import EPS, digits, hardened
from redan.attacks.evasion import Network, evaluate
from redan.attacks.evasion.suites import Suite, suite_of
from redan.attacks.judge import judge
from redan.attacks.threat import L1, L2, Linf

PEER = Path(__file__).parents[3] / ".peers" / "auto-attack"
NAMES = {"linf": "Linf", "l2": "L2", "l1": "L1"}
ROWS = 50


def left_by_peer(attack, x, y, threat, seed):
    sys.path.insert(0, str(PEER))
    try:
        from autoattack import AutoAttack
    finally:
        sys.path.remove(str(PEER))
    asked = AutoAttack(hardened(), norm=NAMES[threat.norm], eps=threat.eps, seed=seed, device="cpu", verbose=False)
    asked.attacks_to_run = [attack]
    found = asked.run_standard_evaluation(x.clone(), y.clone(), bs=250).detach().numpy()
    return ~judge(Network(hardened()).labels, x.numpy(), y.numpy(), found, threat).broken


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.skipif(not (PEER / "autoattack").is_dir(), reason="the peer is not in .peers/auto-attack")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("threat", [Linf(EPS), L2(0.75), L1(2.0)], ids=str)
@pytest.mark.parametrize("name", ["apgd-ce", "apgd-t", "fab-t"])
def test_each_attack_leaves_what_the_reference_leaves(name, threat):
    """Within the range of two seeds of the reference and two samples; the samples that differ are few."""
    torch.set_num_threads(1)
    x, y = digits().x_test[:ROWS], digits().y_test[:ROWS]
    plan = next(plan for plan in suite_of("standard", threat.norm).plans if plan.attack.name == name)
    ours = evaluate(hardened(), x, y, threat=threat, suite=Suite(name=name, plans=(plan,))).robust
    theirs = [left_by_peer(name, x, y, threat, seed) for seed in (0, 1)]
    counts = [int(each.sum()) for each in theirs]
    differ = [np.flatnonzero(each != ours).tolist() for each in theirs]
    assert min(counts) - 2 <= ours.sum() <= max(counts) + 2, (ours.sum(), counts, differ)
    assert min(len(each) for each in differ) <= 3, differ
    assert 0 < ours.mean() < 1
