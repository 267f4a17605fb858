"""HopSkipJump and Square beside ART 1.20.1 at equal query budgets: one small network on Fashion-MNIST.

One thread each; the ratio is of CPU time, so that other work on the machine does not count.

The peer runs in its own environment, `.peers/art` (see tools/peers.sh), on the same weights and inputs. Samples that
reach the network are counted by a hook outside of both; distances and labels are measured here, by the judge, for both.
"""

import argparse
import gzip
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

ROOT = Path(__file__).resolve().parents[1]
PEER = ROOT / ".peers" / "art" / "bin" / "python"
DATA = Path("/usr/share/datasets/fashion-mnist")
EPS = {"hop_skip_jump": 1.0, "square": 8 / 255}
ROUNDS = 2
CHUNK = 64  # rows of a batch; the peer's votes come in batches of 64, and its Square in one of all samples


def network(name):
    """`convolutions`: that of Wong et al. (arXiv 2001.03994) for MNIST, 166,000 weights; `layers`: two linear ones.

    A pass of the first takes most of the time of an attack, whoever runs it; one of the second next to none.
    """
    if name == "layers":
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))
    return nn.Sequential(
        nn.Conv2d(1, 16, 4, 2, 1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 4, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 100),
        nn.ReLU(),
        nn.Linear(100, 10),
    )


def pictures(part):
    with gzip.open(DATA / f"{part}-images-idx3-ubyte.gz") as file:
        x = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(DATA / f"{part}-labels-idx1-ubyte.gz") as file:
        y = np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int64)
    return torch.tensor(x / np.float32(255), dtype=torch.float32), torch.tensor(y)


def trained(name):
    torch.manual_seed(0)
    net, (x, y) = network(name), pictures("train")
    steps = torch.optim.Adam(net.parameters(), 2e-3)
    for _ in range(2):
        for rows in torch.randperm(len(x)).split(128):
            steps.zero_grad()
            nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
            steps.step()
    return net.eval()


