"""Exposure of planted canaries against how often they were planted, in models of text and of tables.

    python bench/bench_canaries.py [--seeds 6] [--only text|tables|private] [--write]

Text: a GRU of 64 units reads 600 lines of common words with secrets of nine digits among them, two canaries each for 1,
2, 4, 8 and 16 repetitions and two that were never planted; once to the end, once a third as long. Each is ranked among
20,000 others; then a search looks for the likeliest secrets. Tables: two thirds of scikit-learn's breast cancer rows
with canaries in the four columns that tell least; a forest and a network that learn to the end, and a linear model.
Private: the same rows and canaries in a network trained by DP-SGD, at epsilon 1, 8 and none (private_canaries), with
twice as many seeds.
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
from private_canaries import WAYS, exposures
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
    parser.add_argument("--only", choices=("text", "tables", "private"), help="the others as they were last written")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    begun = time.perf_counter()
    parts: dict[str, Callable[[int], dict[str, Any]]] = {"text": text, "tables": tables, "private": private}
    found: dict[str, Any] = {}
    if given.only:
        found = json.loads((RESULTS / "canaries.json").read_text(encoding="utf-8"))["curves"]
    for name, measured in parts.items():
        if given.only in (None, name):
            found |= measured(given.seeds)
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


def private(seeds: int) -> dict[str, Any]:
    """A network by DP-SGD, with twice the seeds; the ways were chosen on seeds 0 and 1, which are left out."""
    curves: dict[str, Any] = {}
    for way in WAYS:
        shown = range(2, 2 + 2 * seeds)
        told = exposures(way, [r for r in REPEATS for _ in "ab"], shown, REFERENCES)
        curves[f"DP-SGD, {way.name}"] = {**_curve(told.pop("bits")), **told, "models": len(shown)}
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


def _cells(curve: dict[str, Any]) -> list[str]:
    ends = zip(curve["bits"], curve["low"], curve["high"], strict=True)
    return [f"{b:.1f} ({max(0.0, low):.1f} to {high:.1f})" for b, low, high in ends]


def _private(curves: dict[str, Any]) -> list[str]:
    """Private training, with what epsilon allows."""
    shown = {name: curve for name, curve in curves.items() if "allowed" in curve}
    if not shown:
        return []
    lines = [
        "## Beside DP-SGD",
        "",
        "The rows and canaries of the tables, in a network of 64 hidden units trained by DP-SGD (batches of a tenth of "
        f"the rows, clipping norm 1, delta 1e-4), {next(iter(shown.values()))['models']} seeds that its settings were "
        "not chosen on. What (epsilon, delta) allows is the most that the mean exposure of a canary that was planted "
        "once can be; a canary that was planted r times has r times the epsilon.",
        "",
        "| training | accuracy on other rows | " + " | ".join("never" if r == 0 else f"{r}x" for r in REPEATS)
        + " | allowed, 1x |",
        "|---" * (len(REPEATS) + 3) + "|",
    ]  # fmt: skip
    for name, curve in shown.items():
        cells = [name, f"{curve['accuracy']:.1%}", *_cells(curve), f"{curve['allowed']:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


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
        if "allowed" not in curve:
            lines.append(f"| {name} | " + " | ".join(_cells(curve)) + " |")
    lines += ["", *_private(result["curves"])]
    lines += ["", "Found whole among the twelve likeliest of 10^9 by the shortest path:", ""]
    for name, curve in result["curves"].items():
        if "drawn" in curve:
            shares = ", ".join(f"{r}x {s:.0%}" for r, s in zip(REPEATS, curve["drawn"], strict=True))
            lines.append(f"- {name}: {shares}; {curve['asked']:,.0f} beginnings were continued on average.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
