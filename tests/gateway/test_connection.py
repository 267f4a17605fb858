"""Connections under bounds: heads, pieces, time, pipelines; others are served meanwhile."""

import contextlib
import json
import socket
import time

import pytest

from gateway import houses

GOOD = houses.question()


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """A gateway with short patience."""
    keys = "body = 100000\nconnections = 60\n"
    with houses.gateway(tmp_path_factory.mktemp("c") / "p", gateway=keys) as made:
        made.room.head_s, made.room.body_s, made.room.idle_s = 0.4, 0.4, 0.6
        with houses.listening(made) as found:
            yield found


def status(answer):
    """The status of an answer; 0 when there is none."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def test_a_plain_question_is_answered(port):
    """And the server does not say what it is."""
    answer = houses.raw(port, GOOD)
    assert status(answer) == 200
    assert b"server:" not in answer.lower()


def test_a_chunked_question_is_answered_and_its_trailers_are_dropped(port):
    """A transfer in chunks is taken; fields behind it are not."""
    body = b"%x\r\n%s\r\n0\r\nauthorization: Bearer x\r\n\r\n" % (len(houses.BODY), houses.BODY)
    head = b"POST /v2/models/churn/infer HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    assert status(houses.raw(port, head + body)) == 200


def test_tiny_chunks_are_cut_off(port):
    """R12, CVE-2025-23310: thousands of 1-byte chunks end in a refusal, and the process lives."""
    head = b"POST /v2/models/churn/infer HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    answer = houses.raw(port, [head, b"1\r\nx\r\n" * 20_000])
    assert status(answer) in {0, 413}
    assert status(houses.raw(port, GOOD)) == 200


CHUNKED = b"POST /v2/models/churn/infer HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
SIZED = b"%x" % len(houses.BODY)


def around(*, extension=b"", trailers=b""):
    """A question in one chunk, with something around it."""
    return CHUNKED + SIZED + extension + b"\r\n" + houses.BODY + b"\r\n0\r\n" + trailers + b"\r\n"


@pytest.mark.parametrize(
    "data",
    [
        around(extension=b";" + b"e" * 40_000),
        around(extension=b";e=" + b"e" * 300_000),
        around(extension=b';e="' + b"e" * 40_000 + b'"'),
        around(extension=b";e=f" * 20_000),
        CHUNKED + SIZED + b";" + b"e" * 200_000,
        CHUNKED + b"".join(b"1;" + b"e" * 90 + b"\r\n%c\r\n" % one for one in houses.BODY * 9) + b"0\r\n\r\n",
        CHUNKED + SIZED + b"\r\n" + houses.BODY + b"\r\n0;" + b"e" * 40_000 + b"\r\n\r\n",
        around(trailers=b"x: " + b"e" * 40_000 + b"\r\n"),
        around(trailers=b"e" * 40_000 + b": x\r\n"),
        around(trailers=b"x: y\r\n" * 9_000),
        CHUNKED + SIZED + b"\r\n" + houses.BODY + b"\r\n0\r\nx: " + b"e" * 200_000,
    ],
    ids=["name", "value", "quoted", "many", "endless", "each a little", "last", "long", "named", "fields", "unended"],
)
@pytest.mark.parametrize("step", [1 << 20, 3_000])
def test_r12_extensions_and_trailers_of_chunks_are_bounded(port, data, step):
    """What is around the chunks is no body and no head, and may not be without end; however it is cut into pieces."""
    answer = houses.raw(port, [data[at : at + step] for at in range(0, len(data), step)])
    assert status(answer) in {0, 413}  # 0 where the rest was still on its way when the answer came
    assert b"200" not in answer.partition(b"\r\n")[0]
    assert status(houses.raw(port, GOOD)) == 200


def test_a_little_around_chunks_is_taken(port):
    """Extensions are ignored as the protocol asks for, and many chunks of a large body are no framing."""
    assert (
        status(houses.raw(port, around(extension=b';signature="abc"', trailers=b"x: " + b"e" * 4_000 + b"\r\n"))) == 200
    )
    spaced = houses.BODY + b" " * 60_000
    parts = [spaced[at : at + 16] for at in range(0, len(spaced), 16)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in parts)
    assert status(houses.raw(port, CHUNKED + body + b"0\r\n\r\n")) == 200


def test_r12_the_same_bound_holds_behind_another_question(tmp_path):
    """In a pipeline: the first is answered, the one with too much around its chunks is refused."""
    with houses.gateway(tmp_path / "p", gateway="body = 100000\n") as made, houses.listening(made) as port:
        many = houses.question(more="") + around(extension=b";" + b"e" * 60_000)
        answer = houses.raw(port, many)
        assert answer.count(b"HTTP/1.1 200") == 1
        assert answer.count(b"HTTP/1.1 413") == 1


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"NONSENSE\r\n\r\n", {400}),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400}),
        (b"GET /v2/health/live HTTP/9.9\r\n\r\n", {400}),
        (b"POST /v2/models/churn/infer HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
        (b"POST /v2/models/churn/infer HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd", {400}),
        (b"POST /v2/models/churn/infer HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", {400}),
        (b"POST /v2/models/churn/infer HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", {0, 400}),
        (b"POST /v2/models/churn/infer HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", {400}),
        (b"GET /v2/\xff HTTP/1.1\r\nhost: x\r\n\r\n", {400}),
        (b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n", {400, 404, 405}),
        (b"GET /v2/health/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n\r\n", {200, 400, 404}),
        (b"OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", {400, 404}),
        (b"GET /v2/health/live HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 100 + b"\r\n", {400, 431}),
        (b"GET /v2/health/live HTTP/1.1\r\nhost: x\r\na: " + b"b" * 70_000, {431}),
        (b"GET /" + b"a" * 70_000, {431}),
    ],
)  # fmt: skip
def test_what_is_no_honest_http_is_refused_and_the_process_lives(port, data, wanted):
    """R13 and smuggling: two lengths, odd transfers, endless heads."""
    answer = houses.raw(port, data, wait=3.0)
    assert status(answer) in wanted
    if status(answer) >= 400:
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
    assert status(houses.raw(port, GOOD)) == 200


def test_a_pipeline_is_bounded_and_in_order(port):
    """A few requests at once are answered in their order; hundreds end the connection."""
    few = houses.question(more="") * 3 + GOOD
    assert houses.raw(port, few).count(b"HTTP/1.1 200") == 4
    many = houses.raw(port, houses.question(more="") * 400)
    assert many.count(b"HTTP/1.1 200") < 400
    assert status(houses.raw(port, GOOD)) == 200


def test_slow_heads_and_bodies_are_given_up(port):
    """Slow-loris, head and body, a byte at a time, also behind a good request on the same connection."""
    for begun in (b"POST /v2/models/churn/infer HT", GOOD[:-5], houses.question(more="") + GOOD[:30]):
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(begun)
            found = b""
            with contextlib.suppress(ConnectionError):
                while chunk := sock.recv(65536):
                    found += chunk
        assert found.count(b"HTTP/1.1 408") == 1
        assert time.monotonic() - started < 3


def test_bytes_that_trickle_do_not_buy_time(port):
    """The time of a head counts from its beginning."""
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock, contextlib.suppress(ConnectionError):
        for byte in b"GET /v2/health/live HTTP/1.1\r\nx: " + b"y" * 100:
            sock.sendall(bytes([byte]))
            time.sleep(0.03)
    assert time.monotonic() - started < 3


def test_idle_connections_give_way_to_new_ones(port):
    """More connections than there is room for, all silent: who has a question is answered."""
    with contextlib.ExitStack() as held:
        for _ in range(150):
            held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
        for _ in range(5):
            assert status(houses.raw(port, GOOD)) == 200


def test_a_silent_connection_ends(port):
    """Nothing is kept open for who says nothing, before and after a request."""
    for first in (b"", houses.question(more="")):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(first)
            with contextlib.suppress(ConnectionError):
                while sock.recv(65536):
                    pass


def test_a_half_closed_client_harms_nobody(port):
    """It is answered or not; the next one is."""
    houses.raw(port, houses.question(), half=True)
    houses.raw(port, houses.question()[:-3], half=True)
    assert status(houses.raw(port, GOOD)) == 200


def test_who_expects_to_be_asked_first_is_asked(port):
    """Expect: 100-continue is answered where the body will be read, and not where it will not."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        head = houses.question(more="expect: 100-continue\r\nconnection: close\r\n")[: -len(houses.BODY)]
        sock.sendall(head)
        assert sock.recv(1000).startswith(b"HTTP/1.1 100")
        sock.sendall(houses.BODY)
        assert b"HTTP/1.1 200" in sock.recv(65536)
    large = b"POST /v2/models/churn/infer HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 200000\r\n\r\n"
    answer = houses.raw(port, large)
    assert status(answer) == 413
    assert b"100 Continue" not in answer


