"""Answers out of bytes: those of real servers as the standard library reads them, and anything else without a fault."""

import http.client
import io
import socket

from hypothesis import given
from hypothesis import strategies as st

from redan.probes.message import Message
from redan.probes.reply import replies_of

TOKENS = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12)
VALUES = st.text("abcXYZ019 ,;=\"'", max_size=20).map(str.strip)


class Pipe:
    """As much of a socket as the standard library needs."""

    def __init__(self, data):
        self.data = data

    def makefile(self, *given):
        return io.BytesIO(self.data)


def peer(data):
    """Status and body as http.client reads them."""
    found = http.client.HTTPResponse(Pipe(data), method="POST")
    found.begin()
    return found.status, found.read()


@st.composite
def written(draw):
    """One answer as a server may write it."""
    body = draw(st.binary(max_size=200))
    fields = [f"x-{name}: {value}" for name, value in draw(st.lists(st.tuples(TOKENS, VALUES), max_size=4))]
    status = draw(st.sampled_from([200, 201, 400, 401, 404, 413, 429, 500, 503]))
    if draw(st.booleans()):
        fields.append(f"content-length: {len(body)}")
        framed = body
    else:
        fields.append("Transfer-Encoding: chunked")
        size = draw(st.integers(1, 64))
        parts = [body[at : at + size] for at in range(0, len(body), size)]
        framed = b"".join(b"%x;e=1\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    return ("\r\n".join([f"HTTP/1.1 {status} Why", *fields]) + "\r\n\r\n").encode() + framed


@given(written())
def test_one_answer_is_read_as_the_standard_library_reads_it(data):
    """Status and body, whatever frames it."""
    found = replies_of(data, ended=False).replies
    assert [(one.status, one.body) for one in found] == [peer(data)]
    assert found[0].whole


@given(st.lists(written(), max_size=4))
def test_answers_behind_each_other_are_as_many_as_were_written(data):
    """Which is how a request that was smuggled shows."""
    found = replies_of(b"".join(data), ended=False)
    assert [one.status for one in found.replies] == [peer(one)[0] for one in data]
    assert found.rest == b""


@given(written(), st.data())
def test_an_answer_that_was_cut_is_not_whole(data, drawn):
    """Neither in its head nor in its body."""
    cut = data[: drawn.draw(st.integers(0, len(data) - 1))]
    found = replies_of(cut, ended=False)
    assert not any(one.whole and one.body != peer(data)[1] for one in found.replies)


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda more: b"HTTP/1.1 200 OK\r\n" + more))
def test_any_bytes_are_answers_or_something_else(data):
    """Without a fault, and the same whether read at once or with what follows."""
    for ended in (False, True):
        found = replies_of(data, (b"HEAD",), ended=ended)
        assert sum(len(one.body) for one in found.replies) + len(found.rest) <= len(data)


def test_words_of_the_parser():
    """Interim answers are left out, HEAD has no body, no length lasts until the end, and a length of 10^30 is none."""
    found = replies_of(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", ended=False)
    assert [(one.status, one.body) for one in found.replies] == [(200, b"abc")]
    assert replies_of(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n", (b"HEAD",), ended=False).replies[0].whole
    until = b"HTTP/1.0 200 OK\r\n\r\nabc"
    assert [replies_of(until, ended=ended).replies[0].whole for ended in (False, True)] == [False, True]
    huge = b"HTTP/1.1 200 OK\r\ncontent-length: 1" + b"0" * 30 + b"\r\n\r\nabc"
    assert not replies_of(huge, ended=False).replies[0].whole
    assert replies_of(b"\xff\x00zmq", ended=True).rest


def test_a_message_is_written_as_it_is():
    """Fields in order, one length, and chunks that a server reads as the same body."""
    made = Message(b"POST", b"/a?b", ((b"host", b"x"),), b"12345")
    assert made.raw() == b"POST /a?b HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n12345"
    assert made.in_chunks(2).endswith(b"\r\n\r\n2\r\n12\r\n2\r\n34\r\n1\r\n5\r\n0\r\n\r\n")
    assert made.with_field(b"host", b"y").field(b"host") == b"y"
    assert len(made.also(b"host", b"y").fields) == 2
    assert made.without(b"host").fields == ()
    left, right = socket.socketpair()
    with left, right:
        left.sendall(made.raw())
        assert right.recv(1000) == made.raw()
