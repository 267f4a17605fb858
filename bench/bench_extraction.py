"""Copies of small models, beside published figures: fidelity over questions, several seeds, with intervals.

    python bench/bench_extraction.py [--only linear mlp relu trees labels semi semi-fashion rotation data-free
        data-free-fashion] [--seeds 3] [--credit german.data] [--write]

`linear`: equation solving of softmax regressions on the 8 x 8 digits (65 numbers a class), whole, rounded and by
labels, and of one of 530 unknowns (Tramèr et al. 2016, table 4). `mlp`: a perceptron of 30 tanh units, 2,260 unknowns.
`relu`: networks of one hidden layer of rectified units, unit by unit (Jagielski et al. 2020, section 5). `trees`:
decision trees on German credit (`german.data`, see bench/public_tables.py) by their paths. `semi`,
`semi-fashion`: few labels, with the inputs that were not asked (MixMatch) and without. `labels`: a network copied by
labels from natural inputs, from Jacobian-based augmentation and from noise, beside how often two networks of two seeds
agree. `rotation`: what later generations leave of a copy, each trained on data of which a quarter is new. `data-free`:
a small convolutional network on the digits copied without a picture, `data-free-fashion` one on Fashion-MNIST (Debian
package dataset-fashion-mnist). One thread. `--write` keeps what ran in bench/results/extraction-tables.{json,md};
parts that did not run are left as they were.
"""

import argparse
import gzip
import json
import time
import warnings
from pathlib import Path

import numpy as np
import public_tables
from extraction_words import table
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from redan.attacks.extraction.augmentation import JacobianAugmentation
from redan.attacks.extraction.contract import Known
from redan.attacks.extraction.convolution import ConvolutionRecipe
from redan.attacks.extraction.copies import labels_of
from redan.attacks.extraction.data_free import DataFree
from redan.attacks.extraction.domain import Domain, box, box_of
from redan.attacks.extraction.equations import solve_linear, solve_perceptron, solved
from redan.attacks.extraction.form import shown
from redan.attacks.extraction.knockoff import Knockoff
from redan.attacks.extraction.mixmatch import MixMatch
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.paths import PathFinding
from redan.attacks.extraction.perceptron import PerceptronRecipe
from redan.attacks.extraction.reach import extract, measured, yardstick
from redan.attacks.extraction.relu_network import FunctionallyEquivalent
from redan.attacks.extraction.semi_supervised import SemiSupervised
from redan.measures.robustness import rate

RESULTS = Path(__file__).resolve().parent / "results"
FASHION = Path("/usr/share/datasets/fashion-mnist")
ROUNDED = ("probabilities:8", "probabilities:6", "probabilities:4", "probabilities:3", "probabilities:2")
FORMS = ("probabilities", "probabilities:5", "probabilities:3", "probabilities:2", "probabilities:1", "label")


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


def relu(seeds):
    """Networks in single precision, whose answers are probabilities; the attacker has inputs without labels."""
    rows = []
    for seed in range(seeds):
        (x, y), (pool, _), (test, truth) = digits(seed)
        (more, own), (held, told_by) = fashion()
        flat = [one.reshape(len(one), -1) for one in (more[:10000], more[20000:20500], held[:2000])]
        cases = (
            ("digits, 2,410 numbers", (x, y), pool, (test, truth), 32, (2410, 4820, 9640, 19280)),
            ("Fashion-MNIST, 12,730 numbers", (flat[0], own[:10000]), flat[1], (flat[2], told_by[:2000]), 16,
             (12730, 25460)),
        )  # fmt: skip
        for name, (some, classes), known_x, (judging, right), hidden, marks in cases:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                net = MLPClassifier((hidden,), max_iter=200 if hidden == 32 else 30, random_state=seed)
                victim = single(net.fit(some, classes))
            domain = box((some.shape[1],))
            by = yardstick(lambda z, told=victim: told(z).argmax(axis=1), domain, judging, right, classes=10, seed=seed)
            rows.append(row([name, "the network itself is right", 0], 0, seed, by.accuracy, None))
            for form in ("probabilities", *ROUNDED) if hidden == 32 else ("probabilities", "probabilities:3"):
                known = Known(domain=domain, x=known_x, recipe=PerceptronRecipe(), seed=seed)
                oracle = Oracle(victim, shown=shown(form), budget=marks[-1], classes=10, chunk=1024)
                goals = marks if form == "probabilities" else marks[1:2]
                found = extract(FunctionallyEquivalent(), oracle, known, by, goals).points
                rows += [
                    row([name, form, goal], point.queries, seed, point.fidelity, point.uniform)
                    for goal, point in zip(goals, found, strict=False)
                ]
                if form != "probabilities":
                    linear = measured(solved(oracle, domain), oracle, by)
                    key = [name, "equation solving by the same answers", form, goals[0]]
                    rows.append(row(key, linear.queries, seed, linear.fidelity, linear.uniform))
                print(told(rows[-1]), flush=True)
    return rows


def single(net):
    """Probabilities of a fitted network, in single precision."""
    weights = [np.float32(one) for one in (*net.coefs_, *net.intercepts_)]

    def victim(z):
        hidden = np.maximum(np.asarray(z, dtype=np.float32).reshape(len(z), -1) @ weights[0] + weights[2], 0)
        logits = hidden @ weights[1] + weights[3]
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)

    return victim


