"""Benchmark: what training, smoothing, transformations and detectors are worth on Fashion-MNIST, to who knows them.

Run: `python examples/fashion/train.py && python bench/bench_defences.py [--rows N] [--threads N]`. Robust accuracy is
what APGD-CE and targeted APGD-DLR leave of the first N test pictures; certificates are those of Cohen et al. at 0.25.
The figures of Cohen et al. for CIFAR-10 at sigma 0.25, certified at 0.25, 0.5 and 0.75: 0.60, 0.43, 0.27.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from redan.attacks.evasion.white_box import apgd
from redan.attacks.threat import Linf
from redan.defences import detectors, smoothing
from redan.defences import transformations as t

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "fashion"
EPS = (0.01, 0.02, 0.05, 0.1)
WEAK_EPS = 0.03
RADII = (0.25, 0.5, 0.75)


def network(kind):
    sys.path.insert(0, str(EXAMPLE))
    from train import network as untrained

    net = untrained()
    net.load_state_dict(load_file(EXAMPLE / "models" / f"{kind}.safetensors"))
    return net.eval().requires_grad_(requires_grad=False)


def robust(net, x, y, eps):
    """Share that is right and that neither attack breaks."""
    left = np.ones(len(x), bool)
    for options in ({"loss": "ce"}, {"loss": "dlr-targeted", "targets": 3}):
        at = np.flatnonzero(left)
        if len(at):
            left[at] = ~apgd(net, x[at], y[at], threat=Linf(eps), steps=50, **options).broken
    return float(left.mean())


def shares(told):
    return {
        "clean": told.clean.value,
        "without": told.without.value,
        "unaware": told.unaware.value,
        "aware": told.aware.value,
        "gained": round(told.gained, 3),
        "refused": {name: round(rate.value or 0.0, 3) for name, rate in told.refused},
    }


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=300)
    options.add_argument("--threads", type=int, default=1)
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    data = np.load(EXAMPLE / "models" / "test.npz")
    x, y = data["x"][: chosen.rows], data["y"][: chosen.rows]
    began = time.perf_counter()
    nets = {kind: network(kind) for kind in ("undefended", "hardened", "noisy")}
    result = {"rows": len(x), "robust": {k: {e: robust(net, x, y, e) for e in (0.0, *EPS)} for k, net in nets.items()}}

    effort = smoothing.Effort(copies=2000, steps=30, draws=8, votes=300)
    few = slice(0, chosen.rows // 3)
    start = time.perf_counter()
    smooth = smoothing.beside(nets["noisy"], x[few], y[few], sigma=0.25, radii=RADII, effort=effort)
    result["smoothing"] = {
        str(radius): {
            "certified": part.certified.value,
            "empirical": part.empirical.value,
            "contradicted": part.contradicted,
        }
        for radius, part in zip(smooth.radii, smooth.bounds, strict=True)
    }
    result["smoothing_copies_a_second"] = round(smooth.cost.forward / (time.perf_counter() - start))

    light = t.Effort(steps=50, queries=300, draws=8, votes=9)
    made = (t.BitDepth(3), t.Median(3), t.Gaussian(0.8, 3), t.Jpeg(50), t.Noise(0.1), t.Shift(2))
    weak = nets["undefended"]
    result["transformations"] = {
        type(one).__name__: shares(t.beside(one, weak, x[few], y[few], threat=Linf(WEAK_EPS), effort=light))
        for one in made
    }
    squeezing = detectors.Squeezing(weak, [t.BitDepth(3), t.Median(3)])
    limit = detectors.limit_of(squeezing(torch.as_tensor(data["x"][500:])).numpy(), 0.05)
    told = detectors.beside(squeezing, limit, weak, x[few], y[few], threat=Linf(WEAK_EPS))
    result["detectors"] = {"squeezing": shares(told) | {"false_alarms": told.false_alarms.value}}
    result["seconds"] = round(time.perf_counter() - began, 1)
    print(json.dumps(result))
    for kind, left in result["robust"].items():
        print(f"{kind}: " + ", ".join(f"{value:.3f} at {eps}" for eps, value in left.items()))
    for radius, part in result["smoothing"].items():
        print(f"smoothed at l2 {radius}: certified {part['certified']:.3f} <= true <= {part['empirical']:.3f}")
    for name, part in (result["transformations"] | result["detectors"]).items():
        print(
            f"{name} at linf {WEAK_EPS}: without it {part['without']:.3f}, to who does not know it "
            f"{part['unaware']:.3f}, to who does {part['aware']:.3f}"
        )


if __name__ == "__main__":
    main()
