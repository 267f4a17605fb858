"""What monitors see, how soon, and how often they are wrong: simulations on real rows, written down with their n.

Honest clients ask real rows that the reference was not made from, with skewed habits: favourites that come again and
again, what-if questions that change one number, and a narrow segment of all rows. Attackers are those of
`redan.attacks` on a small network over Fashion-MNIST, one question a request, and planted ones. Radius,
length and distance come from the reference alone; the tolerated shares were chosen with honest churn and digits data in
view, so that their false alarms are to be believed less than those on Fashion-MNIST.

Usage: python bench/gateway/bench_monitors.py [--quick] [--write]     (some minutes of one core)
"""

import argparse
import csv
import gzip
import json
import os
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from gateway import watched  # noqa: E402 -- found beside
from redan.exchange.flow import Answer, Flow, Identity  # noqa: E402
from redan.exchange.message import Request  # noqa: E402
from redan.exchange.tensors import Inference, Tensor  # noqa: E402
from redan.gateway.steps import Decided  # noqa: E402
from redan.gateway.watching import Watching  # noqa: E402
from redan.gateway.watching_model import TOLERATED, looked  # noqa: E402
from redan.guards.contract import Seen  # noqa: E402
from redan.guards.drift import Drift  # noqa: E402
from redan.guards.later import Later  # noqa: E402
from redan.guards.scales import ordinary  # noqa: E402
from redan.guards.shadow import Shadow  # noqa: E402
from redan.guards.watching import GRADES, Watch  # noqa: E402
from redan.stats.binomial import clopper_pearson  # noqa: E402

CHURN = ROOT / "examples" / "churn" / "data"
FASHION = Path("/usr/share/datasets/fashion-mnist")
DAYS, ROWS_A_DAY = 100, 24
NONE = np.zeros((0, 0))


def churn(folder, part):
    """Real customers as numbers: flags for levels, amounts as they are."""
    rows = list(csv.DictReader((folder / f"{part}.csv").open()))
    found = []
    for name in [one for one in rows[0] if one not in {"customerid", "churn"}]:
        values = [row[name].strip() for row in rows]
        try:
            found.append(np.array([float(one or 0) for one in values])[:, None])
        except ValueError:
            levels = sorted(set(values))
            found.append(np.array([[one == level for level in levels] for one in values], dtype=float))
    return np.concatenate(found, axis=1)


def fashion(part, n):
    """Pictures in [0, 1], flat, and their classes."""
    with gzip.open(FASHION / f"{part}-images-idx3-ubyte.gz") as file:
        x = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784)[:n] / 255.0
    with gzip.open(FASHION / f"{part}-labels-idx1-ubyte.gz") as file:
        return x, np.frombuffer(file.read(), np.uint8, offset=8)[:n].astype(int)


def watch(rows, *, most=10_000, seed=0, found=None):
    """Monitors over a reference of these rows, as the gateway makes them."""
    found = known(rows, seed) if found is None else found
    return Watch("m", found.sketch, tuple(looked(kind, found, None) for kind in sorted(TOLERATED)), most)


def known(rows, seed=0):
    """What a reference of these rows says of ordinary ones."""
    return ordinary(watched.reference(rows, b""), np.random.default_rng(seed))


def of_share(hits, n):
    """A share with its interval of 95 %."""
    low, high = clopper_pearson(hits, n)
    return {"hits": hits, "n": n, "share": hits / n, "low": low, "high": high}