def trees(seeds, path):
    """Trees of 26 leaves over 20 columns, 13 of them words, from one row."""
    import pandas as pd

    frame, rows = pd.read_csv(path, sep=" ", header=None), []
    y, words = (
        (frame.iloc[:, -1] == 1).to_numpy().astype(int),
        [not pd.api.types.is_numeric_dtype(t) for t in frame.dtypes],
    )
    columns = [pd.factorize(frame[c], sort=True)[0] if words[c] else frame[c].to_numpy() for c in frame.columns[:-1]]
    x = np.column_stack(columns).astype(np.float32)
    high = x.max(axis=0).astype(float)
    levels = np.where(words[:-1], high + 1, 0).astype(np.int64)
    whole = np.ones(x.shape[1], dtype=bool)
    low = np.where(levels > 0, 0.0, x.min(axis=0))
    domain = Domain(shape=(x.shape[1],), low=low, high=high, whole=whole, levels=levels)
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(len(x))
        train, test = order[:700], order[700:]
        grown = DecisionTreeClassifier(max_leaf_nodes=26, min_samples_leaf=5, random_state=seed)
        grown.fit(domain.features(x[train]), y[train])
        by = yardstick(
            lambda z, net=grown: net.predict(domain.features(z)), domain, x[test], y[test], classes=2, seed=seed
        )
        for form in ("probabilities", "label"):
            oracle = Oracle(
                lambda z, net=grown: net.predict_proba(domain.features(z)), shown=shown(form), classes=2, chunk=512
            )
            known = Known(domain=domain, x=x[test[:1]], recipe=PerceptronRecipe(), seed=seed)
            last = extract(PathFinding(), oracle, known, by, (1_000_000,)).last
            rows.append(row(["German credit, 26 leaves", form], last.queries, seed, last.fidelity, last.uniform))
    return rows


def semi(seeds):
    """A convolutional network on the digits, of which few labels are asked; of seeds on which nothing was chosen."""
    rows = []
    for seed in range(2, 2 + seeds):
        (x, y), (pool, _), (test, truth) = digits(seed)
        x, pool, test = (one.reshape(-1, 1, 8, 8) for one in (x, pool, test))
        domain = box((1, 8, 8))
        victim = ConvolutionRecipe(steps=800).fitted(domain, x, np.eye(10)[y], 7)
        rows += with_the_rest(victim, domain, pool, (test, truth), marks=(50, 100), seed=seed)
    return rows


def semi_fashion(seeds):
    """A convolutional network on Fashion-MNIST, 250 labels of 10,000 pictures."""
    (x, y), (test, truth) = fashion()
    domain, rows = box((1, 28, 28)), []
    victim = ConvolutionRecipe(steps=2000).fitted(domain, x[:30000], np.eye(10)[y[:30000]], 7)
    for seed in range(seeds):
        pool = x[30000:][np.random.default_rng([seed, 1]).permutation(30000)[:10000]]
        rows += with_the_rest(victim, domain, pool, (test[:2000], truth[:2000]), marks=(250,), seed=seed)
    return rows


def with_the_rest(victim, domain, pool, judges, *, marks, seed):
    """Copies by labels, with the inputs that were not asked and without."""
    import torch

    torch.set_num_threads(1)
    test, truth = judges
    by = yardstick(lambda z: victim.scores(z).argmax(axis=1), domain, test, truth, classes=10, uniform=100)
    rows = [row(["the network itself is right", 0], 0, seed, by.accuracy, by.accuracy)]
    for name, attack in (
        ("supervised", Knockoff()),
        ("supervised, moved and mixed", MixMatch(weight=0.0)),
        ("pseudo-labels", SemiSupervised()),
        ("MixMatch", MixMatch()),
        ("MixMatch, its ramp at its end after all steps", MixMatch(ramp=MixMatch().steps)),
    ):
        oracle = Oracle(victim.scores, shown=shown("label"), budget=marks[-1], classes=10)
        known = Known(domain=domain, x=pool, recipe=ConvolutionRecipe(), seed=seed)
        for point in extract(attack, oracle, known, by, marks).points:
            rows += [row([name, point.queries], point.queries, seed, point.fidelity, point.accuracy)]
            print(told(rows[-1]), flush=True)
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


PARTS = {"linear": linear, "mlp": mlp, "relu": relu, "trees": trees, "labels": labels} | {
    "semi": semi,
    "semi-fashion": semi_fashion,
    "rotation": rotation,
    "data-free": data_free,
    "data-free-fashion": data_free_fashion,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=[])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--credit", type=Path, help="german.data; fetched where it is not given")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    options.only = options.only or list(PARTS)
    if "trees" in options.only and options.credit is None:
        options.credit = public_tables.tables() / "german.data"
    kept = RESULTS / "extraction-tables.json"
    found = json.loads(kept.read_text()) if options.write and kept.is_file() else {}
    for part in options.only:
        began = time.monotonic()
        rows = PARTS[part](options.seeds, *([options.credit] if part == "trees" else []))
        found[part] = {"rows": rows, "seconds": round(time.monotonic() - began, 1)}
        print(json.dumps({"part": part, "rows": len(rows), "seconds": found[part]["seconds"]}), flush=True)
        if options.write:
            kept.write_text(json.dumps(found, separators=(",", ":")) + "\n")
            (RESULTS / "extraction-tables.md").write_text(table(found))
    print(table({part: found[part] for part in options.only}))


if __name__ == "__main__":
    main()
