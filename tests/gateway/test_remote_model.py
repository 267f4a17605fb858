"""A model behind another server: questions are written anew, answers are bounded, errors are never passed on."""

import asyncio
import contextlib
import json
import threading

import numpy as np
import pytest

from gateway import houses
from redan.exchange.decode import decode
from redan.exchange.encode import question
from redan.exchange.limits import Limits
from redan.gateway.address import Url
from redan.gateway.http_client import Client, UnansweredError
from redan.gateway.remote_model import RemoteModel

METADATA = {
    "name": "churn",
    "platform": "fake",
    "versions": [],
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}],
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 1]}],
}
OUTPUT = {"name": "y", "shape": [2, 1], "datatype": "FP32", "data": [1.5, 2.5], "parameters": {"content_type": "np"}}
ANSWER = {"model_name": "internal-7", "id": "secret", "parameters": {"shm": "region_42"}, "outputs": [OUTPUT]}
QUESTION = json.dumps(
    {
        "id": "mine",
        "parameters": {"validate": False},
        "inputs": [{"name": "x", "shape": [2, 4], "datatype": "FP32", "data": [0.1] * 8}],
    }
).encode()


class Fake:
    """A server of the protocol that answers what a test says."""

    def __init__(self):
        self.answer = json.dumps(ANSWER).encode()
        self.metadata = json.dumps(METADATA).encode()
        self.status = b"200 OK"
        self.headers = b""
        self.raw = None
        self.close = False
        self.delay = 0.0
        self.asked = []
        self.connections = 0
        self.writers = []

    async def each(self, reader, writer):
        """One connection."""
        self.connections += 1
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or 0)
                body = await reader.readexactly(length)
                self.asked.append((head, body))
                await asyncio.sleep(self.delay)
                told = self.answer if head.startswith(b"POST") else self.metadata
                whole = (
                    b"HTTP/1.1 "
                    + self.status
                    + b"\r\n"
                    + self.headers
                    + b"content-length: %d\r\n\r\n" % len(told)
                    + told
                )
                writer.write(self.raw if self.raw is not None and head.startswith(b"POST") else whole)
                await writer.drain()
                if self.close:
                    break
        writer.close()


@contextlib.contextmanager
def behind():
    """A fake server in a thread, and its port."""
    fake, ready, done, found = Fake(), threading.Event(), threading.Event(), {}

    async def live():
        server = await asyncio.start_server(fake.each, "127.0.0.1", 0)
        found["port"] = server.sockets[0].getsockname()[1]
        ready.set()
        await asyncio.to_thread(done.wait)
        server.close()
        for writer in fake.writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        await asyncio.sleep(0)

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    try:
        assert ready.wait(10)
        yield fake, found["port"]
    finally:
        done.set()
        thread.join(10)


@pytest.fixture
def proxy(tmp_path):
    """A gateway before a fake server, and a way to ask it."""
    with behind() as (fake, port):
        folder = houses.project(tmp_path / "p", gateway=f'upstream = "http://127.0.0.1:{port}"')
        with houses.gateway(folder) as made:

            def asked(body=QUESTION, timeout_s=5.0):
                async def one():
                    client = Client(Url(False, "127.0.0.1", port, ""), timeout_s=timeout_s)
                    made.models["churn"].client = client
                    try:
                        if not made.models["churn"].inputs:
                            await made.models["churn"].describe()
                        return await houses.ask(made.plane, body=body)
                    finally:
                        client.close()

                return asyncio.run(one())

            yield fake, asked


def test_an_answer_comes_through_without_what_the_server_says_of_itself(proxy):
    """Names, identifiers and parameters of the server behind stay there; the client's identifier comes back."""
    fake, asked = proxy
    status, _, body = asked()
    found = json.loads(body)
    assert status == 200
    assert (found["model_name"], found["id"]) == ("churn", "mine")
    assert found["outputs"] == [{"name": "y", "shape": [2, 1], "datatype": "FP32", "data": [1.5, 2.5]}]
    assert b"region_42" not in body
    assert fake.asked


def test_the_question_is_written_anew(proxy):
    """R20: parameters, identifiers and spellings of the client do not reach the server; the numbers do, exactly."""
    fake, asked = proxy
    odd = QUESTION.replace(b'"shape": [2, 4]', b'"shape": [9, 9], "shape": [2, 4]')
    assert asked(odd)[0] == 200
    head, body = fake.asked[-1]
    assert head.startswith(b"POST /v2/models/churn/infer HTTP/1.1\r\n")
    sent = json.loads(body)
    assert set(sent) == {"inputs"}
    assert body.count(b'"shape"') == 1
    assert np.array_equal(np.array(sent["inputs"][0]["data"], np.float32), np.full(8, 0.1, np.float32))


