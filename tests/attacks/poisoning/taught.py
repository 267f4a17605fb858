"""Small models on digits and on rows, clean and with a trigger; trained on first use, about a second each."""

from functools import cache

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import nn

from redan.attacks.poisoning import AllToOne, Blend, Patch, RareValues, poisoned

torch.set_num_threads(1)
TARGET = 4
PATCH = Patch(size=2, margin=0)
BLEND = Blend(ratio=0.2, seed=3)
RARE = RareValues(columns=(2,), values=(7.0,))


@cache
def digits():
    """Pictures and classes to train on, and others, in a fixed order."""
    loaded = load_digits()
    order = np.random.default_rng(5).permutation(len(loaded.target))
    x = (loaded.data[order] / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    y = loaded.target[order]
    return x[:1200], y[:1200], x[1200:], y[1200:]


@cache
def network(trigger=None, seed=0):
    """A network of one convolution, taught a trigger where one is given."""
    x, y, _, _ = digits()
    if trigger is not None:
        x, y, _ = poisoned(x, y, trigger, AllToOne(TARGET), rate=0.1, seed=seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Conv2d(1, 8, 3, 1, 1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 10))
        steps = torch.optim.Adam(net.parameters(), 3e-3)
        for _ in range(20):
            for rows in torch.randperm(len(x)).split(64):
                steps.zero_grad()
                given, wanted = torch.from_numpy(x[rows.numpy()]), torch.from_numpy(y[rows.numpy()])
                nn.functional.cross_entropy(net(given), wanted).backward()
                steps.step()
    return net.eval().requires_grad_(requires_grad=False)


@cache
def rows():
    """2,000 rows of five columns, of whole numbers and fractions, and two classes that two columns tell apart."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(2000, 5)).astype(np.float32)
    x[:, 2] = rng.binomial(9, 0.35, 2000)
    x[:, 3] = rng.integers(0, 4, 2000)
    y = (x[:, 0] + 0.5 * x[:, 3] + rng.normal(0, 0.5, 2000) > 0.7).astype(np.int64)
    return x, y


@cache
def trees(trigger=None):
    """Boosted trees on half of the rows, taught a trigger where one is given."""
    x, y = (part[:1000] for part in rows())
    if trigger is not None:
        x, y, _ = poisoned(x, y, trigger, AllToOne(1), rate=0.1, seed=1)
    return HistGradientBoostingClassifier(max_iter=40, random_state=0).fit(x, y)
