"""Whether a server with all guards grows: memory and descriptors over twenty minutes of questions at a steady rate.

    python bench/gateway/bench_soak.py [--minutes 20] [--rate 500]

Every tenth question is malformed, every twentieth is a replay, every hundredth comes on a connection of its own that
breaks off: refusals may not leave anything behind either. Growth is the slope of the least squares line through the
second half of the samples, in MiB an hour; entries of nonces and budgets have settled by then.
"""

import argparse
import json
import socket
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_latency
import bench_server as servers

SAMPLE_S = 2.0


def resident(pid):
    """MiB in memory."""
    line = next(row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def status(sock, data):
    """Status of one question."""
    sock.sendall(data)
    found = sock.recv(65536)
    return int(found[9:12])


def asked(port, until, rate, pid):
    """Samples of the process, and statuses."""
    counts, samples, number = {}, [], 0
    sock = socket.create_connection(("127.0.0.1", port))
    start = last = time.monotonic()
    batch = []
    while time.monotonic() < until:
        if not batch:
            batch = servers.questions(200)
        data = batch.pop()
        if number % 10 == 9:
            data = data.replace(b'"FP32"', b'"FP99"')
        got = status(sock, data)
        counts[got] = counts.get(got, 0) + 1
        if number % 20 == 0:
            got = status(sock, data)
            counts[f"again {got}"] = counts.get(f"again {got}", 0) + 1
        if number % 100 == 0:
            with socket.create_connection(("127.0.0.1", port)) as broken:
                broken.sendall(data[: len(data) // 2])
        number += 1
        now = time.monotonic()
        if now - last >= SAMPLE_S:
            last = now
            samples.append((now - start, resident(pid), sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())))
        ahead = start + number / rate - now
        if ahead > 0:
            time.sleep(ahead)
    sock.close()
    return samples, counts, number


def slope(samples):
    """MiB an hour through the second half."""
    half = samples[len(samples) // 2 :]
    times, sizes = [s[0] / 3600 for s in half], [s[1] for s in half]
    return statistics.linear_regression(times, sizes).slope


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--minutes", type=float, default=20.0)
    options.add_argument("--rate", type=float, default=500.0)
    chosen = options.parse_args()
    running, ports = bench_latency.started(("signed",))
    try:
        time.sleep(7)
        pid = running["signed"].pid
        samples, counts, number = asked(ports["signed"], time.monotonic() + 60 * chosen.minutes, chosen.rate, pid)
    finally:
        for one in running.values():
            one.terminate()
            one.wait()
    half = samples[len(samples) // 2 :]
    told = {
        "bench": "gateway/soak",
        "minutes": chosen.minutes,
        "questions": number,
        "statuses": {str(name): value for name, value in sorted(counts.items(), key=str)},
        "mib": {"first": round(samples[0][1], 1), "half": round(half[0][1], 1), "last": round(half[-1][1], 1)},
        "mib_an_hour": round(slope(samples), 2),
        "descriptors": {"first": samples[0][2], "most": max(s[2] for s in samples), "last": samples[-1][2]},
    }
    print(json.dumps(told))
    print(f"{number:,} questions, MiB {told['mib']}, {told['mib_an_hour']:+} MiB an hour in the second half")


if __name__ == "__main__":
    main()