def test_who_does_not_read_the_answer_is_let_go(tmp_path):
    """A client that never takes its answers does not hold a connection for ever."""
    with houses.gateway(tmp_path / "p") as made:
        made.room.stalled_s = 0.3
        rows = 20_000
        body = json.dumps({"inputs": [{"name": "x", "shape": [rows, 4], "datatype": "FP32", "data": [1.5] * rows * 4}]})
        with houses.listening(made) as port:
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(10)
            sock.connect(("127.0.0.1", port))
            with sock, contextlib.suppress(ConnectionError):
                for _ in range(16):
                    sock.sendall(houses.question(body=body.encode(), more=""))
            until = time.monotonic() + 8
            while made.room.every and time.monotonic() < until:
                time.sleep(0.05)
            assert not made.room.every


@pytest.mark.parametrize("where", ["path", "query", "field", "fields"])
def test_a_head_that_is_too_large_is_refused_in_one_piece_and_in_many(port, where):
    """R12: forty thousand bytes of it, with its end in the same packet or not."""
    long = b"a" * 40_000
    head = {
        "path": b"GET /v2/%b HTTP/1.1\r\nhost: x\r\n\r\n" % long,
        "query": b"GET /v2/health/live?%b HTTP/1.1\r\nhost: x\r\n\r\n" % long,
        "field": b"GET /v2/health/live HTTP/1.1\r\nhost: x\r\nx: %b\r\n\r\n" % long,
        "fields": b"GET /v2/health/live HTTP/1.1\r\nhost: x\r\n%b\r\n"
        % b"".join(b"x-%d: %b\r\n" % (n, long[:1000]) for n in range(40)),
    }[where]
    for data in (head, [head[at : at + 1000] for at in range(0, len(head), 1000)]):
        assert houses.raw(port, data).startswith(b"HTTP/1.1 431")
    small = b"GET /v2/health/live?%b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n" % long[:20_000]
    assert houses.raw(port, small).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("long", ["a: " + "b" * 60_000, "a" * 60_000 + ": b"])
def test_r12_a_head_that_comes_at_once_is_bounded_too(tmp_path, long):
    """A head larger than agreed is refused when all of it is in one piece, and many small requests in one are not."""
    with houses.gateway(tmp_path / "p") as made, houses.listening(made) as port:
        assert houses.raw(port, houses.question(more=f"{long}\r\nconnection: close\r\n"))[9:12] in {b"400", b"431"}
        many = houses.question(more="") * 15 + houses.question(more="connection: close\r\nx: " + "a" * 30_000 + "\r\n")
        assert houses.raw(port, many).count(b"HTTP/1.1 200") == 16
