"""Benchmark: what DP-SGD costs on scikit-learn's digits, and what audits and a loss attack measure beside its claim.

Run: `python bench/bench_private.py` prints; with `--write` it also writes `bench/results/private.{json,md}`. For
epsilon 1, 8 and none at all, three seeds: accuracy on 797 rows; the lower bound of epsilon by one run with 200 canaries
(images of random signs with random labels, each put in by a fair coin), for an attacker who sees the final model and
for one who sees every step and knows all but the coins; and the true-positive rate of a loss threshold at 1 % false
positives. Generators are given, so that the figures repeat; a model for use would leave them out.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import private_membership

from redan.attacks.inference.audit import one_run
from redan.defences.private import Plan, Shape, clipped_sum, fit
from redan.measures.privacy import Mechanism, epsilon_pld, epsilon_rdp, noise_for
from redan.stats.binomial import clopper_pearson
from redan.stats.privacy_bounds import one_run_ceiling

RESULTS = Path(__file__).resolve().parent / "results"
SHAPE = Shape(inputs=64, outputs=10, hidden=32)
ROWS, BATCH, STEPS, DELTA, CANARIES, SEEDS = 1000, 100, 300, 1e-5, 200, (0, 1, 2)
EPSILONS = (1.0, 8.0, None)
# sampling rate, noise, steps, and what notes on dp-accounting had for PLD and RDP
ACCOUNTED = ((256 / 60_000, 1.1, 3516, 1.134, 1.281), (0.01, 1.0, 1000, 1.828, 2.101))
CEILINGS = {30: 2.25, 100: 3.49, 300: 4.60, 1000: 5.81, 5000: 7.42}
SHOWN = ("final_model", "every_step", "every_step_gaussian")


def digits():
    from sklearn.datasets import load_digits

    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.data))
    x, y = found.data[order] / 16.0, found.target[order]
    return x[:ROWS], y[:ROWS], x[ROWS:], y[ROWS:]


def losses(model, x, y):
    return -np.log(np.maximum(model.scores(x)[np.arange(len(y)), y], 1e-300))


def plan_of(noise, rows):
    return Plan(batch_size=BATCH * rows / ROWS, steps=STEPS, noise_multiplier=noise, rate=1.0, delta=DELTA)


def accuracy_and_membership(noise, seed, data):
    x, y, test_x, test_y = data
    model = fit(SHAPE, x, y, plan_of(noise, len(x)), rng=np.random.default_rng([seed, 1]))
    right = int((model.labels(test_x) == test_y).sum())
    inside, outside = -losses(model, x, y), -losses(model, test_x, test_y)
    cut = np.sort(outside)[-(len(outside) // 100)]  # at most 1 % of non-members are strictly above
    caught = int((inside > cut).sum())
    return right, caught


def audited(noise, seed, data):
    """Bounds for who sees the final model, and for who sees every noisy gradient."""
    rng = np.random.default_rng([seed, 2])
    canaries, labels = rng.choice([-1.0, 1.0], (CANARIES, 64)), rng.integers(0, 10, CANARIES)
    coins = rng.random(CANARIES) < 0.5
    x, y = np.concatenate([data[0], canaries[coins]]), np.concatenate([data[1], labels[coins]])
    plan = plan_of(noise, len(x))
    weights, seen = SHAPE.start(np.random.default_rng([seed, 3])), np.zeros(CANARIES)

    def watch(gradient):
        nonlocal weights, seen
        each = SHAPE.gradients(weights, canaries, labels)
        each /= np.maximum(1.0, np.linalg.norm(each, axis=1, keepdims=True))
        known = clipped_sum(SHAPE, weights, data[0], data[1], plan.clipping_norm) / len(x)
        known += 0.5 * each.sum(axis=0) / len(x)  # what rows and fair coins add on average
        seen += each @ (gradient - known)
        weights = weights - plan.rate * gradient

    model = fit(SHAPE, x, y, plan, rng=np.random.default_rng([seed, 3]), on_step=watch)
    final = -losses(model, canaries, labels)
    return tuple(
        one_run(scores, coins, delta=DELTA, gaussian=gaussian).bound
        for scores in (final, seen)
        for gaussian in (False, True)
    )


def noise_of(epsilon):
    # The rate is that of the data without canaries, and the same with them: the batch grows with the rows.
    return 0.0 if epsilon is None else noise_for(epsilon, DELTA, steps=STEPS, rate=BATCH / ROWS)


def level(epsilon, data):
    noise = noise_of(epsilon)
    began = time.process_time()
    pairs = [accuracy_and_membership(noise, seed, data) for seed in SEEDS]
    seconds = (time.process_time() - began) / len(SEEDS)
    bounds = np.array([audited(noise, seed, data) for seed in SEEDS])
    n = len(data[2])
    right, caught = (sorted(values)[len(SEEDS) // 2] for values in zip(*pairs, strict=True))
    names = ("final_model", "final_model_gaussian", "every_step", "every_step_gaussian")
    return {
        "epsilon": epsilon,
        "noise_multiplier": round(noise, 4),
        "accuracy": {
            "seeds": [round(one[0] / n, 4) for one in pairs],
            "median": round(right / n, 4),
            "interval": [round(end, 4) for end in clopper_pearson(right, n)],
            "n": n,
        },
        "tpr_of_loss_at_1_percent": {
            "seeds": [round(one[1] / ROWS, 4) for one in pairs],
            "median": round(caught / ROWS, 4),
            "interval": [round(end, 4) for end in clopper_pearson(caught, ROWS)],
            "n": ROWS,
            "non_members": n,
        },
        "bounds": {name: [round(float(b), 3) for b in bounds[:, i]] for i, name in enumerate(names)},
        "seconds_of_training": round(seconds, 2),
    }


def accounts():
    """Epsilon of two well-known trainings, and the most that one run can show, beside the figures of the notes."""
    mechanisms = [Mechanism(noise_multiplier=noise, steps=steps, rate=q) for q, noise, steps, _, _ in ACCOUNTED]
    return {
        "accountants": [
            {"rate": q, "noise": noise, "steps": steps, "pld": epsilon_pld(one, DELTA), "rdp": epsilon_rdp(one, DELTA),
             "noted_pld": pld, "noted_rdp": rdp}
            for one, (q, noise, steps, pld, rdp) in zip(mechanisms, ACCOUNTED, strict=True)
        ],
        "ceilings": [
            {"canaries": m, "epsilon": one_run_ceiling(m, 0.0, 0.05), "noted": noted} for m, noted in CEILINGS.items()
        ],
    }  # fmt: skip


def accounts_markdown(found):
    lines = [
        "## What accountants and audits of a known size come to",
        "",
        f"Poisson batches, delta {DELTA:g}, neighbours by add-remove; the noted figures are those of the project's "
        "first trials.",
        "",
        "| sampling rate | noise | steps | PLD | noted | RDP | noted |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in found["accountants"]:
        said = "256 / 60,000 (15 epochs)" if one["steps"] == ACCOUNTED[0][2] else f"{one['rate']:g}"
        lines.append(
            f"| {said} | {one['noise']:g} | {one['steps']:,} | {one['pld']:.3f} | {one['noted_pld']:.3f} "
            f"| {one['rdp']:.3f} | {one['noted_rdp']:.3f} |"
        )
    lines += [
        "",
        "The most that an audit by one run can show at 95 % with delta 0, every canary guessed right:",
        "",
        "| canaries | " + " | ".join(f"{one['canaries']:,}" for one in found["ceilings"]) + " |",
        "|---" * (len(found["ceilings"]) + 1) + "|",
        "| epsilon | " + " | ".join(f"{one['epsilon']:.2f}" for one in found["ceilings"]) + " |",
        "| noted | " + " | ".join(f"{one['noted']:.2f}" for one in found["ceilings"]) + " |",
        "",
    ]
    return lines


def rate(part):
    low, high = part["interval"]
    return f"{part['median']:.1%} ({low:.1%} to {high:.1%})"


def markdown(result):
    lines = [
        "# Private training on the digits",
        "",
        f"{ROWS:,} rows, a network 64-32-10, {STEPS} Poisson batches of {BATCH} expected rows, clipping norm 1, delta "
        f"{DELTA:g}, neighbours by add-remove, noise by privacy loss distributions; settings of the training were "
        "fixed before. The audit is the third one that was tried on these seeds, after 1,000 canaries of uniform noise "
        "and 200 of them beside known rows, which showed less; each bound holds for its run, and their size is that of "
        "a chosen attack. "
        f"Medians of {len(SEEDS)} seeds with exact 95 % intervals over rows. Bounds are of one run with {CANARIES:,} "
        "canaries at 95 %, one a seed; that of any mechanism can never show more than "
        f"{result['ceiling']:.2f}, that of Gaussian ones can.",
        "",
        "| epsilon claimed | noise | accuracy (n = 797) | bound, final model | bound, every step "
        "| Gaussian, every step | TPR of loss at 1 % FPR (n = 1,000) |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in result["levels"]:
        accuracy, caught, bounds = one["accuracy"], one["tpr_of_loss_at_1_percent"], one["bounds"]
        shown = ["none" if one["epsilon"] is None else f"{one['epsilon']:g}", f"{one['noise_multiplier']:.2f}"]
        shown.append(rate(accuracy))
        shown += [", ".join(f"{b:.2f}" for b in bounds[name]) for name in SHOWN]
        shown.append(rate(caught))
        lines.append(f"| {' | '.join(shown)} |")
    lines += [
        "",
        "A bound below the claim refutes nothing and proves nothing. Canaries are images of random signs, and the "
        "attacker of the final model knows one loss each, so that bounds stay below what the worst attacker reaches; "
        "that audits find planted bugs is shown in tests/defences/private/test_bugs_by_audit.py.",
        "",
        *private_membership.markdown(result["membership"]),
        *accounts_markdown(result["accounts"]),
        f"`python bench/bench_private.py --write`: {result['seconds']:.0f} s of one core.",
        "",
    ]
    return "\n".join(lines)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    data, began = digits(), time.process_time()
    result = {"ceiling": one_run_ceiling(CANARIES, DELTA, 0.05), "accounts": accounts(), "levels": []}
    for epsilon in EPSILONS:
        result["levels"].append(level(epsilon, data))
        print(json.dumps(result["levels"][-1]), flush=True)
    noises = {one["epsilon"]: noise_of(one["epsilon"]) for one in result["levels"]}
    result["membership"] = private_membership.levels(
        SHAPE, plan_of, noises, SEEDS, steps=STEPS, rate=BATCH / ROWS, delta=DELTA
    )
    print(json.dumps(result["membership"]), flush=True)
    result["seconds"] = round(time.process_time() - began)
    if chosen.write:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "private.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        (RESULTS / "private.md").write_text(markdown(result), encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
