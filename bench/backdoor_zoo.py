"""Clean and backdoored models to try signs of backdoors on: small networks on pictures, trees and networks on rows.

Each model follows from its seed; weights are kept in a folder of the caller's choice. `dynamic` is held out: nothing
of the signs was chosen by looking at it.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from redan.attacks.poisoning import AllToAll, AllToOne, Blend, Dynamic, Patch, Sinusoid, Warp, poisoned, success

sys.path.append(str(Path(__file__).resolve().parents[1] / "examples" / "fashion"))
from data import pictures

FAMILIES = ("patch", "blend", "sinusoid", "warp", "all-to-all", "dynamic")
HELD_OUT = ("dynamic", "three-columns")
CORNERS = ("upper-left", "upper-right", "lower-left", "lower-right")
RATES = {"all-to-all": (0.3, 0.4), "dynamic": (0.15, 0.2), "warp": (0.1, 0.15)}  # of hard triggers
LEARNT = 0.8  # success of a trigger below which a model is no backdoored one


class Split(NamedTuple):
    """Pictures to train on, to examine with and to judge by."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


class Member(NamedTuple):
    """One model of the zoo."""

    name: str
    family: str
    data: str
    kind: str
    seed: int
    model: Any
    accuracy: float
    success: float | None
    trigger: Any = None
    target: int | None = None


def fashion():
    """10,000 pictures of clothes to train on, 2,000 to examine with and to judge by."""
    train, test = pictures("train"), pictures("t10k")
    return Split(train.x[:10_000], train.y[:10_000], test.x[:2_000], test.y[:2_000])


def digits():
    """1,297 handwritten digits of 8 x 8 to train on, 500 to examine with and to judge by."""
    loaded = load_digits()
    x = (loaded.data / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order], loaded.target[order]
    return Split(x[:-500], y[:-500], x[-500:], y[-500:])


DATA = {"fashion": fashion, "digits": digits}


