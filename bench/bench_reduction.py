"""What distillation, pruning, fewer features and decay take from membership inference and canaries, and their cost.

    python bench/bench_reduction.py [--models 32] [--seeds 8]

Membership: scikit-learn's digits, 400 rows kept apart for students, the others in a matrix of models, each trained on a
random half with one label in twenty wrong; every model is the target once and the others are its shadows, reduced as it
is. The attack is LiRA with Bayesian variance; the fall of its true-positive rate at 1 % of false positives is that of
each model and its own reduction, with Student's interval over models. Members are always those of the model before.

Canaries: rows with two random codes and a label against the rule, planted 1, 2, 4, 8 and 16 times, in a table whose
codes are one-hot; exposure among all other codes, with Student's interval over canaries of all seeds.

Writes bench/results/reduction.json and reduction.md.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from redan.attacks.inference.canaries_losses import try_canaries
from redan.attacks.inference.canaries_planting import plant_in_table
from redan.attacks.inference.membership import matrix_from, phi_of_logits, phi_of_probabilities
from redan.attacks.inference.membership.shelf import attack_of
from redan.defences.reduction import (
    Pair,
    compare_membership,
    cost,
    distil,
    exposure_gain,
    fit,
    membership_gain,
    prune_tree,
    prune_units,
    prune_weights,
)
from redan.defences.reduction.costs import Cost
from redan.defences.reduction.perceptron import Course, Layer, Perceptron
from redan.defences.reduction.size import size_of
from redan.stats.paired import paired_mean

RESULTS = Path(__file__).parent / "results"
RATE = 0.01
BEFORE = Course(hidden=(64,), epochs=80, batch=64, rate=3e-3)
AFTER = BEFORE._replace(hidden=(16,))
CODES = 50
REPEATS = (1, 2, 4, 8, 16) * 2


def digits():
    """Rows, labels one in twenty of which is wrong, the true ones, and rows for students."""
    from sklearn.datasets import load_digits

    rng = np.random.default_rng(0)
    loaded = load_digits()
    order = rng.permutation(len(loaded.target))
    x, y = loaded.data[order] / 16, loaded.target[order]
    wrong = np.where(rng.random(len(y)) < 0.05, (y + rng.integers(1, 10, len(y))) % 10, y)
    return x[400:], wrong[400:], y[400:], x[:400]


def reductions(public):
    """Each way: from a model, its rows and labels, and randomness, to the reduced model."""
    kept = np.argsort(-public.std(axis=0))[:24]

    def retrain(model, x, y, rng, course):
        return fit(x, y, course, rng=rng, classes=10, start=model)

    return {
        "distilled on its own rows, 16 units, T 4": lambda m, x, _y, r: distil(m.probabilities, x, AFTER, rng=r).model,
        "distilled on its own rows, 64 units, T 1": lambda m, x, _y, r: (
            distil(m.probabilities, x, BEFORE, temperature=1.0, rng=r).model
        ),
        "distilled on other rows, 16 units, T 4": lambda m, _x, _y, r: (
            distil(m.probabilities, public, AFTER, rng=r).model
        ),
        "half of the weights pruned": lambda m, _x, _y, _r: prune_weights(m, 0.5).model,
        "four fifths of the weights pruned": lambda m, _x, _y, _r: prune_weights(m, 0.8).model,
        "four fifths pruned, trained on": lambda m, x, y, r: retrain(
            prune_weights(m, 0.8).model, x, y, r, BEFORE._replace(epochs=20)
        ),
        "half of the units pruned": lambda m, _x, _y, _r: prune_units(m, 0.5).model,
        "trained on 24 of 64 pixels": lambda _m, x, y, r: Narrow(fit(x[:, kept], y, BEFORE, rng=r, classes=10), kept),
        "trained with decay, 8 units": lambda _m, x, y, r: fit(
            x, y, BEFORE._replace(hidden=(8,), epochs=30, decay=0.02), rng=r, classes=10
        ),
    }


class Narrow:
    """A perceptron of some columns."""

    def __init__(self, inner, kept):
        self.inner, self.kept, self.layers = inner, kept, inner.layers

    def logits(self, x):
        return self.inner.logits(x[:, self.kept])

    def labels(self, x):
        return self.inner.labels(x[:, self.kept])


def pooled(costs):
    """Losses of accuracy of all models, with Student's interval over models."""
    low, high = paired_mean([one.loss for one in costs])
    return {
        "accuracy_before": float(np.mean([one.before for one in costs])),
        "accuracy_after": float(np.mean([one.after for one in costs])),
        "accuracy_lost": float(np.mean([one.loss for one in costs])),
        "accuracy_lost_interval": [low, high],
        "fidelity": float(np.mean([one.fidelity for one in costs])),
    }


