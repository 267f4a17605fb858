"""Copies of small models, beside published figures: fidelity over questions, several seeds, with intervals.

    python bench/bench_extraction.py [--only linear mlp labels rotation data-free data-free-fashion] [--seeds 3]
        [--write]

`linear`: equation solving of softmax regressions on the 8 x 8 digits (65 numbers a class), whole, rounded and by
labels, and of one of 530 unknowns (Tramèr et al. 2016, table 4). `mlp`: a perceptron of 30 tanh units, 2,260 unknowns.
`labels`: a network copied by labels from natural inputs, from Jacobian-based augmentation and from noise, beside how
often two networks of two seeds agree. `rotation`: what later generations leave of a copy, each trained on data of which
a quarter is new. `data-free`: a small convolutional network on the digits copied without a picture, `data-free-fashion`
one on Fashion-MNIST (Debian package dataset-fashion-mnist). One thread. `--write` keeps what ran in
bench/results/extraction-tables.{json,md}; parts that did not run are left as they were.
"""

import argparse
import gzip
import json
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from redan.attacks.extraction.augmentation import JacobianAugmentation
from redan.attacks.extraction.contract import Known
from redan.attacks.extraction.convolution import ConvolutionRecipe
from redan.attacks.extraction.copies import labels_of
from redan.attacks.extraction.data_free import DataFree
from redan.attacks.extraction.domain import box, box_of
from redan.attacks.extraction.equations import solve_linear, solve_perceptron
from redan.attacks.extraction.form import shown
from redan.attacks.extraction.knockoff import Knockoff
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.perceptron import PerceptronRecipe
from redan.attacks.extraction.reach import extract, yardstick
from redan.measures.robustness import rate

RESULTS = Path(__file__).resolve().parent / "results"
FASHION = Path("/usr/share/datasets/fashion-mnist")
FORMS = ("probabilities", "probabilities:5", "probabilities:3", "probabilities:2", "probabilities:1", "label")
NOTES = {  # own runs of one seed, and what papers print; agreement on test inputs unless said
    "linear": {
        ("digits", "probabilities", 40): "87.7 % (own, one seed)",
        ("digits", "probabilities", 65): "100 % (own, one seed; d + 1 in theory)",
        ("digits", "probabilities:5", 65): "99.6 %",
        ("digits", "probabilities:5", 130): "99.9 %",
        ("digits", "probabilities:5", 650): "100 %",
        ("digits", "probabilities:3", 65): "38 %",
        ("digits", "probabilities:3", 130): "99.2 %",
        ("digits", "probabilities:3", 650): "99.1 %",
        ("digits", "probabilities:2", 65): "15 %",
        ("digits", "probabilities:2", 130): "95.2 %",
        ("digits", "probabilities:2", 650): "95.7 %",
        ("digits", "probabilities:1", 65): "11 %",
        ("digits", "probabilities:1", 130): "84 %",
        ("digits", "probabilities:1", 650): "80 %",
        ("digits", "label", 65): "54 %",
        ("digits", "label", 130): "46 %",
        ("digits", "label", 650): "86 %",
        ("530 unknowns", "probabilities", 265): "99.96 % test, 99.75 % uniform (Tramèr 2016)",
        ("530 unknowns", "probabilities", 530): "100 % test, 100 % uniform (Tramèr 2016)",
    },
    "mlp": {1: "98.68 % test, 97.23 % uniform (Tramèr 2016, 2,225 unknowns)", 2: "99.89 % test, 99.82 % uniform"},
    "labels": {
        "knockoff, random": (70, 76, 82, 93, 96.5),
        "Jacobian-based augmentation": (70, 75, 70, 77, 82),
        "noise": (19, 8, 21, 30, 35),
        "two seeds agree": (99.3,),
    },
    "data-free": "88.1 % of CIFAR-10 after 20,000,000 questions (Truong et al. 2021, accuracy; victim 95.5 %)",
}


