"""AutoAttack's standard suite beside fra31/auto-attack at a392200: robust accuracy, samples that differ, passes, time.

Same weights, inputs and radius, one thread; passes are counted by hooks on the network, outside of both, and one judge
asks every adversarial input again. Networks on Fashion-MNIST are trained on first use: `small` (two convolutions, Wong
et al.) and `deep` (four, with batch normalisation), undefended and adversarially trained. The peer lies in
`.peers/auto-attack` (`bash tools/peers.sh python3 bench`). `bench/tables_evasion.py` keeps the tables.

    python bench/bench_evasion.py --networks small-hardened small-undefended --rows 250 --seeds 1
    python bench/bench_evasion.py --networks deep-hardened --rows 1000 --device cuda
    python bench/bench_evasion.py --memory

On a processor the ratio is of processor time, so that other work on the machine counts less; on a GPU of wall time.
"""

import argparse
import gzip
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

ROOT = Path(__file__).resolve().parents[1]
PEER = ROOT / ".peers" / "auto-attack"
KEPT = ROOT / ".peers" / "bench-evasion"
DATA = Path("/usr/share/datasets/fashion-mnist")
EPS = {"hardened": 0.1, "undefended": 0.2}
KINDS = ("small-hardened", "deep-hardened", "small-undefended", "deep-undefended")


def network(size):
    if size == "small":
        layers = [nn.Conv2d(1, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.ReLU(), nn.Flatten()]
        return nn.Sequential(*layers, nn.Linear(1568, 100), nn.ReLU(), nn.Linear(100, 10))
    layers, before = [], 1
    for wide, stride in ((16, 1), (32, 2), (32, 1), (64, 2)):
        layers += [nn.Conv2d(before, wide, 3, stride, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU()]
        before = wide
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(3136, 10))


def pictures(part):
    with gzip.open(DATA / f"{part}-images-idx3-ubyte.gz") as file:
        x = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(DATA / f"{part}-labels-idx1-ubyte.gz") as file:
        y = np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int64)
    return torch.tensor(x / np.float32(255), dtype=torch.float32), torch.tensor(y)