def alone(before, after):
    """In how many of the models the gain is proven by that model alone, by drawing records again; as the check does."""
    scores = [attack_of("lira")(matrix) for matrix in (before, after)]
    pairs = zip(*scores, before.members, strict=True)
    return sum(membership_gain(Pair(*one), RATE, rng=np.random.default_rng(9)).proven for one in pairs)


def told(name, gain, **more):
    return {
        "way": name,
        "before": gain.before,
        "after": gain.after,
        "fall": gain.fall,
        "interval": [*gain.interval],
        "n": gain.n,
        "pairs": gain.pairs,
        "verdict": gain.verdict,
        **more,
    }


def networks(count):
    """Membership of perceptrons."""
    x, y, true, public = digits()
    rng = np.random.default_rng(1)
    inside = rng.random((count, len(x))) < 0.5
    before = [
        fit(x[rows], y[rows], BEFORE, rng=np.random.default_rng([2, i]), classes=10) for i, rows in enumerate(inside)
    ]
    matrix = matrix_from(np.stack([phi_of_logits(m.logits(x), y) for m in before]), inside, targets=range(count))
    found = []
    for name, reduce in reductions(public).items():
        after = [
            reduce(m, x[rows], y[rows], np.random.default_rng([3, i]))
            for i, (m, rows) in enumerate(zip(before, inside, strict=True))
        ]
        reduced = matrix_from(np.stack([phi_of_logits(m.logits(x), y) for m in after]), inside, targets=range(count))
        gain, attack = compare_membership(matrix, reduced, rng=np.random.default_rng(4), rate=RATE, attack="lira")
        costs: list[Cost] = [
            cost(b.labels(x[~rows]), a.labels(x[~rows]), true[~rows])
            for b, a, rows in zip(before, after, inside, strict=True)
        ]
        bytes_ = [size_of(Perceptron(layers=tuple(m.layers))).bytes for m in (before[0], after[0])]
        more = {"attack": attack, "proven_alone": alone(matrix, reduced)}
        found.append(told(name, gain, **more, bytes_before=bytes_[0], bytes_after=bytes_[1], **pooled(costs)))
        print(f"{name}: {gain}", flush=True)
    return found


def forests(count):
    """Membership of forests of twenty trees."""
    from sklearn.ensemble import RandomForestClassifier

    x, y, true, _ = digits()
    inside = np.random.default_rng(5).random((count, len(x))) < 0.5
    before = [RandomForestClassifier(20, random_state=i).fit(x[rows], y[rows]) for i, rows in enumerate(inside)]

    def scored(models):
        return matrix_from(
            np.stack([phi_of_probabilities(m.predict_proba(x), y, 1e-3) for m in models]), inside, targets=range(count)
        )

    matrix, found = scored(before), []
    for name, more in (("forest, depth 4", {"depth": 4}), ("forest, cost-complexity 0.01", {"alpha": 0.01})):
        made = [prune_tree(m, x[rows], y[rows], **more) for m, rows in zip(before, inside, strict=True)]
        after = [one.model for one in made]
        reduced = scored(after)
        gain, attack = compare_membership(matrix, reduced, rng=np.random.default_rng(4), rate=RATE, attack="lira")
        costs = [
            cost(b.predict(x[~rows]), a.predict(x[~rows]), true[~rows])
            for b, a, rows in zip(before, after, inside, strict=True)
        ]
        sizes = {"bytes_before": made[0].bytes_before, "bytes_after": made[0].bytes_after}
        sizes |= {"attack": attack, "proven_alone": alone(matrix, reduced)}
        found.append(told(name, gain, **sizes, **pooled(costs)))
        print(f"{name}: {gain}", flush=True)
    return found


def table(seed):
    """A table with canaries in it, as arrays, and what turns secrets into rows."""
    import pyarrow as pa

    rng = np.random.default_rng([6, seed])
    usage = rng.normal(size=1000)
    rows = pa.table(
        {
            "usage": usage,
            "street": rng.integers(0, CODES, 1000),
            "house": rng.integers(0, CODES, 1000),
            "leaves": (usage > 0).astype(int),
        }
    )
    done = plant_in_table(rows, "leaves", columns=["street", "house"], repeats=REPEATS, seed=f"{seed + 1:032x}")
    columns = [np.asarray(done.rows[name]) for name in ("usage", "street", "house", "leaves")]
    return encoded(*columns[:3]), columns[3].astype(np.int64), done.canaries


def encoded(usage, street, house):
    eye = np.eye(CODES)
    return np.column_stack([np.asarray(usage, dtype=float), 2.0 * eye[street], 2.0 * eye[house]])


def exposures(model, canaries):
    """Bits of each canary."""
    streets, houses = (np.array([int(v) for v in column.values]) for column in canaries.table.columns)

    def losses(place, secrets):
        row = canaries.canaries[place].row
        usage = np.full(len(secrets), float(row["usage"]))
        logits = model.logits(encoded(usage, streets[secrets[:, 0]], houses[secrets[:, 1]]))
        return -phi_of_logits(logits, np.full(len(secrets), int(row["leaves"])))

    return [one.bits for one in try_canaries(canaries, losses, bound=0.0, references=CODES**2).exposures]