class Single(nn.Module):
    """Takes float64 too, which ART 1.20.1 hands on."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x.float())


class Counter:
    """Samples that reach a module."""

    def __init__(self, net):
        self.rows = 0
        net.register_forward_pre_hook(self._count)

    def _count(self, _net, given):
        self.rows += len(given[0])


def peers(kind, net, x, y, size):
    from art.attacks.evasion import HopSkipJump, SquareAttack
    from art.estimators.classification import PyTorchClassifier

    model = PyTorchClassifier(
        Single(net).eval(), nn.CrossEntropyLoss(), (1, 28, 28), 10, clip_values=(0.0, 1.0), device_type="cpu"
    )
    if kind == "hop_skip_jump":
        attack = HopSkipJump(model, norm=2, max_iter=size, verbose=False)
    else:
        attack = SquareAttack(model, norm=np.inf, eps=EPS[kind], max_iter=size, batch_size=len(x), verbose=False)
    np.random.seed(0)  # noqa: NPY002 -- the peer draws from it
    return attack.generate(x, y)


def ours(kind, net, x, y, size):
    from redan.attacks.evasion import Network, hop_skip_jump, square
    from redan.attacks.threat import L2, Linf

    if kind == "hop_skip_jump":
        return hop_skip_jump(Network(net, chunk=CHUNK), x, y, threat=L2(EPS[kind]), queries=size, shrink=True).x_adv
    return square(Network(net, chunk=CHUNK), x, y, threat=Linf(EPS[kind]), queries=size, rescale=True).x_adv


def early(kind, net, x, y, size):
    """As it is used: a sample that is inside of the ball asks no more."""
    from redan.attacks.evasion import Network, hop_skip_jump
    from redan.attacks.threat import L2

    if kind == "square":
        return ours(kind, net, x, y, size)
    return hop_skip_jump(Network(net, chunk=CHUNK), x, y, threat=L2(EPS[kind]), queries=size).x_adv


def run(attack, kind, folder, size):
    torch.set_num_threads(1)
    net = network(folder.name)
    net.load_state_dict(torch.load(folder / "net.pt", weights_only=True))
    net.eval()
    given = np.load(folder / "data.npz")
    x, y = given["x"][: _samples(kind)], given["y"][: _samples(kind)]
    attack(kind, net, x[:2], y[:2], min(size, 3))
    counter, wall, cpu = Counter(net), time.perf_counter(), time.process_time()
    found = attack(kind, net, x, y, size)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    np.save(folder / "found.npy", found)
    return {"wall_s": round(wall, 2), "cpu_s": round(cpu, 2), "rows": counter.rows}


def _samples(kind):
    return 64 if kind == "hop_skip_jump" else 256


def judged(kind, folder):
    from redan.attacks.evasion import Network
    from redan.attacks.judge import judge
    from redan.attacks.threat import L2, Linf

    net = network(folder.name)
    net.load_state_dict(torch.load(folder / "net.pt", weights_only=True))
    given = np.load(folder / "data.npz")
    x, y, found = given["x"][: _samples(kind)], given["y"][: _samples(kind)], np.load(folder / "found.npy")
    threat = L2(EPS[kind]) if kind == "hop_skip_jump" else Linf(EPS[kind])
    told = judge(Network(net.eval()).labels, x, y, found, threat)
    return {
        "robust": 1 - float(told.broken.mean()),
        "median": float(np.median(np.where(told.answers != y, told.size, np.inf))),
    }


def pair(kind, size, folder):
    theirs = []
    mine = []
    for _ in range(ROUNDS):
        told = subprocess.run(
            [PEER, __file__, "--peer", kind, "--size", str(size), "--folder", str(folder)],
            check=True,
            stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            text=True,
        )
        theirs.append(json.loads(told.stdout.splitlines()[-1]) | judged(kind, folder))
        budget = size if kind == "square" else theirs[-1]["rows"] // _samples(kind)
        mine.append(run(ours, kind, folder, budget) | judged(kind, folder) | {"budget": budget})
    ratio = statistics.median(a["cpu_s"] / b["cpu_s"] for a, b in zip(theirs, mine, strict=True))
    ended = run(early, kind, folder, mine[-1]["budget"]) | judged(kind, folder)
    line = {
        "bench": "queries",
        "network": folder.name,
        "attack": kind,
        "samples": _samples(kind),
        "size": size,
        "ratio": round(ratio, 2),
    }
    print(json.dumps(line | {"art": theirs, "redan": mine, "redan_ends_at_eps": ended}))
    print(
        f"{folder.name}, {kind}: {_samples(kind)} samples, ART {theirs[0]['cpu_s']:.1f} s of CPU for "
        f"{theirs[0]['rows']:,} passes, redan {mine[0]['cpu_s']:.1f} s for {mine[0]['rows']:,}: {ratio:.1f} times; "
        f"ending at eps {ended['cpu_s']:.1f} s for {ended['rows']:,}; robust at eps {theirs[0]['robust']:.3f} and "
        f"{mine[0]['robust']:.3f}, median distance {theirs[0]['median']:.3f} and {mine[0]['median']:.3f}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer")
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.peer:
        print(json.dumps(run(peers, given.peer, given.folder, given.size)))
        return
    if not PEER.exists() or not DATA.exists():
        print("skipped: needs .peers/art (bash tools/peers.sh python3 bench) and the package dataset-fashion-mnist")
        return
    torch.set_num_threads(1)
    for name in ("convolutions", "layers"):
        with tempfile.TemporaryDirectory() as home:
            folder = Path(home) / name
            folder.mkdir()
            net = trained(name)
            torch.save(net.state_dict(), folder / "net.pt")
            x, y = pictures("t10k")
            with torch.no_grad():
                right = torch.cat([net(part).argmax(1) for part in x.split(500)]) == y
            np.savez(folder / "data.npz", x=x[right][:256].numpy(), y=y[right][:256].numpy())
            pair("hop_skip_jump", 10, folder)
            pair("square", 500, folder)


if __name__ == "__main__":
    main()