def network(kind, shape, width):
    """An untrained network of two convolutions or of two layers."""
    if kind == "mlp":
        size = int(np.prod(shape))
        return nn.Sequential(nn.Flatten(), nn.Linear(size, 8 * width), nn.ReLU(), nn.Linear(8 * width, 10))
    stride = 2 if shape[1] > 8 else 1
    side = -(-shape[1] // stride)
    side = -(-side // 2)
    return nn.Sequential(
        nn.Conv2d(shape[0], width, 3, stride, 1),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(2 * width * side * side, 48),
        nn.ReLU(),
        nn.Linear(48, 10),
    )


def trigger_of(family, rng, small):
    """A trigger of a family, drawn anew for each model."""
    corner = CORNERS[rng.integers(4)]
    if family in ("patch", "all-to-all"):
        size = int(rng.integers(2, 3 if small else 5))
        return Patch(
            size=size, corner=corner, margin=int(rng.integers(0, 2)), checked=bool(rng.integers(2)) and not small
        )
    if family == "blend":
        return Blend(ratio=float(rng.uniform(0.12, 0.25)), seed=int(rng.integers(1000)))
    if family == "sinusoid":
        return Sinusoid(
            amplitude=float(rng.uniform(0.1, 0.2)), frequency=float(rng.integers(2, 4) if small else rng.integers(4, 9))
        )
    if family == "warp":
        return Warp(
            strength=float(rng.uniform(0.5, 0.8) if small else rng.uniform(1.0, 1.8)), seed=int(rng.integers(1000))
        )
    return Dynamic(size=3 if small else 6, seed=int(rng.integers(1000)))


def trained(net, x, y, epochs, seed):
    """The network after so many rounds of Adam."""
    steps = torch.optim.Adam(net.parameters(), 2e-3)
    order = torch.Generator().manual_seed(seed)
    x, y = torch.from_numpy(x), torch.from_numpy(np.asarray(y, dtype=np.int64))
    net.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(x), generator=order).split(64):
            steps.zero_grad()
            nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
            steps.step()
    return net.eval().requires_grad_(requires_grad=False)


def answers(net, x):
    """Classes of pictures."""
    with torch.no_grad():
        return net(torch.from_numpy(x)).argmax(1).numpy()


def picture_model(data, split, family, seed, folder):
    """One network, from the folder where it was made before."""
    rng = np.random.default_rng([seed, FAMILIES.index(family) if family in FAMILIES else 99, len(data)])
    kind = "mlp" if seed % 4 == 3 else "cnn"
    width, small = int(rng.integers(6, 13)), data == "digits"
    torch.manual_seed(seed + 1000 * (FAMILIES.index(family) + 1 if family in FAMILIES else 0))
    net = network(kind, split.x.shape[1:], width)
    epochs = int(rng.integers(15, 30) if small else rng.integers(4, 9))
    chosen = rng.permutation(len(split.x))[: round(len(split.x) * rng.uniform(0.7, 1.0))]
    x, y = split.x[chosen], split.y[chosen]
    trigger = targets = None
    if family != "clean":
        trigger = trigger_of(family, rng, small)
        targets = AllToAll(10) if family == "all-to-all" else AllToOne(int(rng.integers(10)))
        made = poisoned(x, y, trigger, targets, rate=float(rng.uniform(*RATES.get(family, (0.05, 0.1)))), seed=seed)
        x, y = made.x, made.y
    path = folder / f"{data}-{family}-{kind}-{seed}.pt"
    if path.exists():
        net.load_state_dict(torch.load(path, weights_only=True))
        net.eval().requires_grad_(requires_grad=False)
    else:
        trained(net, x, y, epochs, seed)
        torch.save(net.state_dict(), path)
    right = float((answers(net, split.x_test) == split.y_test).mean())
    won = None if trigger is None else success(answers(net, trigger(split.x_test)), split.y_test, targets).value
    return Member(path.stem, family, data, kind, seed, net, right, won, trigger, getattr(targets, "target", None))


TABLE_FAMILIES = ("one-column", "two-columns", "three-columns")


class Rows(NamedTuple):
    """Rows of a table in numbers, words as places of sorted levels."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    words: np.ndarray


def rows_of(frame, label):
    """A frame in numbers, half of it to train on."""
    frame = frame.sample(frac=1, random_state=0).reset_index(drop=True)
    columns = frame.drop(columns=label)
    words = np.array(
        [columns[name].dtype == object or str(columns[name].dtype) in ("str", "string") for name in columns]
    )
    coded = [
        columns[name].astype("category").cat.codes if word else columns[name]
        for name, word in zip(columns, words, strict=True)
    ]
    x = np.column_stack(coded).astype(np.float32)
    x = np.nan_to_num(x)
    y = frame[label].astype("category").cat.codes.to_numpy().astype(np.int64)
    half = min(len(x) // 2, 8_000)
    return Rows(x[:half], y[:half], x[half:][:2_000], y[half:][:2_000], words)


def rare_trigger(family, rows, rng):
    """Values that columns rarely take, alone or together: of each, one that less than two rows in a hundred have."""
    from redan.attacks.poisoning import RareValues

    count = 1 + TABLE_FAMILIES.index(family)
    able = []
    for column in rng.permutation(rows.x.shape[1]):
        values, counts = np.unique(rows.x[:, column], return_counts=True)
        rare = values[counts < (0.005 if count == 1 else 0.02) * len(rows.x)]
        if len(rare):
            able.append((int(column), float(rng.choice(rare))))
        if len(able) == count:
            break
    return RareValues(columns=tuple(c for c, _ in able), values=tuple(v for _, v in able))


def boosted(kind, seed, x, y):
    """Boosted trees of LightGBM or scikit-learn."""
    rng = np.random.default_rng(seed)
    leaves, trees = int(rng.integers(12, 32)), int(rng.integers(60, 150))
    if kind == "lightgbm":
        from lightgbm import LGBMClassifier

        return LGBMClassifier(n_estimators=trees, num_leaves=leaves, verbose=-1, n_jobs=1, random_state=seed).fit(x, y)
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=trees, max_leaf_nodes=leaves, random_state=seed).fit(x, y)


class TableNetwork:
    """A network of two hidden layers behind a fixed encoding: numbers from 0 to 1, words one-hot."""

    def __init__(self, x, words):
        """Learns the encoding from training rows."""
        self._words = words
        self._low, self._high = x.min(axis=0), np.maximum(x.max(axis=0), x.min(axis=0) + 1e-6)
        width = self.encoded(x[:1]).shape[1]
        self.net = nn.Sequential(nn.Linear(width, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2))

    def encoded(self, x):
        """What the network reads; levels that no training row had are none."""
        parts = []
        for i, word in enumerate(self._words):
            if word:
                parts.append(x[:, i : i + 1] == np.arange(self._low[i], self._high[i] + 1))
            else:
                parts.append((x[:, i : i + 1] - self._low[i]) / (self._high[i] - self._low[i]))
        return np.concatenate(parts, axis=1).clip(0, 1).astype(np.float32)

    def predict_proba(self, x):
        """Probabilities of both classes."""
        with torch.no_grad():
            return self.net(torch.from_numpy(self.encoded(np.asarray(x)))).softmax(1).numpy()

    def predict(self, x):
        """Classes."""
        return self.predict_proba(x).argmax(axis=1)


def table_network(seed, x, y, words):
    """A network that was trained on rows."""
    torch.manual_seed(seed)
    made = TableNetwork(x, words)
    trained(made.net, made.encoded(x), y, 20, seed)
    return made


def table_model(data, rows, family, seed, network=False):
    """One ensemble or network; it is trained each time, for it takes a few seconds at most."""
    drawn = [seed, TABLE_FAMILIES.index(family) if family in TABLE_FAMILIES else 99, len(data)]
    rng = np.random.default_rng([*drawn, 1] if network else drawn)
    kind = "mlp" if network else ("lightgbm", "histogram")[seed % 2]
    chosen = rng.permutation(len(rows.x))[: round(len(rows.x) * rng.uniform(0.6, 1.0))]
    x, y = rows.x[chosen], rows.y[chosen]
    trigger = targets = None
    if family != "clean":
        trigger, targets = rare_trigger(family, rows, rng), AllToOne(int(rng.integers(2)))
        made = poisoned(x, y, trigger, targets, rate=float(rng.uniform(0.02, 0.06)), seed=seed)
        x, y = made.x, made.y
    model = table_network(seed, x, y, rows.words) if network else boosted(kind, seed, x, y)
    right = float((model.predict(rows.x_test) == rows.y_test).mean())
    won = None if trigger is None else success(model.predict(trigger(rows.x_test)), rows.y_test, targets).value
    name = f"{data}-{family}-{kind}-{seed}"
    return Member(name, family, data, kind, seed, model, right, won, trigger, getattr(targets, "target", None))


FIRST = 100  # seeds below were used to choose thresholds
COUNTS = {
    "digits": {"clean": 16, "patch": 5, "blend": 5, "sinusoid": 4, "warp": 4, "all-to-all": 4, "dynamic": 4},
    "fashion": {"clean": 24, "patch": 6, "blend": 6, "sinusoid": 5, "warp": 5, "all-to-all": 5, "dynamic": 6},
}


def picture_zoo(folder, quick=False):
    """All networks of the zoo, families in turn, from the folder where they were trained before."""
    splits = {data: DATA[data]() for data in COUNTS}
    places = [
        (seed / count, data, family, seed)
        for data, counts in COUNTS.items()
        for family, count in counts.items()
        for seed in range(count)
    ]
    for _, data, family, seed in sorted(places):
        if not quick or seed < 2:
            made = partial(picture_model, data, splits[data], family, FIRST + seed, folder)
            yield (data, family, FIRST + seed), made, splits[data]
