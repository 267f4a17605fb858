"""Membership attacks with shadows beside DP-SGD, and the most that (epsilon, delta) lets any attack reach.

The set-up of bench_membership: scikit-learn's digits with one label in twenty drawn anew, 8 targets by coins, 16
shadows; the network and plan of bench_private. A further row trains longer and clips nothing.
"""

from dataclasses import replace

import numpy as np
from bench_membership import TARGETS, halves, samples, spread

from redan.attacks.inference.membership import matrix_from, membership_test, phi_of_logits
from redan.defences.private import fit
from redan.measures.privacy import Mechanism, deltas_pld
from redan.stats.privacy_bounds import most_hits

SHADOWS, RATES, ATTACKS = 16, (0.001, 0.01), ("loss", "lira", "rmia")
NO_CLIPPING, LONG, FAST = 1e9, 1000, 2.0


def matrix_of(shape, plan_of, seed):
    """Scores of targets and shadows, and accuracy inside and outside."""
    x, y = samples(seed)
    x, inside = x.astype(np.float64), halves(TARGETS + SHADOWS, len(x), np.random.default_rng([seed, 1]))
    phi, right = [], []
    for number, rows in enumerate(inside):
        rng = np.random.default_rng([seed, 2, number])
        model = fit(shape, x[rows], y[rows], plan_of(int(rows.sum())), rng=rng)
        logits = shape.outputs_of(model.weights, x)
        own = logits.argmax(axis=1) == y
        phi.append(phi_of_logits(logits, y))
        right.append((own[rows].mean(), own[~rows].mean()))
    return matrix_from(np.array(phi), inside, targets=range(TARGETS)), np.mean(right, axis=0)


def attacked(shape, plan_of, seeds):
    """Mean rate over the targets of all seeds by attack and false-positive rate, with their spread's interval."""
    rates, accuracy = {}, []
    for seed in seeds:
        matrix, right = matrix_of(shape, plan_of, seed)
        accuracy.append(right)
        for name in ATTACKS:
            for one in membership_test(matrix, attack=name).each:
                for point, room in zip(one, RATES, strict=True):
                    rates.setdefault((name, room), []).append(point.value)
    return {
        "accuracy": np.mean(accuracy, axis=0).round(4).tolist(),
        "targets": len(seeds) * TARGETS,
        "tpr": [
            {"attack": name, "fpr": room, "mean_low_high": [round(v, 5) for v in spread(values)]}
            for (name, room), values in rates.items()
        ],
    }


def bounds(epsilon, delta, mechanism):
    """The most hits at each rate by (epsilon, delta), and by the whole privacy loss distribution of the training."""
    if epsilon is None:
        return [{"fpr": room, "by_claim": 1.0, "by_distribution": 1.0} for room in RATES]
    deltas, grid = deltas_pld(mechanism), np.linspace(0.0, 3.0 * epsilon, 121)
    curve = [(at, deltas(at)) for at in grid]
    return [
        {
            "fpr": room,
            "by_claim": most_hits(room, epsilon, delta),
            "by_distribution": min(most_hits(room, at, lost) for at, lost in curve),
        }
        for room in RATES
    ]


def levels(shape, plan_of, noises, seeds, *, steps, rate, delta):
    """Every epsilon, and last a training without clipping.

    Args:
        shape: network.
        plan_of: from noise and rows to a plan.
        noises: by epsilon, None for none.
        seeds: of data, coins and trainings.
        steps: batches.
        rate: chance of a row to be in a batch.
        delta: of the claims.
    """
    found = []
    for epsilon, noise in noises.items():
        told = attacked(shape, lambda rows, noise=noise: plan_of(noise, rows), seeds)
        mechanism = Mechanism(noise_multiplier=noise, steps=steps, rate=rate)
        found.append({"epsilon": epsilon, "clipped": True, **told, "bounds": bounds(epsilon, delta, mechanism)})
    bare = attacked(
        shape,
        lambda rows: replace(plan_of(0.0, rows), clipping_norm=NO_CLIPPING, steps=LONG),
        seeds,
    )
    return [*found, {"epsilon": None, "clipped": False, **bare, "bounds": bounds(None, delta, None)}]


def markdown(found):
    """The table, beside the bounds."""
    lines = [
        "## Attacks with shadows, beside what the claim allows",
        "",
        f"The digits with one label in twenty drawn anew, {TARGETS} targets of each of "
        f"{found[0]['targets'] // TARGETS} seeds, {SHADOWS} shadows that were trained in the same way: mean "
        f"true-positive rate over {found[0]['targets']} targets with the 95 % interval of Student over them (some 900 "
        "members and 900 others each). No attack can pass the bound of its row but by chance: that of (epsilon, delta) "
        "alone, and that of the training's whole privacy loss distribution, which is lower.",
        "",
    ]
    for room in RATES:
        lines += [
            f"| at {room:.1%} false positives | accuracy, members / others | loss | LiRA | RMIA | bound by the claim "
            "| bound by the distribution |",
            "|---|---|---|---|---|---|---|",
        ]
        for one in found:
            said = "none" if one["epsilon"] is None else f"epsilon {one['epsilon']:g}"
            said += "" if one["clipped"] else f", no clipping, {LONG:,} steps"
            cells = [said, " / ".join(f"{value:.1%}" for value in one["accuracy"])]
            for point in one["tpr"]:
                if point["fpr"] == room:
                    mean, low, high = point["mean_low_high"]
                    cells.append(f"{mean:.2%} ({max(0.0, low):.2%} to {high:.2%})")
            most = next(bound for bound in one["bounds"] if bound["fpr"] == room)
            cells += [f"{most[by]:.2%}" for by in ("by_claim", "by_distribution")]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return lines
