"""Benchmark: how far randomised smoothing certifies on Fashion-MNIST, and what an attacker leaves at the same radii.

Run: `python examples/fashion/train.py noisy-0.12 noisy noisy-0.5 && python bench/bench_smoothing.py`. It writes
`bench/results/smoothing.{json,md,svg}`, and goes on from where it was interrupted. Each certificate is that of Cohen et
al. (ICML 2019), figure 1, at alpha 0.001; 10,000 copies certify up to 3.2 sigma, so that 0.75 is within reach at sigma
0.25. The published figures beside are theirs for CIFAR-10, a ResNet-110 and 100,000 copies: another data set, so what
can be compared is the shape.
"""

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from redan.attacks.cost import Cost
from redan.defences import smoothing
from redan.findings.attack_pictures import Between

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "fashion"
RESULTS = ROOT / "bench" / "results"
KINDS = {0.12: "noisy-0.12", 0.25: "noisy", 0.5: "noisy-0.5"}
PART, EARLY, ALPHA = 20, 10, 0.001
RADII = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
ATTACKED, BESIDE = 0.25, (0.25, 0.5, 0.75)
PUBLISHED = {0.25: 0.60, 0.5: 0.43, 0.75: 0.27}
COLOURS = {0.12: "#0072b2", 0.25: "#d55e00", 0.5: "#009e73"}


def network(kind):
    sys.path.insert(0, str(EXAMPLE))
    from train import network as untrained

    net = untrained()
    net.load_state_dict(load_file(EXAMPLE / "models" / f"{kind}.safetensors"))
    return net.eval().requires_grad_(requires_grad=False)


def told(rate):
    return {"value": round(rate.value, 4), "interval": [round(end, 4) for end in rate.interval], "n": rate.n}


def certificates(net, x, sigma, copies):
    """Certificates in parts that are kept beside the weights; noise is by content, so no part changes another."""
    weights = hashlib.sha256((EXAMPLE / "models" / f"{KINDS[sigma]}.safetensors").read_bytes()).hexdigest()[:12]
    folder = EXAMPLE / "models" / "certificates"
    folder.mkdir(exist_ok=True)
    parts = []
    for start in range(0, len(x), PART):
        rows = x[start : start + PART]
        kept = folder / f"{weights}-{copies}-{start}-{len(rows)}.npz"
        if not kept.is_file():
            began = time.process_time()
            made = smoothing.certify(net, rows, sigma=sigma, copies=copies)
            spent = time.process_time() - began
            arrays = {"answers": made.answers, "radii": made.radii, "hits": made.hits}
            np.savez(kept, **arrays, forward=made.cost.forward, seconds=spent)
        parts.append(np.load(kept))
    joined = {name: np.concatenate([part[name] for part in parts]) for name in ("answers", "radii", "hits")}
    cost = Cost(forward=int(sum(p["forward"] for p in parts)), seconds=float(sum(p["seconds"] for p in parts)))
    return smoothing.Certificates(**joined, copies=copies, sigma=sigma, alpha=ALPHA, cost=cost)


def certified(net, x, y, sigma, copies):
    """Certificates, and their accuracy at each radius."""
    found = certificates(net, x, sigma, copies)
    return found, {
        "clean_without_noise": round(float((net(torch.as_tensor(x)).argmax(1).numpy() == y).mean()), 4),
        "abstains": int((found.answers < 0).sum()),
        "largest_radius": round(float(found.radii.max()), 4),
        "certified": {str(radius): told(found.accuracy(y, radius)) for radius in RADII},
        "curve": [round(float(found.certified(y, r).mean()), 4) for r in np.arange(0, 1.7, 0.025)],
        "copies_a_cpu_second": round(found.cost.forward / found.cost.seconds),
    }


