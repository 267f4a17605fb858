"""Latency at half load: a client that asks at a fixed rate, whatever comes back, beside a bare server.

    python bench/gateway/bench_latency.py [--rounds 5] [--seconds 4] [--rate RATE]

Open loop: question n is due at n / rate, and its latency counts from then, so that a server that stalls is not asked
less. Questions are signed and written beforehand, the client collects no garbage, spins on its own core and allocates
little. The rate is half of what the server with all guards answers at most (measured first); both servers are asked at
that rate in turn, each round one after the other, and ratios are of one round. `half` is the bare server at half of
what it answers itself: the same load, and more questions. On a machine that others use, put
`chrt -f 1` before it: what is measured is the server then, and not who else wants the core.
"""

import argparse
import gc
import json
import os
import select
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_server as servers

CONNECTIONS = 32
SLICE_S, PAUSE_S = 0.6, 0.4
KINDS = ("bare", "signed")


def opened(port):
    """Connections by their descriptor."""
    made = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    for one in made:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.setblocking(False)
    return {one.fileno(): one for one in made}


def missing(part):
    """Bytes of an answer that come after its first part."""
    if not part.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"an answer was not 200: {part[:40]}")
    head, _, body = part.partition(b"\r\n\r\n")
    return int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0]) - len(body)


def paced(port, prepared, rate):
    """Latencies in seconds, one for each question; a question that was not answered by 200 ends the run."""
    socks = opened(port)
    poll = select.epoll()
    for number in socks:
        poll.register(number, select.EPOLLIN)
    free, due, late, left = list(socks), {}, [], {}
    sent, count, step = 0, len(prepared), 1.0 / rate
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter() + 0.05
        while len(late) < count:
            now = time.perf_counter()
            while sent < count and free and start + sent * step <= now:
                number = free.pop()
                socks[number].send(prepared[sent])
                due[number] = start + sent * step
                sent += 1
            for number, _ in poll.poll(0):
                part = socks[number].recv(65536)
                if number in left:
                    left[number] -= len(part)
                else:
                    left[number] = missing(part)
                if left[number] <= 0:
                    late.append(time.perf_counter() - due.pop(number))
                    free.append(number)
                    del left[number]
            if now > start + count * step + 30:
                raise SystemExit("the server does not keep up")
    finally:
        gc.enable()
        for one in socks.values():
            one.close()
    return late


def sliced(port, prepared, rate):
    """The same, with pauses between: a client of a real-time class that spins without end is held up by the kernel."""
    size, late = max(1, int(rate * SLICE_S)), []
    for at in range(0, len(prepared), size):
        late += paced(port, prepared[at : at + size], rate)
        time.sleep(PAUSE_S)
    return late


def quantile(values, part):
    """The value that a part of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def started(kinds):
    """Servers on one core, and their ports."""
    cores = sorted(os.sched_getaffinity(0))
    env = {**os.environ, "PYTHONPATH": str(servers.ROOT / "src")}
    running = {}
    for kind in kinds:
        line = [sys.executable, servers.__file__, "--child", kind]
        pin = {"preexec_fn": lambda: os.sched_setaffinity(0, {cores[0]})}
        running[kind] = subprocess.Popen(line, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **pin)
    os.sched_setaffinity(0, {cores[-1]})
    ports = {kind: int(one.stdout.readline().decode().rpartition(":")[2]) for kind, one in running.items()}
    if os.sched_getscheduler(0) == os.SCHED_FIFO:  # there a thread that wakes up waits for its equals, other than usual
        for one in running.values():
            os.sched_setscheduler(one.pid, os.SCHED_FIFO, os.sched_param(2))
    return running, ports


def main():
    import uvloop

    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=4.0)
    options.add_argument("--rate", type=float)
    chosen = options.parse_args()
    running, ports = started(KINDS)
    found = {kind: {"p50": [], "p99": []} for kind in (*KINDS, "half")}
    try:
        time.sleep(7)  # a first start believes no signature of its first seconds
        most = {}
        for kind in KINDS:
            uvloop.run(servers.load(ports[kind], servers.questions(300)))
            took, bad = uvloop.run(servers.load(ports[kind], servers.questions(3000)))
            if bad:
                raise SystemExit(f"{kind}: {bad} answers were not 200")
            most[kind] = 3000 / took
        rate = chosen.rate or most["signed"] / 2
        asked = {"bare": ("bare", rate), "signed": ("signed", rate), "half": ("bare", most["bare"] / 2)}
        for turn in range(chosen.rounds):
            for kind in asked if turn % 2 == 0 else reversed(asked):
                name, speed = asked[kind]
                late = sliced(ports[name], servers.questions(int(speed * chosen.seconds)), speed)
                found[kind]["p50"].append(quantile(late, 0.5) * 1e3)
                found[kind]["p99"].append(quantile(late, 0.99) * 1e3)
    finally:
        for one in running.values():
            one.terminate()
            one.wait()
    ratio = {
        f"{part} of {other}": statistics.median(
            a / b for a, b in zip(found["signed"][part], found[other][part], strict=True)
        )
        for part in ("p50", "p99")
        for other in ("bare", "half")
    }
    told = {kind: {part: [round(v, 3) for v in vs] for part, vs in one.items()} for kind, one in found.items()}
    most = {kind: round(value) for kind, value in most.items()}
    ratio = {part: round(value, 2) for part, value in ratio.items()}
    print(json.dumps({"bench": "gateway/latency", "rate": round(rate), "most": most, "ms": told, "ratio": ratio}))
    print(f"at {rate:.0f}/s, all guards: {ratio} (medians of {chosen.rounds} rounds)")


if __name__ == "__main__":
    main()