@pytest.mark.parametrize("status", [b"400 Bad", b"404 Not Found", b"500 Oops", b"302 Found", b"204 None"])
def test_errors_of_the_server_are_not_passed_on(proxy, status):
    """R15: one status, no text of it."""
    fake, asked = proxy
    asked()
    fake.status, fake.answer = status, b'{"error": "failed to open shm region_42 at /dev/shm/x"}'
    if status.startswith(b"302"):
        fake.headers = b"location: http://169.254.169.254/\r\n"
    if status.startswith(b"204"):
        fake.answer = b""
    found = asked()
    assert found[0] == 502
    assert b"region" not in found[2]


@pytest.mark.parametrize(
    "output",
    [
        {**OUTPUT, "shape": [-1, 1]},
        {**OUTPUT, "shape": [2**63, 1]},
        {**OUTPUT, "data": [1.5]},
        {**OUTPUT, "data": [1e39, 1]},
        {**OUTPUT, "datatype": "FP64"},
        {**OUTPUT, "name": "other"},
        {**OUTPUT, "data": ["a", "b"]},
        {**OUTPUT, "parameters": {"binary_data_size": 99}},
        {},
        None,
    ],
)
def test_answers_that_do_not_fit_are_refused(proxy, output):
    """The server behind is as hostile as a client."""
    fake, asked = proxy
    fake.answer = json.dumps({"outputs": [output] if output is not None else 7}).encode()
    assert asked()[0] == 502


def test_binary_answers_are_read(proxy):
    """Tensors behind the JSON, as servers send them that were asked in JSON, too."""
    fake, asked = proxy
    head = json.dumps(
        {"outputs": [{"name": "y", "shape": [2, 1], "datatype": "FP32", "parameters": {"binary_data_size": 8}}]}
    ).encode()
    fake.answer = head + np.array([3.5, 4.5], np.float32).tobytes()
    fake.headers = b"inference-header-content-length: %d\r\n" % len(head)
    status, _, body = asked()
    assert (status, json.loads(body)["outputs"][0]["data"]) == (200, [3.5, 4.5])


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000 + b"\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{",
    ],
)
def test_servers_that_break_off_or_talk_nonsense_end_in_time(proxy, raw):
    """Nothing is waited for without end."""
    fake, asked = proxy
    asked()
    fake.raw, fake.close = raw, True
    assert asked(timeout_s=1.0)[0] == 502


def test_a_slow_server_is_given_up(proxy):
    """With the one status that all its faults have."""
    fake, asked = proxy
    asked()
    fake.delay = 3.0
    assert asked(timeout_s=0.2)[0] == 502


def test_a_model_that_changes_behind_is_not_asked_any_more(proxy):
    """Guards were made for its ports as they were at the start."""
    fake, asked = proxy
    assert asked()[0] == 200

    async def again(port):
        one = RemoteModel("churn", Client(Url(False, "127.0.0.1", port, "")), Limits())
        await one.describe()
        fake.metadata = json.dumps({**METADATA, "outputs": [{"name": "z", "datatype": "FP32", "shape": [-1]}]}).encode()
        with pytest.raises(Exception, match="upstream"):
            await one.describe()
        one.client.close()
        return one.fault

    port = int(fake.asked[0][0].lower().partition(b"127.0.0.1:")[2].split(b"\r")[0])
    assert asyncio.run(again(port))


def test_connections_are_kept_and_a_stale_one_is_replaced():
    """Many questions, few connections; a connection that the server ended meanwhile costs nothing."""
    with behind() as (fake, port):

        async def work():
            client = Client(Url(False, "127.0.0.1", port, ""), connections=4)
            await asyncio.gather(*(client.ask(b"GET", "/v2") for _ in range(40)))
            kept = fake.connections
            fake.close = True
            for _ in range(5):
                assert (await client.ask(b"GET", "/v2")).status == 200
                await asyncio.sleep(0.02)
            client.close()
            return kept

        assert asyncio.run(work()) <= 4


def test_a_server_that_is_not_there_is_said_so():
    """An error of one kind, whatever the system says."""

    async def work():
        with pytest.raises(UnansweredError):
            await Client(Url(False, "127.0.0.1", 1, "")).ask(b"GET", "/")

    asyncio.run(work())


@pytest.mark.parametrize("datatype", ["BOOL", "INT64", "UINT64", "FP32", "FP64", "BYTES"])
def test_a_question_written_anew_is_read_as_it_was(datatype):
    """Every datatype, at its edges."""
    values = {
        "BOOL": [True, False],
        "INT64": [-(2**63), 2**63 - 1],
        "UINT64": [0, 2**64 - 1],
        "FP32": [0.1, 1e-45],
        "FP64": [0.1, 5e-324],
        "BYTES": ["ä\u0000", ""],
    }[datatype]
    body = json.dumps({"inputs": [{"name": "x", "shape": [2], "datatype": datatype, "data": values}]}).encode()
    once = decode(body, None, Limits())
    again = decode(question(once), None, Limits())
    assert np.array_equal(once.inputs[0].values, again.inputs[0].values)