def attacked(net, x, y, found, effort):
    """Certified <= true <= empirical at three radii, and its picture as findings carry it."""
    made = smoothing.beside(net, x, y, sigma=ATTACKED, radii=BESIDE, effort=effort, certificates=found)
    rows = {
        str(radius): {
            "certified": told(part.certified),
            "empirical": told(part.empirical),
            "true": [round(part.true.low, 4), round(part.true.high, 4)],
            "contradicted": part.contradicted,
            "open": part.open,
        }
        for radius, part in zip(made.radii, made.bounds, strict=True)
    }
    picture = Between(
        title=f"Smoothed network, sigma {ATTACKED}: what is proved, and what survived",
        names=tuple(f"l2 {radius:g}" for radius in made.radii),
        certified=tuple(part.certified.value for part in made.bounds),
        empirical=tuple(part.empirical.value for part in made.bounds),
        true=tuple(part.true for part in made.bounds),
    )
    return rows, picture.to_json()


def early(net, x, y, copies):
    """What stopping early saves where one radius alone is asked for."""
    means = {}
    for looks in (1, 2):
        told = smoothing.certify_at(net, x, radius=0.5, sigma=ATTACKED, copies=copies, looks=looks)
        means[str(looks)] = {
            "mean_copies": round(float(told.copies.mean())),
            "certain": round(float((told.answers == y).mean()), 4),
        }
    return {"radius": 0.5, "of": copies, "looks": means}


