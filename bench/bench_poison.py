"""Changed labels on the reference benchmark, 60 of 1,797 digits, beside cleanlab on the same held-out probabilities.

One of 20 contributors, spread over all, and none; and 20,000 rows of overlapping classes for the speed.
"""

import json
import time

import numpy as np
from sklearn import datasets

from redan.measures.poison import flipped
from redan.measures.poison.held_out import held_out

SEEDS, PEOPLE, CHANGED = 3, 20, 60


def digits(attack: str, seed: int):
    rng = np.random.default_rng(seed)
    loaded = datasets.load_digits()
    x, y = loaded.data.astype(np.float32), loaded.target.copy()
    who = rng.integers(0, PEOPLE, len(y))
    pool = np.flatnonzero(who == rng.integers(PEOPLE)) if attack == "one" else np.arange(len(y))
    rows = rng.choice(pool, 0 if attack == "clean" else min(CHANGED, len(pool)), replace=False)
    y[rows] = (y[rows] + rng.integers(1, 10, len(rows))) % 10
    return x, y, who, np.isin(np.arange(len(y)), rows)


def theirs(x, y, seed):
    from cleanlab.filter import find_label_issues

    told = held_out(x, y, 10, np.random.default_rng(seed))
    return find_label_issues(y, told / told.sum(axis=1, keepdims=True), n_jobs=1)


def scored(suspect, bad) -> tuple[float, float, float]:
    hit = (suspect & bad).sum()
    return hit / max(suspect.sum(), 1), hit / max(bad.sum(), 1), (suspect & ~bad).sum() / (~bad).sum()


def main() -> None:
    found: dict[str, object] = {"bench": "poison"}
    for attack in ("one", "spread", "clean"):
        ours, peer, wall = [], [], 0.0
        for seed in range(SEEDS):
            x, y, who, bad = digits(attack, seed)
            start = time.perf_counter()
            ours.append(scored(flipped(x, y, who, seed=seed).suspect, bad))
            wall += time.perf_counter() - start
            peer.append(scored(theirs(x, y, seed), bad))
        for name, values in (("redan", ours), ("cleanlab", peer)):
            precision, recall, false = np.mean(values, axis=0)
            kept = {"precision": round(precision, 3), "recall": round(recall, 3), "false": round(false, 4)}
            found[f"{attack}_{name}"] = kept
            print(f"{attack:7} {name:9} precision {precision:.2f} recall {recall:.2f} of clean rows {false:.2%}")
        found[f"{attack}_s"] = round(wall / SEEDS, 1)
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 20_000)
    x = rng.normal(size=(20_000, 20)) + 0.5 * y[:, None]
    start = time.perf_counter()
    flipped(x, y, rng.integers(0, 200, 20_000))
    found["rows_20000_s"] = round(time.perf_counter() - start, 1)
    print(f"20,000 rows x 20, 200 contributors: {found['rows_20000_s']} s, trials of power included")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
