"""Memory of known clients: bytes of each, and what a million of them take.

    python bench/gateway/bench_memory.py [--clients 100000 1000000]

A process of its own for each count. A client that is known and has just asked holds: its identity by the digest of its
key, its signing key, a rate and a budget of rows that are not full again, a total of what answers told, one nonce, and
what the monitors remember of it: sketches of its last rows and the direction of its strange ones, both full. The state
is what asking adds to the credentials.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path

LIMIT_GIB = 6
LIMIT_EACH_KIB = 4
WIDTH = 32
KEPT = 16  # numbers of a sketch


def resident():
    """Bytes of this process in memory."""
    line = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def copied(state):
    """The same state for another client, with memory of its own."""
    import numpy as np

    if isinstance(state, np.ndarray):
        return state.copy()
    return type(state)(*(part.copy() if isinstance(part, np.ndarray) else part for part in state))


def child(count):
    """Makes the clients, part after part, and says how much each part took."""
    import numpy as np

    from redan.exchange.flow import Claim, Identity
    from redan.exchange.signature_keys import HmacKey
    from redan.guards.near_duplicates import NearDuplicates
    from redan.guards.one_program import OneProgram
    from redan.guards.signature import SigningKey
    from redan.guards.sketch import sketch
    from redan.guards.store import NONCE, RATE, TOTAL, MemoryStore
    from redan.stats.e_values import Process

    rng = np.random.default_rng(0)
    found, models, at = {}, frozenset({"m"}), resident()
    identities, signing = {}, {}
    for number in range(count):
        name = f"client-{number:07d}"
        one = identities[hashlib.sha256(name.encode()).digest()] = Identity(name, models)
        key = HmacKey(hashlib.sha512(name.encode()).digest()[:32])
        signing[f"{name}-key".encode()] = SigningKey(f"{name}-key", one.principal, key)
    found["credentials"], at = resident() - at, resident()
    store = MemoryStore(keys=4 * count, nonces=2 * count)
    for one in identities.values():
        of = f"{one.principal}/m"
        claims = [
            Claim(NONCE, f"nonce/{one.principal}-key/{rng.bytes(16).hex()}", 1, 0, 71),
            Claim(RATE, f"rate/{of}", 1, 100, 0.02, of),
            Claim(RATE, f"rows/{of}", 1, 100_000, 0.864, of),
            Claim(TOTAL, f"leak/{'0' * 16}/{of}", 3, 1000, 0),
        ]
        if store.spend(claims, 1e9).denied is not None:
            raise SystemExit("a client was refused")
    found["store"], at = resident() - at, resident()
    rows = rng.normal(size=(64, WIDTH)).astype(np.float32)
    short = sketch(rows.mean(axis=0), rows.std(axis=0), KEPT, rng)
    detectors = [NearDuplicates(short, 1e-3), OneProgram(short, 1.0)]
    states = [one.hits(None, rows)[0] for one in detectors]
    watched = {}
    for one in identities.values():
        watched[one.principal] = tuple((copied(state), Process(), 1.0) for state in states)
    found["monitors"] = resident() - at
    print(json.dumps({"clients": count, "bytes": found, "resident": resident()}))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--clients", type=int, nargs="+", default=[100_000, 1_000_000])
    options.add_argument("--child", type=int)
    chosen = options.parse_args()
    if chosen.child:
        child(chosen.child)
        return
    for count in chosen.clients:
        line = [sys.executable, __file__, "--child", str(count)]
        told = json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout)
        each = {name: round(value / count) for name, value in told["bytes"].items()}
        state = each["store"] + each["monitors"]
        whole = {"bench": "gateway/memory", "clients": count, "bytes_each": each, "state": state}
        whole |= {"gib": round(told["resident"] / 2**30, 3), "limit_gib": LIMIT_GIB, "limit_each": LIMIT_EACH_KIB << 10}
        print(json.dumps(whole))
        print(f"{count:,} clients: {state:,} bytes of state each, {each}, {whole['gib']} GiB in all")


if __name__ == "__main__":
    main()