def svg(result):
    """Certified accuracy over the radius; at one sigma the band in which the true robust accuracy lies."""

    def place(radius, share):
        return f"{60 + 340 * radius:.1f},{20 + 300 * (1 - share):.1f}"

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 380" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x, y = place(0, tick).split(",")
        parts.append(
            f'<path d="M{x} {y}H604" stroke="#ddd"/><text x="52" y="{y}" text-anchor="end" dy="4">{tick}</text>'
        )
    for radius in RADII:
        x, y = place(radius, 0).split(",")
        parts.append(f'<text x="{x}" y="{float(y) + 18:.1f}" text-anchor="middle">{radius:g}</text>')
    rows = result["between"]
    below = [place(float(r), part["certified"]["value"]) for r, part in rows.items()]
    above = [place(float(r), part["empirical"]["value"]) for r, part in rows.items()]
    shade = COLOURS[ATTACKED]
    parts.append(f'<polygon points="{" ".join([*below, *reversed(above)])}" fill="{shade}" fill-opacity="0.15"/>')
    parts.append(f'<polyline points="{" ".join(above)}" fill="none" stroke="{shade}" stroke-dasharray="5 4"/>')
    for at, (sigma, part) in enumerate(result["sigma"].items()):
        colour = COLOURS[float(sigma)]
        steps = [place(0.025 * i, v) for i, v in enumerate(part["curve"]) if 0.025 * i <= RADII[-1]]
        parts.append(f'<polyline points="{" ".join(steps)}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        parts.append(f'<text x="616" y="{40 + 20 * at}" fill="{colour}">certified, sigma {sigma}</text>')
    parts += [f'<circle cx="{c.split(",")[0]}" cy="{c.split(",")[1]}" r="3" fill="{shade}"/>' for c in (*below, *above)]
    for radius, share in PUBLISHED.items():
        x, y = map(float, place(radius, share).split(","))
        parts.append(f'<path d="M{x - 4} {y - 4}l8 8m0 -8l-8 8" stroke="#555" stroke-width="1.6"/>')
    words = (
        (100, shade, f"broken by no attack, {ATTACKED}"),
        (120, shade, "between: the true share"),
        (140, "#555", "x CIFAR-10, published, 0.25"),
    )
    parts += [f'<text x="616" y="{y}" fill="{fill}" font-size="11">{text}</text>' for y, fill, text in words]
    parts.append('<text x="60" y="366">radius in l2; share of pictures answered rightly and certified</text></svg>')
    return "\n".join(parts) + "\n"


def markdown(result):
    """Two tables, the published figures beside."""
    lines = [
        "# Randomised smoothing on Fashion-MNIST",
        "",
        f"`python bench/bench_smoothing.py --rows {result['rows']}`: that many test pictures from the first on, "
        f"{result['copies']:,} noisy copies each, alpha {result['alpha']}. Shares with 95 % Clopper-Pearson intervals.",
        "",
        "| sigma | clean, no noise | " + " | ".join(f"certified at {radius:g}" for radius in RADII) + " | abstains |",
        "|---" * (len(RADII) + 3) + "|",
    ]
    for sigma, part in result["sigma"].items():
        shares = [shown(part["certified"][str(radius)]) for radius in RADII]
        lines.append(f"| {sigma} | {part['clean_without_noise']:.3f} | {' | '.join(shares)} | {part['abstains']} |")
    cifar = [f"{PUBLISHED[radius]:.2f}" if radius in PUBLISHED else "" for radius in RADII]
    lines += [
        f"| 0.25, CIFAR-10, published | | {' | '.join(cifar)} | |",
        "",
        "At radius 0 stands the accuracy of the smoothed network itself. Certified accuracy falls with the radius;",
        "more noise costs accuracy at small radii and reaches further. Published: Cohen et al. 2019 (ResNet-110,",
        "100,000 copies; `locuslab/smoothing`). It is another data set: the shape can be compared, the level cannot.",
        "",
        f"## Certified <= true <= empirical, sigma {ATTACKED}",
        "",
        "| l2 radius | certified | broken by no attack | the true share lies in | certified and broken |",
        "|---|---|---|---|---|",
    ]
    for radius, part in result["between"].items():
        low, high = part["true"]
        lines.append(
            f"| {radius} | {shown(part['certified'])} | {shown(part['empirical'])} | {low:.3f} to {high:.3f} "
            f"| {part['contradicted']} |"
        )
    stopped = result["early"]
    lines += [
        "",
        "The attacker knows the smoothing: Auto-PGD on the mean over "
        f"{result['attack']['draws']} draws, {result['attack']['steps']} steps; it is judged with other noise.",
        f"Where only radius {stopped['radius']} is asked for (`certify_at`, {EARLY} pictures), sampling stops early:",
        *(
            f"after {part['mean_copies']:,} of {stopped['of']:,} copies on average where it looks {times(looks)}, "
            f"with {part['certain']:.2f} certain."
            for looks, part in stopped["looks"].items()
        ),
        "",
        "![certified accuracy over the radius](smoothing.svg)",
        "",
    ]
    return "\n".join(lines)


def times(looks):
    return "once" if looks == "1" else f"{looks} times, at an equal share of alpha each"


def shown(part):
    low, high = part["interval"]
    return f"{part['value']:.3f} ({low:.3f} to {high:.3f})"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=300)
    options.add_argument("--copies", type=int, default=10_000)
    options.add_argument("--threads", type=int, default=1)
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    data = np.load(EXAMPLE / "models" / "test.npz")
    x, y = data["x"][: chosen.rows], data["y"][: chosen.rows]
    effort = smoothing.Effort(copies=chosen.copies, alpha=ALPHA, steps=30, draws=8, votes=300)
    result = {
        "rows": len(x),
        "copies": chosen.copies,
        "alpha": ALPHA,
        "published_cifar10_sigma_0.25": {str(radius): share for radius, share in PUBLISHED.items()},
        "attack": {"steps": effort.steps, "draws": effort.draws, "votes": effort.votes},
        "sigma": {},
    }
    for sigma, kind in KINDS.items():
        net = network(kind)
        found, result["sigma"][str(sigma)] = certified(net, x, y, sigma, chosen.copies)
        print(sigma, {r: part["value"] for r, part in result["sigma"][str(sigma)]["certified"].items()}, flush=True)
        if sigma == ATTACKED:
            result["between"], result["picture"] = attacked(net, x, y, found, effort)
            result["early"] = early(net, x[:EARLY], y[:EARLY], chosen.copies)
            print(
                {r: (p["certified"]["value"], p["empirical"]["value"]) for r, p in result["between"].items()},
                flush=True,
            )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "smoothing.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "smoothing.md").write_text(markdown(result), encoding="utf-8")
    (RESULTS / "smoothing.svg").write_text(svg(result), encoding="utf-8")
    print(json.dumps({key: value for key, value in result.items() if key not in {"sigma", "picture"}}))


if __name__ == "__main__":
    main()
