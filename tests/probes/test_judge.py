"""Judges are pure: what was answered is never a refusal, and a refusal for another reason is none either."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from redan.probes import flood, framing, integrity, leaks, ports, reach, routes, schema, slow, talk
from redan.probes.contract import Came
from redan.probes.judge import DENIED, FORGED, MALFORMED, alike, answered, never_two, refused, together, worst
from redan.probes.reply import Reply
from redan.terms import Outcome

GOOD = Reply(200, ((b"content-type", b"application/json"),), b'{"model_name":"m","outputs":[]}')
SETS = st.sampled_from([DENIED, FORGED, MALFORMED])
REPLIES = st.builds(Reply, st.integers(100, 599), st.just(()), st.binary(max_size=40), st.booleans())
CAME = st.builds(
    Came, st.lists(REPLIES, max_size=3).map(tuple), st.booleans(), st.booleans(), st.booleans(), st.floats(0, 9)
)


def came(*statuses, **more):
    """One connection with answers of these statuses."""
    return Came(tuple(Reply(status) for status in statuses), **more)


@given(st.lists(CAME, min_size=1, max_size=4), SETS, st.booleans(), st.booleans())
def test_what_was_answered_or_is_a_fault_never_holds(found, allowed, cut, redirect):
    """Wherever among the connections it is, and whichever refusals are allowed."""
    verdict = refused(allowed, cut=cut, redirect=redirect)(tuple(found))
    statuses = {reply.status for one in found if one.reached for reply in one.replies}
    if any(200 <= status < 300 for status in statuses):
        assert verdict.outcome is Outcome.BROKEN
    if verdict.outcome is Outcome.HOLDS:
        assert all(one.reached for one in found)
        assert all(status in allowed or (redirect and 300 <= status < 400) for status in statuses)


@given(st.lists(CAME, min_size=1, max_size=4), SETS)
def test_the_order_of_connections_changes_no_outcome(found, allowed):
    """The worst counts."""
    judge = refused(allowed)
    assert judge(tuple(found)).outcome is judge(tuple(reversed(found))).outcome


@given(st.lists(CAME, max_size=4))
def test_no_judge_raises_on_what_a_server_may_send(found):
    """Whatever comes back, there is a verdict in words without bytes of the answer."""
    every = tuple(found)
    verdicts = [never_two(FORGED)(every), integrity.once(every), talk.open_to_pages(every), talk.identified(found)]
    verdicts += [judge(one) for one in found for judge in (reach.unmarked, schema.harmless, framing.upgraded)]
    verdicts += [reach.ran(one, may_pass=True) for one in found] + [routes.closed_by("GET", "/x", one) for one in found]
    verdicts += [reach.called(found, heard=False), talk.told([reply for one in found for reply in one.replies])]
    verdicts += [
        slow.served([(one, 0.1) for one in found], 1.0),
        flood.follows({"x": [(one, one) for one in found]} if found else {}),
    ]
    if len(found) > 1:
        verdicts.append(schema.first_or_last((found[0], found[1])))
    assert all(one.seen.isprintable() and isinstance(one.outcome, Outcome) for one in verdicts)


@given(st.binary(max_size=300))
def test_scores_and_identifiers_of_anything(body):
    """An answer that is none has no scores."""
    reply = Reply(200, ((b"inference-header-content-length", b"5"),), body)
    assert isinstance(talk.scores(reply), list)
    assert isinstance(talk.identifier(reply), bytes)
    assert isinstance(list(leaks.signs(reply._replace(status=400))), list)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (came(401), Outcome.HOLDS),
        (came(500), Outcome.BROKEN),
        (came(200), Outcome.BROKEN),
        (came(404), Outcome.NOT_RUN),
        (came(429), Outcome.NOT_RUN),
        (came(), Outcome.BROKEN),
        (came(ended=True), Outcome.BROKEN),
        (came(rest=True, ended=True), Outcome.BROKEN),
        (came(reached=False), Outcome.NOT_RUN),
    ],
)
def test_a_forgery_is_refused_as_a_forgery(found, outcome):
    """Not as a path that is not there, nor by silence, a crash or a limit."""
    verdict = refused(FORGED)((found,))
    assert verdict.outcome is outcome
    assert (verdict.wait is not None) == (found.status == 429)


def test_words_about_many_name_the_worst():
    """All names up to six, and how many there are."""
    named = {f"GET /{n}": refused(DENIED)((came(200 if n < 9 else 401),)) for n in range(12)}
    verdict = together(named)
    assert verdict.outcome is Outcome.BROKEN
    assert verdict.seen.startswith("9 of 12: GET /0, ")
    assert "and 3 more" in verdict.seen
    assert together({}).outcome is Outcome.NOT_RUN
    assert worst([]).outcome is Outcome.NOT_RUN


def test_two_refusals_are_alike_but_for_identifiers():
    """A name of a model, a hexadecimal identifier, a date."""
    one = Reply(404, ((b"date", b"1"), (b"content-type", b"a")), b'{"error":"x","instance":"urn:0123456789abcdef"}')
    other = Reply(404, ((b"content-type", b"a"), (b"date", b"2")), b'{"error":"x","instance":"urn:fedcba9876543210"}')
    assert alike(one, other)
    assert not alike(one, other._replace(status=403))
    assert not alike(one, other._replace(body=b'{"error":"y"}'))


def test_a_request_that_was_sent_twice_is_answered_once():
    """The first, and no other; without an answer to the first nothing is told."""
    good = Came((GOOD,))
    assert answered(good)
    assert integrity.once((good, came(401))).outcome is Outcome.HOLDS
    assert integrity.once((good, good)).outcome is Outcome.BROKEN
    assert integrity.once((Came((GOOD, GOOD)),)).outcome is Outcome.BROKEN
    assert integrity.once((came(401), came(401))).outcome is Outcome.NOT_RUN
    assert integrity.once((good, came(500))).outcome is Outcome.BROKEN


def test_limits_are_told_from_none():
    """More than declared, none, a refusal, a declared one that is out of reach, and another answer."""
    many = flood.Flooded(400, refused=False, seconds=1.0)
    assert flood.limited(many, None).outcome is Outcome.BROKEN
    assert flood.limited(many._replace(refused=True), None).outcome is Outcome.HOLDS
    assert flood.limited(many._replace(refused=True), 100.0).outcome is Outcome.BROKEN
    assert flood.limited(many, 500.0).outcome is Outcome.NOT_RUN
    assert flood.limited(many._replace(odd=401), None).outcome is Outcome.NOT_RUN


def test_a_limit_that_follows_a_header_is_told_from_one_that_refills():
    """Half of both answered is no proof of either."""
    good, bad = Came((GOOD,)), came(429)
    assert flood.follows({"x": [(bad, good)] * 8}).outcome is Outcome.BROKEN
    assert flood.follows({"x": [(bad, bad)] * 8}).outcome is Outcome.HOLDS
    assert flood.follows({"x": [(good, good)] * 8}).outcome is Outcome.NOT_RUN


@given(st.floats(0.01, 3), st.floats(0, 1))
@example(0.5, 0.3)
def test_a_limit_of_ones_own_that_refills_is_never_one_that_follows_a_header(refill, level):
    """However many questions refill in the time of one: no rhythm of answers falls on the same one of each pair."""

    def ask(*_):
        nonlocal level
        level = min(40.0, level + refill)
        if level < 1:
            return came(429)
        level -= 1
        return Came((GOOD,))

    assert flood.follows({"x": flood.paired(ask, ask)}).outcome is not Outcome.BROKEN


def test_a_limit_that_a_header_passes_is_told_in_either_order():
    """Each value of the header has a limit of its own."""
    pairs = flood.paired(lambda: came(429), lambda _: Came((GOOD,)))
    assert flood.follows({"x": pairs}).outcome is Outcome.BROKEN


def test_scores_are_as_coarse_as_promised():
    """As JSON and as bytes; a single-precision number of two places is one of two places."""
    import json

    import numpy as np

    assert talk.coarse([float(np.float32(0.12)), 1.0], 2).outcome is Outcome.HOLDS
    assert talk.coarse([0.1234, 1.0], 2).outcome is Outcome.BROKEN
    head = json.dumps(
        {"outputs": [{"name": "y", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 8}}]}
    ).encode()
    tail = np.array([0.1234, 0.5], dtype="<f4").tobytes()
    reply = Reply(200, ((b"inference-header-content-length", str(len(head)).encode()),), head + tail)
    assert talk.scores(reply) == pytest.approx([0.1234, 0.5])


def test_what_refusals_tell():
    """A stack, a path, a name of memory, an exception; a fixed text tells nothing."""
    for text in (
        b'Traceback (most recent call last):\\n File "/srv/x/app.py"',
        b"at org.app.Main(Main.java:12)",
        b"unable to open /usr/lib/x/model.bin",
        b"triton_python_backend_shm_region_1",
        b"ValueError: bad",
        b"https://errors.pydantic.dev/2",
        b"connect to 192.168.3.4:8001 failed",
        b"<function f at 0x7f3a2b1c9d00>",
        b'{"error":"a\\n at Object.x (server.js:1)"} File "/x/y/z.py", line 3, in f',
    ):
        assert talk.told([Reply(400, (), text)]).outcome is Outcome.BROKEN, text
    assert (
        talk.told([Reply(400, (), b'{"error":"The request cannot be read.","instance":"urn:x"}')]).outcome
        is Outcome.HOLDS
    )
    assert talk.told([Reply(200, (), b"ValueError: bad")]).outcome is Outcome.NOT_RUN
    assert leaks.versions([Reply(200, ((b"server", b"uvicorn"),))]) == ()
    assert leaks.versions([Reply(200, ((b"server", b"x/1.2.3"),))]) == ("server",)


def test_ports_by_what_they_say():
    """Nothing, a page, a request for credentials, ZeroMQ, and something else."""
    greeting = b"\xff" + bytes(8) + b"\x7f\x03"
    assert ports.listening(None, None).outcome is Outcome.HOLDS
    assert ports.listening(b"HTTP/1.1 200 OK\r\n", b"").outcome is Outcome.BROKEN
    assert ports.listening(b"HTTP/1.1 401 No\r\n", b"").outcome is Outcome.HOLDS
    assert "ZeroMQ" in ports.listening(b"", greeting).seen
    assert ports.listening(b"hello", b"").outcome is Outcome.BROKEN
