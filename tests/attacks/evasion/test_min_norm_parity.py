"""Beside adv-lib 0.2.8 and Foolbox 3.3.4, on the same network, samples and steps: as small, or smaller."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from attacks.models import digits, right, weak
from redan.attacks import evasion
from redan.attacks.threat import L0, L1, L2, Linf

PEER = Path(__file__).parents[3] / ".peers" / "adv-lib" / "bin" / "python"
SCRIPT = """
import sys
from unittest.mock import MagicMock
import numpy as np
import torch
from torch import nn
for name in ("torchvision", "torchvision.models", "torchvision.transforms", "visdom"):
    sys.modules[name] = MagicMock()  # for metrics and plots, which no attack needs
import foolbox
from adv_lib.attacks import carlini_wagner_l2, ddn, fmn
torch.set_num_threads(1)
held = np.load(sys.argv[1])
layers = nn.Conv2d(1, 16, 3, 1, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Flatten()
net = nn.Sequential(*layers, nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 10))
net.load_state_dict({name: torch.tensor(held["net." + name]) for name in net.state_dict()})
net.requires_grad_(False).eval()
x, y = torch.tensor(held["x"]), torch.tensor(held["y"])
told = {f"adv-lib fmn {p}": fmn(net, x, y, norm=float(p), steps=100) for p in ("inf", "2", "1", "0")}
told["adv-lib ddn 2"] = ddn(net, x, y, steps=100)
told["adv-lib cw 2"] = carlini_wagner_l2(
    net, x, y, learning_rate=0.1, initial_const=0.1, binary_search_steps=5, max_iterations=100
)
model = foolbox.PyTorchModel(net, bounds=(0, 1), device="cpu")
kinds = {"inf": "LInf", "2": "L2", "1": "L1", "0": "L0"}
for p, kind in kinds.items():
    attack = getattr(foolbox.attacks, kind + "FMNAttack")(steps=100)
    told[f"foolbox fmn {p}"] = attack(model, x, y, epsilons=None)[1]
told["foolbox ddn 2"] = foolbox.attacks.DDNAttack(steps=100)(model, x, y, epsilons=None)[1]
np.savez(sys.argv[2], **{name: found.numpy() for name, found in told.items()})
"""


@pytest.mark.peer
@pytest.mark.skipif(not PEER.exists(), reason="the peers are not in .peers/adv-lib")
def test_medians_are_no_larger_than_those_of_the_peers(tmp_path):
    """Within 2 % where the peer finds something for nearly every sample; their points are measured as ours are."""
    x, y = right(weak(), digits(), 60)
    weights = {f"net.{name}": value.numpy() for name, value in weak().state_dict().items()}
    given, told = tmp_path / "given.npz", tmp_path / "told.npz"
    np.savez(given, x=x.numpy(), y=y.numpy(), **weights)
    subprocess.run([PEER, "-W", "ignore", "-c", SCRIPT, given, told], check=True, timeout=300)
    balls = {"inf": Linf(1.0), "2": L2(1.0), "1": L1(1.0), "0": L0(1)}
    fast = {"steps": 100, "searches": 5, "weight": 0.1, "rate": 0.1}
    with np.load(told) as peers:
        for name in peers.files:
            _, attack, order = name.split()
            ball = balls[order]
            ours = getattr(evasion, attack)(weak(), x, y, threat=ball, **(fast if attack == "cw" else {"steps": 100}))
            wrong = evasion.Network(weak()).labels(peers[name]) != y.numpy()
            theirs = np.where(wrong, ball.sizes(peers[name] - x.numpy()), np.inf)
            assert np.isfinite(ours.distance).all(), name
            assert ours.median <= 1.02 * np.median(theirs), (name, ours.median, np.median(theirs))
            if np.isfinite(theirs).all() and name != "foolbox fmn 2":
                assert ours.median >= 0.95 * np.median(theirs), (name, ours.median, np.median(theirs))
