"""Processor time of asking a server behind: the gateway's own client beside httpx, same server, same question.

python bench/gateway/bench_upstream.py [--requests 2000]
"""

import argparse
import asyncio
import json
import sys
import threading
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "src"))

from redan.gateway.address import Url  # noqa: E402
from redan.gateway.http_client import Client  # noqa: E402

BODY = json.dumps({"inputs": [{"name": "x", "shape": [1, 32], "datatype": "FP32", "data": [0.125] * 32}]}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n" + b"x" * 400


class Server(asyncio.Protocol):
    """Answers every question with the same bytes."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, _data):
        self.transport.write(ANSWER)


def behind(found, ready, done):
    async def live():
        server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
        found.append(server.sockets[0].getsockname()[1])
        ready.set()
        await asyncio.to_thread(done.wait)
        server.close()

    asyncio.run(live())


def timed(work, count):
    """Microseconds of processor time of this thread for each question."""

    async def all_of_it():
        await work(20)
        before = time.thread_time()
        await work(count)
        return (time.thread_time() - before) / count * 1e6

    return asyncio.run(all_of_it())


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--requests", type=int, default=2000)
    count = options.parse_args().requests
    found, ready, done = [], threading.Event(), threading.Event()
    thread = threading.Thread(target=behind, args=(found, ready, done))
    thread.start()
    ready.wait()
    port = found[0]

    client, other = [], []

    async def own(n):
        if not client:
            client.append(Client(Url(False, "127.0.0.1", port, "")))
        for _ in range(n):
            await client[0].ask(b"POST", "/v2/models/m/infer", BODY)

    async def general(n):
        if not other:
            other.append(httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}"))
        for _ in range(n):
            await other[0].post("/v2/models/m/infer", content=BODY, headers={"content-type": "application/json"})

    try:
        ours, theirs = timed(own, count), timed(general, max(200, count // 4))
    finally:
        done.set()
        thread.join()
    print(
        json.dumps(
            {
                "bench": "gateway/upstream",
                "own_us": round(ours, 1),
                "httpx_us": round(theirs, 1),
                "ratio": round(theirs / ours, 1),
            }
        )
    )
    print(f"own client {ours:.0f} us, httpx {theirs:.0f} us a question: {theirs / ours:.1f} times")


if __name__ == "__main__":
    main()
