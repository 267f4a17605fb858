"""Benchmark: what training, transformations and detectors are worth on Fashion-MNIST, to an attacker who knows them.

Run: `python examples/fashion/train.py undefended hardened pgd trades && python bench/bench_defences.py
[--rows N] [--threads N]`. It writes `bench/results/defences.{json,md}`. Robust accuracy is what AutoAttack's standard
suite leaves of the first N test pictures; smoothing has a benchmark of its own, `bench_smoothing.py`.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from redan.attacks.evasion.evaluation import evaluate
from redan.attacks.threat import Linf
from redan.defences import detectors
from redan.defences import transformations as t

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "fashion"
RESULTS = ROOT / "bench" / "results"
KINDS = ("undefended", "hardened", "pgd", "trades")
EPS, WEAK_EPS = 0.1, 0.03


def network(kind):
    sys.path.insert(0, str(EXAMPLE))
    from train import network as untrained

    net = untrained()
    net.load_state_dict(load_file(EXAMPLE / "models" / f"{kind}.safetensors"))
    return net.eval().requires_grad_(requires_grad=False)


def told(rate):
    return {"value": round(rate.value, 4), "interval": [round(end, 4) for end in rate.interval], "n": rate.n}


def trained(kind, x, y):
    """Clean and robust accuracy of one network, and how its training went."""
    start = time.process_time()
    made = evaluate(network(kind), x, y, threat=Linf(EPS), suite="standard")
    rates, how = made.rates(), json.loads((EXAMPLE / "models" / f"{kind}.json").read_text(encoding="utf-8"))
    return {
        "recipe": how["recipe"],
        "epochs": len(how["epochs"]),
        "chosen": how["chosen"],
        "stopped": how["stopped"],
        "test_accuracy": round(how["test_accuracy"], 4),
        "clean": told(rates.clean),
        "robust": told(rates.robust),
        "broken_by": {name: int(found.sum()) for name, found in made.broken_by().items()},
        "passes": {"forward": made.cost.forward, "backward": made.cost.backward},
        "cpu_seconds": round(time.process_time() - start, 1),
    }


def shares(found):
    return {
        "clean": found.clean.value,
        "without": found.without.value,
        "unaware": found.unaware.value,
        "aware": found.aware.value,
        "gained": round(found.gained, 3),
        "refused": {name: round(rate.value or 0.0, 3) for name, rate in found.refused},
    }


def beside(x, y, held_out):
    """Transformations and a detector before the undefended network, to who knows them and to who does not."""
    weak, light = network("undefended"), t.Effort(steps=50, queries=300, draws=8, votes=9)
    made = (t.BitDepth(3), t.Median(3), t.Gaussian(0.8, 3), t.Jpeg(50), t.Noise(0.1), t.Shift(2))
    result = {
        type(one).__name__: shares(t.beside(one, weak, x, y, threat=Linf(WEAK_EPS), effort=light)) for one in made
    }
    squeezing = detectors.Squeezing(weak, [t.BitDepth(3), t.Median(3)])
    limit = detectors.limit_of(squeezing(torch.as_tensor(held_out)).numpy(), 0.05)
    found = detectors.beside(squeezing, limit, weak, x, y, threat=Linf(WEAK_EPS))
    return result | {"Squeezing (detector)": shares(found) | {"false_alarms": found.false_alarms.value}}


def markdown(result):
    """Two tables."""
    lines = [
        "# Defences on Fashion-MNIST",
        "",
        f"`python bench/bench_defences.py --rows {result['rows']}`: that many test pictures; 95 % Clopper-Pearson",
        f"intervals; robust: what AutoAttack's standard suite leaves within linf {EPS}.",
        "",
        "| network | recipe | clean | robust | first broken by | weights of epoch |",
        "|---|---|---|---|---|---|",
    ]
    for kind, part in result["trained"].items():
        by = ", ".join(f"{name} {n}" for name, n in part["broken_by"].items() if n)
        epochs = f"{part['chosen']} of {part['epochs']}"
        lines.append(
            f"| {kind} | {part['recipe']} | {shown(part['clean'])} | {shown(part['robust'])} | {by} | {epochs} |"
        )
    lines += [f"\n`{kind}`: {part['stopped']}." for kind, part in result["trained"].items() if part["stopped"]]
    if result["beside"]:
        lines += [
            "",
            f"Before the undefended network at linf {WEAK_EPS}, the first {result['few']} pictures:",
            "",
            "| defence | clean | without it | to who does not know it | to who does |",
            "|---|---|---|---|---|",
        ]
    for name, part in result["beside"].items():
        cells = (f"{part[key]:.3f}" for key in ("clean", "without", "unaware", "aware"))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def shown(part):
    low, high = part["interval"]
    return f"{part['value']:.3f} ({low:.3f} to {high:.3f})"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=200)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--training-only", action="store_true", help="leave out transformations and detectors")
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    data = np.load(EXAMPLE / "models" / "test.npz")
    x, y = data["x"][: chosen.rows], data["y"][: chosen.rows]
    few = slice(0, max(1, chosen.rows // 2))
    result = {"rows": len(x), "few": len(x[few]), "trained": {}, "beside": {}}
    for kind in KINDS:
        if (EXAMPLE / "models" / f"{kind}.json").is_file():
            part = result["trained"][kind] = trained(kind, x, y)
            print(f"{kind}: clean {part['clean']['value']:.3f}, robust {part['robust']['value']:.3f}", flush=True)
        else:
            print(f"{kind}: python examples/fashion/train.py {kind}")
    if not chosen.training_only:
        result["beside"] = beside(x[few], y[few], data["x"][500:])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "defences.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "defences.md").write_text(markdown(result), encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