def habits(rows, rng, n):
    """Questions of one honest client over a while."""
    segment = rows[np.argsort(np.linalg.norm((rows - rows[rng.integers(len(rows))]) / (rows.std(0) + 1e-9), axis=1))]
    segment = segment[: max(200, len(rows) // 4)]
    favourites = segment[rng.choice(len(segment), 30, replace=False)]
    weights = 1 / np.arange(1, 31)
    kind = rng.random(n)
    found = segment[rng.integers(len(segment), size=n)].copy()
    again = kind < 0.3
    found[again] = favourites[rng.choice(30, again.sum(), p=weights / weights.sum())]
    wide = np.flatnonzero(rows.std(axis=0) > 0)
    for i in np.flatnonzero((kind > 0.3) & (kind < 0.4))[1:]:
        column = rng.choice(wide)
        found[i] = found[i - 1]
        found[i, column] = rows[rng.integers(len(rows)), column]
    return found


def honest(name, data, clients, days, rng):
    """How many honest clients ever get a measure."""
    rows, others = data
    one = watch(rows)
    asked = np.stack([habits(others, rng, days * ROWS_A_DAY) for _ in range(clients)])
    hit = {}
    for at in range(0, days * ROWS_A_DAY, 8):
        batch = [Seen(f"c{client}", "m", asked[client, at : at + 8], NONE, 0.0) for client in range(clients)]
        for low in range(0, clients, 16):
            for measure in one.observe(batch[low : low + 16]):
                hit.setdefault(measure.reason, set()).add(measure.principal)
    shares = {
        what.detector.name: round(t.hits / max(1, t.rows), 4) for what, t in zip(one.looked, one.tallies, strict=True)
    }
    lowered = len(set().union(*hit.values())) if hit else 0
    declared = len(one.looked) / GRADES[0].evidence
    return {
        "measure": f"honest clients of {name} with a measure in {days} days",
        **of_share(lowered, clients),
        "declared": declared,
        "rows": clients * days * ROWS_A_DAY,
        "shares_of_hits": shares,
    }


def until(one, queries, names=1, beside=None, size=16):
    """Questions until the first measure, and until nothing is answered; None for never."""
    first = last = None
    for at in range(0, len(queries), size):
        batch = [
            Seen(f"attacker-{i % names}", "m", queries[i][None], NONE, 0.0)
            for i in range(at, min(at + size, len(queries)))
        ]
        if beside is not None:
            batch += [Seen(f"honest-{j % 20}", "m", beside(), NONE, 0.0) for j in range(3 * size)]
        for measure in one.observe(batch):
            if measure.principal.startswith("honest"):
                continue
            first = at + size if first is None else first
            last = at + size if measure.factor == 0.0 and last is None else last
    return first, last


def network(x, y):
    """A small network, trained in seconds, as a function from pictures to scores."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    torch.set_num_threads(1)
    net = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))
    adam = torch.optim.Adam(net.parameters(), 1e-3)
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    for _ in range(8):
        for part in torch.randperm(len(x)).split(128):
            adam.zero_grad()
            nn.functional.cross_entropy(net(x[part]), y[part]).backward()
            adam.step()
    return net.eval()


def recorded(net):
    """The function that an attack asks, and what it asked, each question once a batch."""
    import torch

    rows = []

    def ask(x):
        x = np.asarray(x, dtype=np.float32)
        flat = x.reshape(len(x), -1)
        _, first = np.unique(flat, axis=0, return_index=True)  # batches are filled up with repeats
        rows.append(flat[np.sort(first)].astype(float))
        with torch.no_grad():
            return net(torch.tensor(flat)).numpy()

    return ask, rows


def attacks(samples, limit):
    """The query attacks of the project, each sample attacked by a client of its own."""
    from redan.attacks.evasion import hop_skip_jump, square
    from redan.attacks.threat import L2, Linf

    (x, y), (tx, ty) = fashion("train", 10_000), fashion("t10k", 2000)
    net = network(x, y)
    import torch

    right = np.flatnonzero(net(torch.tensor(tx, dtype=torch.float32)).argmax(1).numpy() == ty)[:samples]
    kinds = {
        "HopSkipJump, l2 2.0": lambda ask, at: hop_skip_jump(ask, *at, threat=L2(2.0), queries=limit),
        "Square, linf 8/255": lambda ask, at: square(ask, *at, threat=Linf(8 / 255), queries=limit),
        "Square, linf 0.1": lambda ask, at: square(ask, *at, threat=Linf(0.1), queries=limit),
    }
    scales, queries = known(x), {}
    base = watch(x, found=scales)
    for name, run in kinds.items():
        found = []
        for i in right:
            ask, rows = recorded(net)
            run(ask, (tx[i].reshape(1, 1, 28, 28).astype(np.float32), ty[i : i + 1]))
            found.append(np.concatenate(rows))
        queries[name] = found
    made = []
    for name, found in queries.items():
        ends = []
        for one in found:
            base.forget("attacker-0")
            ends.append((*until(base, one), len(one)))
        made.append(seen_in(f"{name}: one client", ends))
    rng = np.random.default_rng(5)
    for names in (10, 50):
        ends = []
        for one in queries["HopSkipJump, l2 2.0"]:
            fresh = watch(x, found=scales)
            ends.append((*until(fresh, one, names, lambda: tx[rng.integers(len(tx))][None]), len(one)))
        made.append(seen_in(f"HopSkipJump, l2 2.0: {names} names, three honest questions beside each", ends))
    return made


def seen_in(name, ends):
    """Medians over samples; an attack that was over before it was seen is not seen."""
    first = [one for one, _, _ in ends if one is not None]
    shut = [one for _, one, _ in ends if one is not None]
    over = [n for one, _, n in ends if one is None]
    return {
        "measure": f"seen: {name}",
        **of_share(len(first), len(ends)),
        "questions_until_seen": None if not first else float(np.median(first)),
        "most": None if not first else max(first),
        "questions_until_shut": None if not shut else float(np.median(shut)),
        "longest_not_seen": max(over, default=0),
        "questions_of_the_attack": float(np.median([n for _, _, n in ends])),
    }


def planted(rows, others, seeds):
    """Synthetic extraction queries, and one program around every input."""
    made = []
    for name, make in (
        (
            "uniform queries in the box of the data",
            lambda rng: rng.uniform(rows.min(0), rows.max(0), (400, rows.shape[1])),
        ),
        (
            "one program around real rows",
            lambda rng: (
                others[rng.integers(len(others), size=400)] * 0.3
                + 2 * rows.std(0) * rng.choice([-1.0, 1.0], rows.shape[1])
            ),
        ),
    ):
        ends = []
        for seed in range(seeds):
            queries = make(np.random.default_rng(seed))
            ends.append((*until(watch(rows, most=100, seed=seed), queries), len(queries)))
        made.append(seen_in(name, ends))
    return made


def shadowed(rng, rows, ours, theirs, size=8):
    """Labelled rows until one of both alarms; None for none.

    A share of rows is easy and right with both; on others each is right on its own.
    """
    shadow = Shadow(disagree=0.2)
    for at in range(0, rows, size):
        y = rng.integers(0, 2, size)
        shared = rng.random(size) < 0.8
        a = np.where(shared | (rng.random(size) < 1 - (1 - ours) / 0.2), y, 1 - y)
        b = np.where(shared | (rng.random(size) < 1 - (1 - theirs) / 0.2), y, 1 - y)
        shadow.answered(str(at), a, b)
        shadow.labelled(str(at), y)
        if shadow.alarm:
            return at + size
    return None


def shadows(seeds, rows):
    """A model that is three points worse than the one before it, and one that is as good."""
    worse = [shadowed(np.random.default_rng(seed), rows, 0.90, 0.93) for seed in range(seeds)]
    equal = [shadowed(np.random.default_rng(10_000 + seed), rows, 0.92, 0.92) for seed in range(seeds)]
    found = [one for one in worse if one is not None]
    return [
        {
            "measure": f"three points worse, found within {rows} labels",
            **of_share(len(found), seeds),
            "median_labels": float(np.median(found)) if found else None,
        },
        {
            "measure": f"equal models, alarm within {rows} labels",
            **of_share(sum(one is not None for one in equal), seeds),
            "declared": 0.05,
        },
    ]


def drifts(rows, others, seeds):
    """One standard deviation in one column with a row of 1e6 in each batch, and no shift."""
    columns = watched.reference(rows, b"").columns
    place = int(np.argmax([len(one.edges) for one in columns]))
    ends, false = [], 0
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        for shift in (1.0, 0.0):
            drift = Drift("m", columns)
            batch = 0
            while batch < 20 and not drift.alarmed:
                batch += 1
                x = others[rng.integers(len(others), size=512)].copy()
                x[:, place] += shift * rows[:, place].std()
                if shift:
                    x[0, place] = 1e6
                drift.observe([Seen("c", "m", x, NONE, 0.0)])
            if shift:
                ends.append(batch * 512 if drift.alarmed else None)
            else:
                false += drift.alarmed
    found = [one for one in ends if one is not None]
    return [
        {
            "measure": "drift of 1 sd in one column, a row of 1e6 in each batch, found in 20 batches",
            **of_share(len(found), seeds),
            "median_rows": float(np.median(found)) if found else None,
        },
        {"measure": "no drift, alarm in 20 batches", **of_share(false, seeds), "declared": 0.05},
    ]


def arrays(holder):
    """What a detector or its evidence holds."""
    names = () if holder is None else getattr(type(holder), "__slots__", ()) or vars(holder)
    return [array for array in (getattr(holder, name) for name in names) if isinstance(array, np.ndarray)]


def nothing(*given):
    """Takes anything in."""
    del given


def costs(clients):
    """Bytes of a client, and microseconds of processor time of a request, on its way and beside it."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(4000, 32))
    one = watch(rows, most=clients)
    held = sum(
        array.nbytes for tally in one.tallies for holder in (tally.state, tally.evidence) for array in arrays(holder)
    )
    asked = rng.normal(size=(12_800, 32))
    tracemalloc.start()
    for at in range(0, clients, 128):
        names = range(at, min(at + 128, clients))
        one.observe([Seen(f"client-{i:08d}@example.org", "m", asked[i % 12_800][None], NONE, 0.0) for i in names])
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    beside = []
    for _ in range(3):
        start = time.process_time()
        for at in range(0, 12_800, 128):
            one.observe(
                [Seen(f"client-{i % 50:08d}@example.org", "m", asked[i][None], NONE, 0.0) for i in range(at, at + 128)]
            )
        beside.append((time.process_time() - start) / 12_800 * 1e6)
    return [
        {"measure": "state of a client in all monitors", "bytes": (held + grown) / clients, "n": clients},
        {"measure": "processor time beside the answers, 32 columns", "microseconds": min(beside), "n": 12_800},
        {"measure": "processor time on the way of an answer", "microseconds": taking(), "n": 100_000},
    ]


def taking():
    """Microseconds of `Watching.take`."""

    class Model:
        model = None

    class One:
        service = type("S", (), {"current": type("G", (), {"model": Model})})

    x = np.zeros((1, 32), np.float32)
    flow = Flow(
        Request("POST", b"/v2/models/m/infer", b"", (), b"x" * 316, "", 0.0), "m", "", Identity("a", frozenset("*"))
    )
    flow.inference = Inference("", (Tensor("x", "FP32", x),), (), False, 1)
    flow.outputs = (Tensor("y", "FP32", x),)
    flow.answer = Answer(flow.outputs)
    made = Watching(
        models={"m": One()},
        labels={"m": ()},
        scale=nothing,
        happened=nothing,
        pseudonym=str,
        later=Later(1.0, np.random.default_rng(0)),
        most=1 << 30,
        most_bytes=1 << 60,
    )
    decided, best = Decided(flow, None), float("inf")
    for _ in range(5):
        start = time.process_time()
        for i in range(20_000):
            made.take(decided, str(i))
        best = min(best, (time.process_time() - start) / 20_000)
        while made.waiting:
            made.taken()
    return best * 1e6


def table(found):
    """Markdown."""
    lines = ["| measure | value | n | interval (95 %) | declared | besides |", "|---|---|---|---|---|---|"]
    for one in found:
        value = next(
            (f"{one[key]:.4g} {unit}" for key, unit in (("bytes", "bytes"), ("microseconds", "µs")) if key in one), ""
        )
        value = value or f"{one['share']:.4f} ({one['hits']})"
        interval = f"{one['low']:.4f} to {one['high']:.4f}" if "low" in one else ""
        known = {"measure", "hits", "n", "share", "low", "high", "declared", "bytes", "microseconds"}
        more = ", ".join(f"{key.replace('_', ' ')} {val}" for key, val in one.items() if key not in known)
        declared = f"at most {one['declared']:g}" if "declared" in one else ""
        lines.append(f"| {one['measure']} | {value} | {one['n']} | {interval} | {declared} | {more} |")
    return "\n".join(lines) + "\n"


def main():
    """Everything, in some minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--churn", type=Path, default=CHURN, help="folder that examples/churn/fetch.py filled")
    given = parser.parse_args()
    quick = given.quick
    rng = np.random.default_rng(0)
    train, test = churn(given.churn, "train"), churn(given.churn, "test")
    (x, _), (tx, _) = fashion("train", 6000), fashion("t10k", 6000)
    found = []
    for part in (
        lambda: costs(2000 if quick else 20_000),
        lambda: [honest("churn", (train, test), 40 if quick else 200, 10 if quick else DAYS, rng)],
        lambda: [honest("Fashion-MNIST", (x, tx), 20 if quick else 40, 2 if quick else 10, rng)],
        lambda: planted(train, test, 5 if quick else 20),
        lambda: attacks(3 if quick else 10, 300),
        lambda: drifts(train, test, 10 if quick else 40),
        lambda: shadows(40 if quick else 200, 4000),
    ):
        found += part()
        print(f"{time.process_time():.0f} s: {found[-1]['measure']}", file=sys.stderr, flush=True)
    print(table(found))
    print(json.dumps(found))
    if given.write:
        results = ROOT / "bench" / "results"
        (results / "monitors.json").write_text(json.dumps(found, indent=2) + "\n")
        (results / "monitors.md").write_text("# Monitors of the gateway\n\n" + table(found))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