def of_canaries(seeds):
    """Exposure before and after."""
    how = Course(hidden=(64,), epochs=60, rate=5e-3)
    ways = {
        "distilled on its own rows, 16 units, T 4": lambda m, x, _y, r: (
            distil(m.probabilities, x, how._replace(hidden=(16,)), rng=r).model
        ),
        "half of the weights pruned": lambda m, _x, _y, _r: prune_weights(m, 0.5).model,
        "four fifths of the weights pruned": lambda m, _x, _y, _r: prune_weights(m, 0.8).model,
        "half of the units pruned": lambda m, _x, _y, _r: prune_units(m, 0.5).model,
        "trained on the usage alone": lambda _m, x, y, r: Usage(fit(x[:, :1], y, how, rng=r)),
        "trained with decay, 8 units": lambda _m, x, y, r: fit(x, y, how._replace(hidden=(8,), decay=0.03), rng=r),
    }
    before, after = [], {name: [] for name in ways}
    for seed in range(seeds):
        x, y, canaries = table(seed)
        model = fit(x, y, how, rng=np.random.default_rng([7, seed]))
        before += exposures(model, canaries)
        for name, reduce in ways.items():
            after[name] += exposures(reduce(model, x, y, np.random.default_rng([8, seed])), canaries)
    found = []
    for name, bits in after.items():
        gain = exposure_gain(before, bits)
        found.append(told(name, gain))
        print(f"{name}: {gain}", flush=True)
    return found


class Usage:
    """A perceptron of the first column."""

    def __init__(self, inner: Perceptron) -> None:
        self.inner = inner
        self.layers: tuple[Layer, ...] = inner.layers

    def logits(self, x):
        return self.inner.logits(x[:, :1])


def percent(value):
    return f"{100 * value:.1f}"


def page(result):
    """The figures as a page."""
    head = "| way | TPR before | after | fall, points (95 %) | proven by one model alone "
    head += "| accuracy lost, points (95 %) | agreement | memory |"
    lines = [
        "# Information reduction, measured",
        "",
        f"`python bench/bench_reduction.py`, {result['seconds']:.0f} s on one core. Membership: digits, "
        f"{result['models']} models each trained on a random half with one label in twenty wrong, LiRA with the others "
        "as shadows, true-positive rate at 1 % of false positives in per cent, members being those of the model "
        "before; intervals are Student's over models. The next column tells in how many of the models the same "
        "comparison of that model and its reduction alone, by drawing its records again, proves the gain.",
        "",
        head,
        "|" + "---|" * 8,
    ]
    for one in result["membership"]:
        low, high = one["interval"]
        least, most = one["accuracy_lost_interval"]
        lines.append(
            f"| {one['way']} | {percent(one['before'])} | {percent(one['after'])} | {percent(one['fall'])} "
            f"({percent(low)} to {percent(high)}) | {one['proven_alone']} of {one['n']} | "
            f"{percent(one['accuracy_lost'])} "
            f"({percent(least)} to {percent(most)}) | {percent(one['fidelity'])} % | "
            f"{percent(one['bytes_after'] / one['bytes_before'])} % |"
        )
    lines += [
        "",
        f"Canaries: rows with two random codes of {CODES} and a label against the rule, planted 1 to 16 times among "
        f"1,000 rows, {result['seeds']} seeds of ten; mean exposure in bits among all other codes "
        f"({np.log2(CODES**2):.1f} at most), intervals over canaries.",
        "",
        "| way | before | after | fall (95 %) | said |",
        "|---|---|---|---|---|",
    ]
    for one in result["canaries"]:
        low, high = one["interval"]
        lines.append(
            f"| {one['way']} | {one['before']:.2f} | {one['after']:.2f} | {one['fall']:.2f} "
            f"({low:.2f} to {high:.2f}) | {one['verdict']} |"
        )
    return "\n".join([*lines, ""])


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("--models", type=int, default=32)
    asked.add_argument("--seeds", type=int, default=8)
    given = asked.parse_args()
    began = time.process_time()
    result = {
        "bench": "reduction",
        "models": given.models,
        "seeds": given.seeds,
        "rate": RATE,
        "membership": [*networks(given.models), *forests(given.models)],
        "canaries": of_canaries(given.seeds),
    }
    result["seconds"] = round(time.process_time() - began, 1)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "reduction.json").write_text(json.dumps(result, indent=1) + "\n")
    (RESULTS / "reduction.md").write_text(page(result))
    print(json.dumps({key: result[key] for key in ("bench", "models", "seeds", "seconds")}))


if __name__ == "__main__":
    main()