def digits(seed):
    """In another order for each seed: to train on, for the attacker, to judge by."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = (x[order] / 16).astype(np.float32), y[order]
    return (x[:597], y[:597]), (x[597:1397], y[597:1397]), (x[1397:], y[1397:])


def judged(copy, victim, test, domain, seed):
    """Agreement on natural and on uniform inputs."""
    drawn = domain.uniform(1000, np.random.default_rng([seed, 6]))
    return rate(labels_of(copy, test) == victim(test)), rate(labels_of(copy, drawn) == victim(drawn))


def linear(seeds):
    """Equation solving."""
    rows = []
    for seed in range(seeds):
        (x, y), _, (test, _) = digits(seed)
        narrow = PCA(52, random_state=0).fit(x)
        cases = (
            ("digits", x, test, [*((form, n) for form in FORMS for n in (65, 130, 650)), ("probabilities", 40)]),
            (
                "530 unknowns",
                narrow.transform(x).astype(np.float32),
                narrow.transform(test).astype(np.float32),
                [("probabilities", n) for n in (53, 265, 530)],
            ),
        )
        for name, train, held, settings in cases:
            model = LogisticRegression(max_iter=3000).fit(train, y)
            domain = box((64,)) if name == "digits" else box_of(train)
            for form, n in settings:
                copy = solve_linear(Oracle(model, shown=shown(form), budget=n), domain, queries=n, seed=seed)
                fidelity, uniform = judged(copy, model.predict, held, domain, seed)
                rows.append(row([name, form, n], n, seed, fidelity, uniform))
    return rows


def mlp(seeds):
    """A perceptron of tanh units, whose shape the attacker knows."""
    rows = []
    for seed in range(seeds):
        (x, y), _, (test, _) = digits(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = MLPClassifier((30,), "tanh", max_iter=300, random_state=seed).fit(x, y)
        domain, unknowns = box((64,)), 30 * 65 + 31 * 10
        for times in (1, 2):
            recipe = PerceptronRecipe(bend="tanh", ridge=1e-9, steps=1500)
            n = times * unknowns
            copy = solve_perceptron(Oracle(model), domain, hidden=30, queries=n, recipe=recipe, seed=seed)
            rows.append(row([times], n, seed, *judged(copy, model.predict, test, domain, seed)))
    return rows


def labels(seeds):
    """Learnt from labels alone."""
    rows, marks = [], (50, 100, 200, 400, 800)
    for seed in range(seeds):
        (x, y), (pool, _), (test, truth) = digits(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one, two = (MLPClassifier((32,), max_iter=400, random_state=place).fit(x, y) for place in (seed, seed + 99))
        domain = box((64,))
        by = yardstick(one.predict, domain, test, truth, classes=10, seed=seed)
        agreed = rate(one.predict(test) == two.predict(test))
        rows.append(row(["two seeds agree", 0], 0, seed, agreed, None))
        for attack, known_x in ((Knockoff(), pool), (JacobianAugmentation(), pool), (Knockoff("noise"), pool[:0])):
            known = Known(domain=domain, x=known_x, recipe=PerceptronRecipe(hidden=32), seed=seed)
            oracle = Oracle(one, shown=shown("label"), budget=800, classes=10)
            for point in extract(attack, oracle, known, by, marks).points:
                rows += [row([attack.name, point.queries], point.queries, seed, point.fidelity, point.uniform)]
    return rows


def rotation(seeds):
    """One copy, held against generation after generation."""
    rows, fresh = [], 149
    for seed in range(seeds):
        (x, y), (pool, own), (test, truth) = digits(seed)
        x, y = np.concatenate([x, pool]), np.concatenate([y, own])
        made = []
        for place in range(5):
            start = place * fresh
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                net = MLPClassifier((32,), max_iter=400, random_state=seed + 10 * place)
                made.append(net.fit(x[start : start + 597], y[start : start + 597]))
        half = len(test) // 2
        known = Known(domain=box((64,)), x=test[:half], recipe=PerceptronRecipe(hidden=32), seed=seed)
        by = yardstick(made[0].predict, known.domain, test[half:], truth[half:], classes=10, seed=seed)
        for form in ("probabilities", "label"):
            oracle = Oracle(made[0], shown=shown(form), budget=800, classes=10)
            copy = extract(Knockoff(), oracle, known, by, (800,)).copy
            for place, net in enumerate(made):
                told = net.predict(by.x)
                rows.append(row([f"copy by {form}", place], 800, seed, rate(labels_of(copy, by.x) == told), None))
        for place, net in enumerate(made):
            rows.append(row(["generation 0 itself", place], 0, seed, rate(by.answers == net.predict(by.x)), None))
    return rows


def data_free(seeds):
    """A small convolutional network on the 8 x 8 digits."""
    (x, y), (more, own), (test, truth) = digits(0)
    x, y = np.concatenate([x, more]).reshape(-1, 1, 8, 8), np.concatenate([y, own])
    domain = box((1, 8, 8))
    victim = ConvolutionRecipe(steps=800).fitted(domain, x, np.eye(10)[y], 7)
    settings = [
        ("two students", DataFree(), "probabilities"),
        ("forward differences", DataFree(1), "probabilities"),
        ("two students", DataFree(), "probabilities:2"),
        ("two students", DataFree(), "label"),
    ]
    return without_data(
        victim,
        domain,
        (test.reshape(-1, 1, 8, 8), truth),
        settings=settings,
        marks=(500, 1000, 2000, 4000),
        seeds=seeds,
    )


def data_free_fashion(seeds):
    """A small convolutional network on Fashion-MNIST."""
    (x, y), (test, truth) = fashion()
    domain = box((1, 28, 28))
    victim = ConvolutionRecipe(steps=2000).fitted(domain, x[:30000], np.eye(10)[y[:30000]], 7)
    settings = [("two students", DataFree(), "probabilities")]
    return without_data(
        victim, domain, (test[:2000], truth[:2000]), settings=settings, marks=(1000, 2000, 4000, 8000), seeds=seeds
    )


def without_data(victim, domain, judges, *, settings, marks, seeds):
    """Copies of a network by whoever has no picture."""
    import torch

    torch.set_num_threads(1)
    rows, (test, truth) = [], judges

    def scores(given):
        z = victim.scores(given)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    by = yardstick(lambda given: scores(given).argmax(axis=1), domain, test, truth, classes=10, uniform=100)
    rows.append(row(["the network itself is right", "", 0], 0, 0, by.accuracy, by.accuracy))
    for seed in range(seeds):
        known = Known(domain=domain, x=test[:0], recipe=ConvolutionRecipe(), seed=seed)
        for name, attack, form in settings:
            oracle = Oracle(scores, shown=shown(form), budget=marks[-1], classes=10, chunk=64)
            for point in extract(attack, oracle, known, by, marks).points:
                rows += [row([name, form, point.queries], point.queries, seed, point.fidelity, point.accuracy)]
            print(told(rows[-1]), flush=True)
    return rows


def fashion():
    """Pictures in [0, 1] and classes: to train on, to judge by."""
    found = []
    for part in ("train", "t10k"):
        images = gzip.decompress((FASHION / f"{part}-images-idx3-ubyte.gz").read_bytes())
        classes = gzip.decompress((FASHION / f"{part}-labels-idx1-ubyte.gz").read_bytes())
        x = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 1, 28, 28).astype(np.float32) / 255
        found.append((x, np.frombuffer(classes, np.uint8, offset=8).astype(np.int64)))
    return found


def row(key, queries, seed, fidelity, other):
    """One figure."""
    low, high = fidelity.interval
    return {
        "key": key,
        "queries": queries,
        "seed": seed,
        "fidelity": fidelity.value,
        "interval": [round(low, 4), round(high, 4)],
        "n": fidelity.n,
        "other": None if other is None else other.value,
    }


def told(one):
    return f"{one['key']} seed {one['seed']}: {one['fidelity']:.3f}"


EXPLAINED = {
    "linear": "The script of the figures before was not kept, so that its solver is not known; here the likeliest "
    "weights are searched for, which needs fewer questions at two and three digits, and two digits do not hold copies "
    "below 95 % at ten times the unknowns. At one digit, twice the unknowns are answered worse than once; why was not "
    "looked into. Labels of 65 questions spread over 23 points between seeds; the figures before lie within the range "
    "of seeds or 5 points off.",
    "mlp": "Unknowns differ (2,260 here, 2,225 there), and so does the data. At one question for each unknown it is "
    "better than published, at two 0.3 points worse on test inputs and 0.7 on random ones.",
    "labels": "Networks and recipe differ from the earlier run: copies by natural inputs are better from the start. "
    "Jacobian-based augmentation stays behind natural inputs, whose number it does not raise.",
    "data-free": "The students are of the victim's own architecture, which the attacker has guessed.",
    "data-free-fashion": "The students are of the victim's own architecture, which the attacker has guessed. "
    "One seed. Published is a deeper network on a harder task, in colour.",
}
PARTS = {"linear": linear, "mlp": mlp, "labels": labels, "rotation": rotation} | {
    "data-free": data_free,
    "data-free-fashion": data_free_fashion,
}
HEADS = {
    "linear": ("Equation solving of softmax regressions", "model, answers, questions", "random inputs"),
    "mlp": ("A perceptron of 2,260 unknowns, from random inputs", "questions for each unknown", "random inputs"),
    "labels": ("A network copied by labels alone", "questions are, how many", "random inputs"),
    "rotation": ("What later generations leave of a copy (800 questions)", "what, held against generation", ""),
    "data-free": ("A network on digits copied without a picture", "generator by, answers, questions", "right"),
    "data-free-fashion": (
        "A network on Fashion-MNIST copied without a picture",
        "generator by, answers, questions",
        "right",
    ),
}


def published(part, key):
    """The figure beside."""
    notes = NOTES.get(part)
    if part == "linear":
        return notes.get(tuple(key), "")
    if part == "mlp":
        return notes[key[0]]
    if part == "labels":
        figures = notes[key[0]]
        marks = (50, 100, 200, 400, 800)
        return f"{figures[marks.index(key[1]) if key[1] in marks else 0]} % (own, one seed)"
    return NOTES["data-free"] if part.startswith("data-free") and key[-1] in (4000, 8000) else ""


def table(found):
    """All parts as Markdown."""
    lines = [
        "# Copies of small models, beside published figures\n",
        "`python bench/bench_extraction.py --write`, one thread. Mean over seeds, with the lowest and the highest one,",
        "and the exact 95 % interval of seed 0 over its judging inputs.\n",
    ]
    for part in PARTS:
        if part not in found:
            continue
        title, first, other = HEADS[part]
        rows = found[part]["rows"]
        seeds = len({one["seed"] for one in rows})
        lines += [
            f"## {title}\n",
            f"{seeds} seeds, {found[part]['seconds']:,.0f} s, {rows[0]['n']:,} inputs judge.\n",
            f"| {first} | fidelity (range) | 95 %, seed 0 | {other or 'n'} | before |",
            "|---|---|---|---|---|",
        ]
        for key in dict.fromkeys(tuple(one["key"]) for one in rows):
            some = [one for one in rows if tuple(one["key"]) == key]
            values = [one["fidelity"] for one in some]
            low, high = some[0]["interval"]
            extra = [one["other"] for one in some if one["other"] is not None]
            beside = f"{np.mean(extra):.1%}" if extra else str(some[0]["n"])
            lines.append(
                f"| {', '.join(f'{k:,}' if isinstance(k, int) else k for k in key)} | {np.mean(values):.1%} "
                f"({min(values):.1%} to {max(values):.1%}) | {low:.1%} to {high:.1%} | {beside} | "
                f"{published(part, key)} |"
            )
        lines += ["", f"{EXPLAINED[part]}\n"] if part in EXPLAINED else [""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    kept = RESULTS / "extraction-tables.json"
    found = json.loads(kept.read_text()) if options.write and kept.is_file() else {}
    for part in options.only:
        began = time.monotonic()
        rows = PARTS[part](options.seeds)
        found[part] = {"rows": rows, "seconds": round(time.monotonic() - began, 1)}
        print(json.dumps({"part": part, "rows": len(rows), "seconds": found[part]["seconds"]}), flush=True)
        if options.write:
            kept.write_text(json.dumps(found, separators=(",", ":")) + "\n")
            (RESULTS / "extraction-tables.md").write_text(table(found))
    print(table({part: found[part] for part in options.only}))


if __name__ == "__main__":
    main()
