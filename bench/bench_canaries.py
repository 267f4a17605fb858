"""Exposure of planted canaries against how often they were planted, in models of text and of tables.

    python bench/bench_canaries.py [--seeds 6] [--write]

Text: a GRU of 64 units reads 600 lines of common words with secrets of nine digits among them, two canaries each for 1,
2, 4, 8 and 16 repetitions and two that were never planted; once to the end, once a third as long. Each is ranked among
20,000 others; then a search looks for the likeliest secrets. Tables: two thirds of scikit-learn's breast cancer rows
with canaries in the four columns that tell least; a forest and a network that learn to the end, and a linear model.
A figure is the mean over seeds with the interval of Student over seeds, since canaries of one model go together.
`--write` writes bench/results/canaries.json and .md.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.special import stdtrit
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from redan.attacks.inference import losses_of_rows, losses_of_text, plant_in_table, shortest_path, try_canaries
from redan.models.model import model_of

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results"
sys.path.insert(0, str(ROOT / "tests"))
REPEATS = (0, 1, 2, 4, 8, 16)
REFERENCES = 20_000
STEPS = 500


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    begun = time.perf_counter()
    found = {**text(given.seeds), **tables(given.seeds)}
    result = {"seeds": given.seeds, "references": REFERENCES, "curves": found}
    print(json.dumps(result))
    for line in markdown(result).splitlines():
        print(line)
    print(f"{time.perf_counter() - begun:.0f} s")
    if given.write:
        (RESULTS / "canaries.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        (RESULTS / "canaries.md").write_text(markdown(result), encoding="utf-8")


def text(seeds: int) -> dict[str, Any]:
    """The GRU, trained long and short."""
    from attacks.inference.language import planted, trained

    curves: dict[str, Any] = {}
    for name, steps in (("GRU, to the end", STEPS), ("GRU, a third as long", STEPS // 3)):
        bits, drawn, asked, seconds = [], [], [], 0.0
        for seed in range(seeds):
            lines, canaries = planted(
                "my number is #########", [r for r in REPEATS for _ in "ab"], lines=600, seed=seed
            )
            model = trained(lines, steps=steps, seed=seed)
            begun = time.perf_counter()
            test = try_canaries(canaries, losses_of_text(canaries, model), references=REFERENCES)
            seconds += time.perf_counter() - begun
            bits.append([one.bits for one in test.exposures])
            searched = shortest_path(model, canaries.text, best=12, budget=20_000)
            drawn.append([one.secret in searched.secrets for one in canaries.canaries])
            asked.append(searched.asked)
        curves[name] = {**_curve(bits), "drawn": _shares(drawn), "asked": float(np.mean(asked)), "seconds": seconds}
    return curves


def tables(seeds: int) -> dict[str, Any]:
    """Three models of rows."""
    data = load_breast_cancer()
    names = [name.replace(" ", "_") for name in data.feature_names]
    makers: dict[str, Callable[[int], Any]] = {
        "forest, to the end": lambda seed: RandomForestClassifier(100, random_state=seed),
        "network, to the end": lambda seed: make_pipeline(
            StandardScaler(),
            MLPClassifier((64, 64), max_iter=300, alpha=0, tol=0, n_iter_no_change=10**6, random_state=seed),
        ),
        "logistic regression": lambda seed: make_pipeline(
            StandardScaler(), LogisticRegression(max_iter=500, random_state=seed)
        ),
    }
    curves: dict[str, Any] = {}
    for name, make in makers.items():
        bits, seconds = [], 0.0
        for seed in range(seeds):
            kept = np.random.default_rng(seed).permutation(len(data.data))[:380]
            rows = pa.table({**dict(zip(names, data.data[kept].T, strict=True)), "label": data.target[kept]})
            done = plant_in_table(rows, "label", repeats=[r for r in REPEATS for _ in "ab"], seed=f"{seed:032x}")
            x = np.column_stack([done.rows[column].to_numpy() for column in names])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = make(seed).fit(x, done.rows["label"].to_numpy())
            begun = time.perf_counter()
            losses = losses_of_rows(done.canaries, model_of(model), names)
            test = try_canaries(done.canaries, losses, references=REFERENCES)
            seconds += time.perf_counter() - begun
            bits.append([one.bits for one in test.exposures])
        curves[name] = {**_curve(bits), "seconds": seconds}
    return curves


def _curve(bits: list[list[float]]) -> dict[str, Any]:
    """Mean and interval by repetitions."""
    each = np.array(bits).reshape(len(bits), len(REPEATS), 2).mean(axis=2)
    mean, n = each.mean(axis=0), len(each)
    reach = stdtrit(n - 1, 0.975) * each.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.full(len(mean), np.nan)
    return {
        "repeats": list(REPEATS),
        "bits": mean.round(2).tolist(),
        "low": (mean - reach).round(2).tolist(),
        "high": (mean + reach).round(2).tolist(),
    }


def _shares(drawn: list[list[bool]]) -> list[float]:
    return np.array(drawn).reshape(len(drawn), len(REPEATS), 2).mean(axis=(0, 2)).round(3).tolist()


def markdown(result: dict[str, Any]) -> str:
    """The curves as a table."""
    lines = [
        "# Exposure of canaries against repetition",
        "",
        f"`python bench/bench_canaries.py --seeds {result['seeds']} --write`. Bits by the rank among "
        f"{result['references']:,} other secrets, at most {np.log2(result['references']):.1f}: mean of "
        f"{result['seeds']} models with two canaries each (95 % interval over models). A canary that was never planted "
        "has 1.4 bits on average.",
        "",
        "| model | " + " | ".join("never" if r == 0 else f"{r}x" for r in REPEATS) + " |",
        "|---" * (len(REPEATS) + 1) + "|",
    ]
    for name, curve in result["curves"].items():
        cells = [
            f"{b:.1f} ({max(0.0, low):.1f} to {high:.1f})"
            for b, low, high in zip(curve["bits"], curve["low"], curve["high"], strict=True)
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "Found whole among the twelve likeliest of 10^9 by the shortest path:", ""]
    for name, curve in result["curves"].items():
        if "drawn" in curve:
            shares = ", ".join(f"{r}x {s:.0%}" for r, s in zip(REPEATS, curve["drawn"], strict=True))
            lines.append(f"- {name}: {shares}; {curve['asked']:,.0f} beginnings were continued on average.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