def trained(kind):
    """The network, from the folder of kept weights or trained: on inputs moved by two steps where it is hardened."""
    size, way = kind.split("-")
    torch.manual_seed(0)
    net, path = network(size), KEPT / f"{kind}.pt"
    if path.is_file():
        net.load_state_dict(torch.load(path, weights_only=True))
        return net.eval()
    x, y = pictures("train")
    epochs = {"small": 8, "deep": 2}[size] if way == "hardened" else 2
    steps = torch.optim.Adam(net.parameters())
    rate = torch.optim.lr_scheduler.OneCycleLR(steps, 2e-3, total_steps=epochs * (len(x) // 128 + 1))
    eps = EPS["hardened"]
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(128):
            given, truth = x[rows], y[rows]
            if way == "hardened":
                moved = (2 * torch.rand_like(given) - 1) * eps
                for _ in range(2):
                    moved.requires_grad_()
                    loss = nn.functional.cross_entropy(net((given + moved).clamp(0, 1)), truth)
                    (gradient,) = torch.autograd.grad(loss, moved)
                    moved = (moved.detach() + 0.8 * eps * gradient.sign()).clamp(-eps, eps)
                given = (given + moved).clamp(0, 1).detach()
            steps.zero_grad()
            nn.functional.cross_entropy(net(given), truth).backward()
            steps.step()
            rate.step()
    KEPT.mkdir(parents=True, exist_ok=True)
    torch.save(net.state_dict(), path)
    return net.eval()


def ours(net, x, y, eps, seed):
    from redan.attacks.evasion import evaluate
    from redan.attacks.threat import Linf

    return evaluate(net, x, y, threat=Linf(eps), seed=seed).x_adv


def peer(net, x, y, eps, seed):
    sys.path.insert(0, str(PEER))
    from autoattack import AutoAttack

    device = next(net.parameters()).device
    attack = AutoAttack(net, norm="Linf", eps=eps, seed=seed, device=device, verbose=False)
    return attack.run_standard_evaluation(x.to(device), y.to(device), bs=250).cpu().numpy()


def one(who, kind, options):
    """A run in a process of its own: what it found, its passes and its time."""
    torch.set_num_threads(options.threads)
    rows, seed, device = options.rows, options.seeds, options.device
    net, (x, y) = trained(kind).to(device), pictures("t10k")
    net(x[:2].to(device))  # the first pass starts libraries
    x, y, passes = x[:rows], y[:rows], {"forward": 0, "backward": 0}

    def forward(_module, given, _out):
        passes["forward"] += len(given[0])

    def backward(_module, _before, after):
        passes["backward"] += len(after[0])

    net.register_forward_hook(forward)
    net[-1].register_full_backward_hook(backward)
    began, used = time.monotonic(), time.process_time()
    found = {"ours": ours, "peer": peer}[who](net, x, y, EPS[kind.split("-")[1]], seed)
    if device != "cpu":
        torch.cuda.synchronize()
    spent = {"seconds": time.monotonic() - began, "processor": time.process_time() - used} | passes
    path = KEPT / f"{who}.npy"
    np.save(path, found)
    print(json.dumps(spent))


def judged(kind, rows):
    """What of a run's inputs the judge confirms, shape (rows,): still right."""
    from redan.attacks.evasion import Network
    from redan.attacks.judge import judge
    from redan.attacks.threat import Linf

    network, (x, y) = Network(trained(kind)), pictures("t10k")
    x, y, threat = x[:rows].numpy(), y[:rows].numpy(), Linf(EPS[kind.split("-")[1]])
    return {who: ~judge(network.labels, x, y, np.load(KEPT / f"{who}.npy"), threat).broken for who in ("ours", "peer")}


def run(*arguments):
    done = subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def compared(kind, seed, options):
    trained(kind)
    rows, threads, device = options.rows, options.threads, options.device
    given = ("--rows", str(rows), "--seeds", str(seed), "--threads", str(threads), "--device", device)
    spent = {who: run("--one", who, kind, *given) for who in ("peer", "ours")}
    left = judged(kind, rows)
    passes = {who: told["forward"] + told["backward"] for who, told in spent.items()}
    clock = "processor" if device == "cpu" else "seconds"
    result = {
        "bench": "evasion",
        "network": kind,
        "device": device,
        "rows": rows,
        "eps": EPS[kind.split("-")[1]],
        "seed": seed,
        "threads": threads,
        "robust": {who: float(each.mean()) for who, each in left.items()},
        "only_ours_breaks": np.flatnonzero(left["peer"] & ~left["ours"]).tolist(),
        "only_peer_breaks": np.flatnonzero(left["ours"] & ~left["peer"]).tolist(),
        "spent": spent,
        "fewer_passes": passes["peer"] / passes["ours"],
        "faster": spent["peer"][clock] / spent["ours"][clock],
    }
    print(json.dumps(result))
    print(
        f"{kind}, {rows} rows, seed {seed}: robust {result['robust']['ours']:.1%}, auto-attack "
        f"{result['robust']['peer']:.1%} (only here broken: {len(result['only_ours_breaks'])}, only there: "
        f"{len(result['only_peer_breaks'])}); {result['fewer_passes']:.2f} times fewer passes, "
        f"{result['faster']:.2f} times less time ({spent['ours'][clock]:.1f} s, {spent['peer'][clock]:.1f} s)",
        flush=True,
    )


def memory(rows):
    """Peak memory of a process beyond its data, for as many rows."""
    from redan.attacks.evasion import evaluate
    from redan.attacks.threat import Linf

    net, (x, y) = trained("small-undefended"), pictures("t10k")
    x, y = x[:rows], y[:rows]
    evaluate(net, x[:512], y[:512], threat=Linf(0.2), suite="screen")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kept = evaluate(net, x, y, threat=Linf(0.2), suite="screen")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    data, answer = x.numel() * 4 / 2**20, kept.x_adv.nbytes / 2**20
    print(json.dumps({"bench": "memory", "rows": rows, "data_mb": data, "result_mb": answer, "grown_mb": grown}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", nargs="*", choices=KINDS, default=KINDS)
    parser.add_argument("--rows", type=int, default=250)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--grow", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(*options.one, options)
    elif options.grow:
        memory(options.rows)
    elif options.memory:
        for rows in (1000, 4000, 10_000):
            told = run("--grow", "--rows", str(rows))
            print(json.dumps(told))
            print(f"{rows} rows of {told['data_mb']:.1f} MB: peak memory grew by {told['grown_mb']:.1f} MB", flush=True)
    else:
        if not (PEER / "autoattack").is_dir():
            print("skipped: there is no .peers/auto-attack (bash tools/peers.sh python3 bench)")
            return
        for kind in options.networks:
            for seed in range(options.seeds):
                compared(kind, seed, options)


if __name__ == "__main__":
    main()
