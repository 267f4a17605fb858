"""How attacks carry between small networks on Fashion-MNIST: what the page on evasion says is measured here.

Three undefended networks (two of one architecture and different seeds, one of another architecture), one that was
trained on adversarial inputs, and votes of the undefended ones. Prints a JSON line and a table.

Usage: python bench/bench_transfer.py [--samples N] [--rows N] [--epochs N] [--eps R] [--quick] [--threads N]
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from redan.attacks.evasion.assault import network_of
from redan.attacks.evasion.momentum import Momentum
from redan.attacks.evasion.pgd import Pgd
from redan.attacks.evasion.transferable import diverse
from redan.attacks.threat import Linf
from redan.attacks.transfer import Vote, attack_vote, crafted, noise, surrogate, transfers
from redan.attacks.transfer.between import tried
from redan.attacks.transfer.joint import FURTHER
from redan.defences import training
from redan.measures.robustness import rate

sys.path.append(str(Path(__file__).resolve().parents[1] / "examples" / "fashion"))
from data import FOLDER, Pictures, pictures

HARDENED_EPS = 0.1
OWN = 2_000  # pictures of an attacker who knows nothing but the task


def convolutions(seed):
    """That of Wong et al. (ICLR 2020) for MNIST, 166,406 weights."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 16, 4, 2, 1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 4, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(1568, 100),
        nn.ReLU(),
        nn.Linear(100, 10),
    )


def layers(seed):
    """Two linear layers, 159,010 weights."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 10))


def networks(train, epochs):
    """The four, by name."""
    threat = Linf(HARDENED_EPS)

    def plain(net):
        return training.plain(net, train.x, train.y, threat=threat, plan=training.Plan(epochs=epochs)).module

    hard = training.fgsm_rs(convolutions(3), train.x, train.y, threat=threat, plan=training.Plan(epochs=2 * epochs))
    return {
        "conv, seed 0": plain(convolutions(0)),
        "conv, seed 1": plain(convolutions(1)),
        "layers": plain(layers(2)),
        "hardened": hard.module,
    }


def spelled(found):
    """A share with counts and interval."""
    return {
        "value": None if found.value is None else round(found.value, 4),
        "interval": [round(end, 4) for end in found.interval],
        "n": found.n,
    }


def mean_carried(nets, x, y, threat, attack):
    """Mean over pairs of different models of what the target loses."""
    made = transfers(nets, x, y, threat=threat, attack=attack, suite=None)
    pairs = [(a, b) for a in nets for b in nets if a != b]
    return float(np.mean([made.broken[a][b][made.right[b]].mean() for a, b in pairs]))


def main():
    parser = argparse.ArgumentParser(description="Transfer of attacks on Fashion-MNIST.")
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--eps", type=float, default=0.05)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="Auto-PGD on cross-entropy alone in place of the suite")
    parser.add_argument("--data", type=Path, default=FOLDER)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    began = time.monotonic()
    train, test = pictures("train", options.data), pictures("t10k", options.data)
    nets = networks(Pictures(train.x[: options.rows], train.y[: options.rows]), options.epochs)
    print(f"trained in {time.monotonic() - began:.0f} s", flush=True)
    x, y, threat = test.x[: options.samples], test.y[: options.samples], Linf(options.eps)
    suite = FURTHER if options.quick else "screen"
    made = transfers(nets, x, y, threat=threat, suite=suite)
    rates = made.rates()
    table = {
        source: {
            target: {"given": spelled(cell.given), "overall": spelled(cell.overall)}
            for target, cell in zip(rates.targets, row, strict=True)
        }
        for source, row in zip(rates.sources, rates.cells, strict=True)
    }
    own = {name: spelled(found) for name, found in zip(rates.targets, rates.own, strict=True)}
    soft = {name: net for name, net in nets.items() if name != "hardened"}
    attacks = {
        "pgd": Pgd(),
        "i-fgsm (no momentum)": Momentum(decay=0.0, name="i-fgsm"),
        "mi-fgsm": Momentum(),
        "di-fgsm": diverse(decay=0.0),
        "m-di-fgsm": diverse(),
    }
    carried = {name: round(mean_carried(soft, x, y, threat, attack), 4) for name, attack in attacks.items()}
    votes = {}
    for name, members in {
        "three undefended": soft,
        "with the hardened": {**soft, "hardened": nets["hardened"]},
    }.items():
        sent = {source: made.made[source] for source in members}
        for rule in ("majority", "probabilities"):
            vote = network_of(Vote([*members.values()], rule, "probabilities"))
            right = vote.labels(x) == y
            alone = {s: round(float(tried(vote, x, y, one, threat)[right].mean()), 4) for s, one in sent.items()}
            joint = attack_vote(members, x, y, threat=threat, rule=rule, suite=suite, made=sent, watched=0)
            votes[f"{name}, {rule}"] = {
                "made on one member": alone,
                "all at once": spelled(rate(joint.fell[joint.right])),
                "first breaker": {key: int(hit.sum()) for key, hit in joint.broken.items()},
            }
    mine = surrogate(train.x[-OWN:], train.y[-OWN:], classes=10)
    nothing = {}
    for name, net in nets.items():
        network = network_of(net)
        right = network.labels(x) == y
        nothing[name] = {
            "noise": spelled(rate(tried(network, x, y, noise(x, threat=threat), threat)[right])),
            "own model": spelled(rate(tried(network, x, y, crafted(mine, x, y, threat=threat), threat)[right])),
        }
    found = {
        "threat": str(threat),
        "samples": options.samples,
        "suite": "apgd-ce" if options.quick else "screen",
        "rows": options.rows,
        "epochs": options.epochs,
        "clean": {name: round(float(right.mean()), 4) for name, right in made.right.items()},
        "matrix": table,
        "own": own,
        "signs": {name: sign.fired for name, sign in made.signs().items()},
        "mean_carried_between_undefended": carried,
        "votes": votes,
        "nothing_known": nothing,
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(found))
    told(found)


def told(found):
    """The table for people."""
    names = list(found["matrix"])
    print(f"\n{found['threat']}, {found['samples']} test pictures; given (both right, source broken) / of all right")
    print("made on \\ tried on  " + "  ".join(f"{name:>16}" for name in names))
    for source, row in found["matrix"].items():
        cells = [f"{_per_cent(row[n]['given']['value'])} / {_per_cent(row[n]['overall']['value'])}" for n in names]
        print(f"{source:>18}  " + "  ".join(f"{cell:>16}" for cell in cells))
    print(f"{'knows the model':>18}  " + "  ".join(f"{_per_cent(found['own'][n]['value']):>16}" for n in names))
    print("clean accuracy", found["clean"])
    print("carried between undefended, mean over pairs:", found["mean_carried_between_undefended"])
    for name, vote in found["votes"].items():
        print(f"vote of {name}: all at once {vote['all at once']}, one member {vote['made on one member']}")
    for name, both in found["nothing_known"].items():
        noised, own = both["noise"]["value"], both["own model"]["value"]
        print(f"{name}: noise {_per_cent(noised)}, attacker's own model {_per_cent(own)}")


def _per_cent(value):
    return "-" if value is None else f"{100 * value:.1f} %"


if __name__ == "__main__":
    main()
