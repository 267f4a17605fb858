"""Copies of the churn model, bare and through `redan serve` under leak budgets: fidelity over questions.

    python bench/gateway/bench_extraction.py [--data FOLDER] [--seeds 4] [--keep]

Two models of the churn data (`examples/churn/repaired/data`, made by the demo) are trained on its training file: a
logistic regression, which equation solving takes apart whole, and the random forest of the example. Each is served
with all digits, with two decimals and with the class alone. For each of them and each leak budget an attacker with an
API key of their own asks until the gateway refuses for good; half of the test file is theirs, without its labels, and
the other half judges. Beside them stand what the most frequent answer reaches and what a model reaches that was trained
on public data with true classes and asked nothing: no budget gets below these.

`--keep` writes bench/results/extraction.json and .md. The policy that is declared there was chosen on seeds before the
one that it is judged on; `--judge SEED` tries it alone, on a further seed, and keeps the rest of the tables.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from redan.attacks.endpoint import Endpoint, Patience
from redan.attacks.extraction.active import Active
from redan.attacks.extraction.campaign import marks_of
from redan.attacks.extraction.contract import Known
from redan.attacks.extraction.domain import box_of_space
from redan.attacks.extraction.equations import Equations
from redan.attacks.extraction.form import shown
from redan.attacks.extraction.knockoff import Knockoff
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.reach import extract, without_asking, yardstick
from redan.attacks.extraction.recipes import recipe_of
from redan.attacks.tables.encode import rows_of
from redan.attacks.tables.rules import Rules
from redan.controls.planted import seal_of
from redan.guards.api_keys import hashed, new_key
from redan.measures.robustness.accuracy import counted
from redan.models.onnx_unknowns import unknowns
from redan.seal.keys import generate

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench" / "results"
FORMS = {
    "all digits": ("probabilities", ""),
    "two decimals": ("probabilities:2", "decimals = 2"),
    "class alone": ("label", 'answers = "label"'),
}
LEAKS = {"linear": (0.05, 0.1, 0.25, 0.5, 1.0), "forest": (0.0005, 0.001, 0.003, 0.01, 0.03)}
MOST = 1024  # questions of an attacker whom no budget holds
DECLARED = {  # by form of answers: leak, and the fidelity that copies stay below
    "linear": {"all digits": (0.5, 0.95), "two decimals": (0.1, 0.95), "class alone": (0.05, 0.95)},
    "forest": {"all digits": (0.03, 0.9), "two decimals": (0.001, 0.9), "class alone": (0.0005, 0.9)},
}


def churn(folder):
    """The rows of both files in one coding: training, then test; and the box that they span."""
    parts = [pd.read_csv(folder / name) for name in ("train.csv", "test.csv")]
    whole = pd.concat([part.assign(part=place) for place, part in enumerate(parts)], ignore_index=True)
    whole["totalcharges"] = pd.to_numeric(whole["totalcharges"], errors="coerce").fillna(0.0)
    rows = rows_of(whole.drop(columns=[c for c in ("customerid",) if c in whole]), "churn", Rules(others="free"))
    at = rows.space.columns.index("part")
    second = np.array([float(v) for v in rows.x[:, at]]) == 1
    whole = whole.drop(columns="part")
    bare = rows_of(whole.drop(columns=[c for c in ("customerid",) if c in whole]), "churn", Rules(others="free"))
    x, y = np.delete(rows.x, at, axis=1), (rows.y == "Yes").astype(np.int64)
    return (x[~second], y[~second]), (x[second], y[second]), box_of_space(bare.space, bare.x)


def trained(domain, x, y):
    """Both models as ONNX over coded rows, and as functions."""
    from skl2onnx import to_onnx
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    words = np.flatnonzero(domain.levels > 0).tolist()
    numbers = [i for i in range(domain.size) if i not in words]
    levels = [np.arange(domain.levels[i], dtype=np.float32) for i in words]
    encode = OneHotEncoder(categories=levels, handle_unknown="ignore", sparse_output=False)
    made = {}
    for name, head, scale in (
        ("linear", LogisticRegression(max_iter=5000), StandardScaler()),
        ("forest", RandomForestClassifier(n_estimators=100, random_state=1, n_jobs=1), "passthrough"),
    ):
        pipe = make_pipeline(ColumnTransformer([("w", encode, words), ("n", scale, numbers)]), head).fit(x, y)
        found = to_onnx(pipe, x[:1], options={"zipmap": False}, target_opset=17)
        made[name] = found.SerializeToString()
    return made


def answering(data):
    """Labels of an ONNX model, asked here, for the judge."""
    import onnxruntime

    session = onnxruntime.InferenceSession(data)
    name = session.get_inputs()[0].name
    return lambda x: np.asarray(session.run(["probabilities"], {name: x})[0].argmax(axis=1), dtype=np.int64)


@contextlib.contextmanager
def served(models, principals):
    """The gateway over the models in each form; its address."""
    with tempfile.TemporaryDirectory() as place:
        folder, signer = Path(place), generate("p256")
        (folder / "team.pub").write_text(signer.public.pem)
        lines = ['[system]\nname = "churn"\n']
        for name, data in models.items():
            (folder / f"{name}.onnx").write_bytes(data)
            (folder / f"{name}.seal").write_bytes(seal_of({f"{name}.onnx": data}, signer, alone=True))
            for number, (_, keys) in enumerate(FORMS.values()):
                lines.append(
                    f'[[model]]\nname = "{name}-{number}"\npath = "{name}.onnx"\nseal = "{name}.seal"\n'
                    'key = "team.pub"\n'
                    f'[[endpoint]]\nname = "{name}-{number}"\nmodel = "{name}-{number}"\ngateway = true\n'
                    f"authenticated = true\n{keys}\n"
                )
        lines.append('[gateway]\nlisten = "127.0.0.1:0"\nadmin = "unix:a.sock"\nclients = "clients.toml"')
        lines.append("signed = false\nquiet = true\n")
        (folder / "redan.toml").write_text("\n".join(lines))
        leaks = sorted({leak for _, leak in principals.values() if leak})
        tiers = [("free", "")] + [(f"leak-{leak:g}".replace(".", "-"), f"leak = {leak}") for leak in leaks]
        text = [f'[[tier]]\nname = "{n}"\nrate = 100000.0\nburst = 100000\nrows = 10000000\n{k}\n' for n, k in tiers]
        for who, (key, leak) in principals.items():
            tier = f"leak-{leak:g}".replace(".", "-") if leak else "free"
            text.append(f'[[client]]\nprincipal = "{who}"\nmodels = ["*"]\ntier = "{tier}"\nkeys = ["{hashed(key)}"]\n')
        (folder / "clients.toml").write_text("\n".join(text))
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        line = [sys.executable, "-m", "redan", "serve", str(folder)]
        child = subprocess.Popen(line, stdout=subprocess.PIPE, env=env)
        try:
            first = child.stdout.readline().decode()
            if not first.startswith("serving at "):
                raise SystemExit("the gateway did not start")
            yield f"http://127.0.0.1:{int(first.rpartition(':')[2])}"
        finally:
            child.terminate()
            child.wait(30)


def attacked(url, model, key, setting, sides):
    """What one attack reaches through the gateway."""
    (attack, form, chunk), (by, known) = setting, sides
    patience = Patience(tries=2, wait=0.05, most=1.0)
    source = Endpoint(url, model, headers={"Authorization": f"Bearer {key}"}, patience=patience, chunk=chunk)
    oracle = Oracle(source, shown=shown(form), budget=MOST, classes=2, chunk=chunk)
    return extract(attack, oracle, known, by, marks_of(MOST, known.domain))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT / "examples" / "churn" / "repaired" / "data")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument(
        "--judge", type=int, metavar="SEED", help="try the declared policies alone, on a seed of its own"
    )
    options = parser.parse_args()
    began = time.monotonic()
    (x, y), (x_test, y_test), domain = churn(options.data)
    models = trained(domain, x, y)
    attacks = (Equations(), Knockoff(), Active())
    seeds = range(options.seeds) if options.judge is None else [options.judge]
    names = [
        (model, number, leak, attack.name, seed)
        for model in models
        for number in range(len(FORMS))
        for leak in leaks(model, number, options.judge)
        for attack in attacks
        for seed in seeds
    ]
    principals = {f"c{place}": (new_key(), name[2]) for place, name in enumerate(names)}
    at = dict(zip(names, principals, strict=True))
    rows, beside = [], {}
    with served(models, principals) as url:
        for seed in seeds:
            order = np.random.default_rng(seed).permutation(len(x_test))
            held, pool = np.array_split(order, 2)
            known = Known(domain=domain, x=x_test[pool], recipe=recipe_of(domain), seed=seed)
            for model, data in models.items():
                by = yardstick(answering(data), domain, x_test[held], y_test[held], classes=2, seed=seed)
                prior = without_asking(known, x_test[pool], y_test[pool], by)
                beside.setdefault(model, []).append(
                    {
                        "unknowns": unknowns(data),
                        "most_frequent": by.majority.value,
                        "asked_nothing": prior.value,
                        "model_accuracy": by.accuracy.value,
                        "judged": by.majority.n,
                    }
                )
                for number, (name, (form, _)) in enumerate(FORMS.items()):
                    for leak in leaks(model, number, options.judge):
                        for attack in attacks:
                            who = at[model, number, leak, attack.name, seed]
                            chunk = 1 if leak else 8  # a batch that the budget does not reach for is refused as a whole
                            setting = (attack, form, chunk)
                            made = attacked(url, f"{model}-{number}", principals[who][0], setting, (by, known))
                            rows.append(row_of(model, name, leak, seed, made))
                        print(told_line(rows[-len(attacks) :]), flush=True)
    found = {"beside": beside, "declared": declared(rows, seeds[-1]), "judged_on": seeds[-1], "rows": rows}
    found["seconds"] = round(time.monotonic() - began, 1)
    print(json.dumps({"declared": found["declared"], "seconds": found["seconds"]}))
    if options.keep:
        RESULTS.mkdir(exist_ok=True)
        if options.judge is not None:
            known = json.loads((RESULTS / "extraction.json").read_text())
            found = known | {key: found[key] for key in ("declared", "judged_on")}
        (RESULTS / "extraction.json").write_text(json.dumps(found, separators=(",", ":")) + "\n")
        (RESULTS / "extraction.md").write_text(table(found))


def leaks(model, number, judge):
    """Budgets that are tried: none, and all of them or the declared one."""
    policy = list(DECLARED[model].values())[number]
    return (0.0, *(LEAKS[model] if judge is None else policy[:1]))


def row_of(model, form, leak, seed, made):
    points = [
        {
            "queries": p.queries,
            "unknowns_told": round(p.told, 2),
            "fidelity": p.fidelity.value,
            "interval": [round(p.fidelity.interval.low, 4), round(p.fidelity.interval.high, 4)],
            "hits": p.fidelity.hits,
            "n": p.fidelity.n,
            "uniform": p.uniform.value,
            "accuracy": p.accuracy.value,
        }
        for p in made.points
    ]
    told = {"model": model, "answers": form, "leak": leak, "seed": seed, "attack": made.attack}
    return told | {"refused": made.refused, "points": points}


def told_line(rows):
    one = rows[0]
    head = f"{one['model']}, {one['answers']}, leak {one['leak'] or 'none'}, seed {one['seed']}:"
    cells = []
    for row in rows:
        last = row["points"][-1] if row["points"] else None
        text = "nothing" if last is None else f"{last['fidelity']:.3f} after {last['queries']}"
        cells.append(f"{row['attack']} {text}{' (refused)' if row['refused'] else ''}")
    return f"{head} " + "; ".join(cells)


def declared(rows, seed):
    """The best copy under each declared policy, judged on one seed alone."""
    found = {}
    for model, policies in DECLARED.items():
        for form, (leak, bound) in policies.items():
            kind = [r for r in rows if (r["model"], r["answers"], r["seed"]) == (model, form, seed)]
            before = best([p for r in kind if not r["leak"] for p in r["points"]])
            after = best([p for r in kind if r["leak"] == leak for p in r["points"]])
            kept = after is None or after["interval"][1] < bound
            found[f"{model}, {form}"] = {"leak": leak, "bound": bound, "bare": before, "held": after, "kept": kept}
    return found


def best(points):
    """The best copy, with an interval that holds for all that were compared."""
    if not points:
        return None
    found = max(points, key=lambda p: p["hits"])
    low, high = counted(found["hits"], found["n"], 1 - 0.05 / len(points)).interval
    return {"fidelity": found["fidelity"], "interval": [round(low, 4), round(high, 4)], "queries": found["queries"]}


def table(found):
    lines = [
        "# Copies of the churn model, bare and behind leak budgets\n",
        "`python bench/gateway/bench_extraction.py --keep`. Each attack asks a real `redan serve` with an API key of",
        f"its own until it is refused for good, or {MOST:,} times. `leak` is a share of the model's unknowns.\n",
    ]
    for model, seeds in found["beside"].items():
        mean = {key: float(np.mean([one[key] for one in seeds])) for key in seeds[0]}
        lines += [
            f"## {model}: {mean['unknowns']:,.0f} unknowns\n",
            f"Without a question: the most frequent answer {mean['most_frequent']:.1%}, a model trained on public data",
            f"with true classes {mean['asked_nothing']:.1%} (mean of {len(seeds)} seeds).\n",
            "| answers | leak | attack | questions | fidelity (range) | 95 %, seed 0 | random inputs |",
            "|---|---|---|---|---|---|---|",
        ]
        kinds = dict.fromkeys((r["answers"], r["leak"], r["attack"]) for r in found["rows"] if r["model"] == model)
        lines += [line_of(kind, [r for r in found["rows"] if r["model"] == model]) for kind in kinds]
        lines.append("")
    lines += [
        f"## The declared policy, judged on seed {found['judged_on']} alone\n",
        "| model, answers | leak | bound | best copy, bare | best copy, behind the budget | kept |",
        "|---|---|---|---|---|---|",
    ]
    for name, one in found["declared"].items():
        cells = [one["leak"], f"{one['bound']:.0%}", worded(one["bare"]), worded(one["held"])]
        lines.append(f"| {name} | " + " | ".join(map(str, cells)) + f" | {'yes' if one['kept'] else 'no'} |")
    return "\n".join(lines) + "\n"


def worded(one):
    if one is None:
        return "no copy"
    low, high = one["interval"]
    return f"{one['fidelity']:.1%} ({low:.1%} to {high:.1%}), {one['queries']} questions"


def line_of(kind, rows):
    some = [r for r in rows if (r["answers"], r["leak"], r["attack"]) == kind]
    ends = [r["points"][-1] for r in some if r["points"]]
    head = f"| {kind[0]} | {kind[1] or 'none'} | {kind[2]} "
    if not ends:
        return f"{head}| 0 | no copy | | |"
    values, (low, high) = [p["fidelity"] for p in ends], ends[0]["interval"]
    asked, drawn = np.mean([p["queries"] for p in ends]), np.mean([p["uniform"] for p in ends])
    spread = f"{np.mean(values):.1%} ({min(values):.1%} to {max(values):.1%})"
    return f"{head}| {asked:.0f} | {spread} | {low:.1%} to {high:.1%} | {drawn:.1%} |"


if __name__ == "__main__":
    main()
