"""Endpoints of the Open Inference Protocol: answers, patience, refusals, and work that is kept."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from redan.attacks.endpoint import Endpoint, Patience, RefusedError
from redan.attacks.evasion import hop_skip_jump, square
from redan.attacks.memory import Memory
from redan.attacks.protocol import Named, request, response, signature
from redan.attacks.queries import Queries, StoppedError
from redan.attacks.threat import L2, Linf
from redan.errors import IncompleteError, InputError

RNG = np.random.default_rng(0)
W = RNG.normal(size=(12, 3)).astype(np.float32)
X = RNG.random((20, 12), dtype=np.float32)
Y = (X @ W).argmax(axis=1)
SHORT = b'{"outputs": [{"name": "scores", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]}'
SINGLE = b'{"outputs": [{"name": "scores", "datatype": "FP32", "shape": [], "data": 1}]}'
QUICK = Patience(timeout=20.0, tries=3, wait=0.01, most=5.0)


def scores(rows):
    return rows @ W


class Served:
    """What a server says; `refuse` names the status of a request by its number, from 0, None for an answer."""

    def __init__(self, refuse=lambda number: None, datatype="FP32", output="scores", after=None, raw=None, delay=0.0):
        self.refuse, self.datatype, self.output, self.after, self.raw = refuse, datatype, output, after, raw
        self.delay, self.seen, self.rows, self.headers, self.paths = delay, 0, 0, [], []

    def meta(self):
        outputs = [{"name": "label", "datatype": "INT64", "shape": [-1]}, {"name": self.output, "datatype": "FP32"}]
        return {
            "name": "m",
            "inputs": [{"name": "x", "datatype": self.datatype, "shape": [-1, 12]}],
            "outputs": outputs,
        }

    def infer(self, asked):
        (tensor,) = asked["inputs"]
        rows = np.array(tensor["data"], dtype=np.float32).reshape(tensor["shape"])
        self.rows += len(rows)
        told = scores(rows)
        return {
            "outputs": [
                {"name": self.output, "datatype": "FP32", "shape": list(told.shape), "data": told.ravel().tolist()}
            ]
        }


@contextmanager
def serving(served):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def reply(self, status, body):
            self.send_response(status)
            if status == 429 and served.after:
                self.send_header("Retry-After", served.after)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            served.paths.append(self.path)
            self.reply(200, json.dumps(served.meta()).encode())

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            served.paths.append(self.path)
            served.headers.append(dict(self.headers))
            number, served.seen = served.seen, served.seen + 1
            time.sleep(served.delay)
            status = served.refuse(number)
            answer = served.raw if served.raw is not None else json.dumps(served.infer(json.loads(body))).encode()
            self.reply(status or 200, b"" if status else answer)

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *args):
            pass  # a client that gives up is what some tests are about

    server = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def endpoint(url, **kwargs):
    return Endpoint(url, "m", patience=QUICK, **{"sleep": lambda seconds: None} | kwargs)


def test_answers_are_those_of_the_model():
    """Scores come by name of the output, in requests of a bounded size, with the caller's headers."""
    served = Served()
    with serving(served) as url:
        told = Queries(endpoint(url, chunk=8, headers={"Authorization": "Bearer s3cret"}, version="2")).scores(X)
    assert np.allclose(told, scores(X), atol=1e-5)
    assert (served.rows, served.seen) == (20, 3)
    assert served.headers[0]["Authorization"] == "Bearer s3cret"
    assert served.paths[:2] == ["/v2/models/m/versions/2", "/v2/models/m/versions/2/infer"]


@pytest.mark.parametrize("attack", [hop_skip_jump, square], ids=lambda one: one.__name__)
def test_attacks_over_http_equal_those_at_home(attack):
    """The same bytes come out whether the model is a function or behind HTTP."""
    threat = L2(0.6) if attack is hop_skip_jump else Linf(0.2)
    with serving(Served()) as url:
        far = attack(endpoint(url, chunk=32), X[:6], Y[:6], threat=threat, queries=60)
    assert far.broken.any()
    near = attack(scores, X[:6], Y[:6], threat=threat, queries=60)
    assert np.array_equal(far.broken, near.broken)
    assert np.allclose(far.x_adv, near.x_adv, atol=1e-3)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_endpoint_is_asked_again(status):
    """Each second request is refused; the attack ends well, after the waits that were asked for."""
    waits = []
    with serving(Served(lambda number: status if number % 2 == 0 else None, after="2")) as url:
        asked = endpoint(url, sleep=waits.append)
        assert np.allclose(Queries(asked).scores(X), scores(X), atol=1e-5)
    assert waits == [2.0] if status == 429 else waits == [0.01]
    assert asked.sent == 40


@pytest.mark.parametrize(
    ("status", "advice", "of_the_question"), [(401, "--creds", False), (403, "--creds", True), (422, "size", True)]
)
def test_who_is_not_known_is_told_so(status, advice, of_the_question):
    """Credentials are what is missing, whatever is asked; any other refusal may be of what was asked."""
    with (
        serving(Served(lambda number: status)) as url,
        pytest.raises(IncompleteError, match=f"HTTP {status}") as caught,
    ):
        Queries(endpoint(url)).scores(X)
    assert advice in caught.value.remedy
    assert isinstance(caught.value, RefusedError) is of_the_question
    assert ("not signed" in caught.value.remedy) is (status == 401)


@pytest.mark.parametrize(
    ("served", "reason"),
    [
        (Served(lambda number: 429 if number > 30 else None), "did not answer in 3 tries: HTTP 429"),
        (Served(lambda number: 429 if number > 30 else None, after="3600"), "asks to wait 3600 s"),
        (Served(lambda number: 403 if number > 30 else None), "refused: HTTP 403"),
        (Served(lambda number: 302 if number > 30 else None), "refused: HTTP 302"),
        (Served(lambda number: 413 if number > 30 else None), "refused: HTTP 413"),
    ],
)
def test_a_refusal_ends_the_attack_and_keeps_its_work(served, reason):
    """A limit, a ban or a redirect is an honest end: what was broken is kept; nothing is followed."""
    with serving(served) as url, pytest.raises(StoppedError, match=reason) as caught:
        hop_skip_jump(endpoint(url), X, Y, threat=L2(0.6), slots=4, queries=150)
    found = caught.value.result
    assert 0 < found.broken.sum() < len(X)
    assert (scores(found.x_adv).argmax(axis=1) != Y)[found.broken].all()
    assert caught.value.exit_code == 3
    assert "/elsewhere" not in served.paths


@pytest.mark.parametrize(("raw", "shape"), [(SHORT, r"20 samples in shape \(1, 3\)"), (SINGLE, r"in shape \(\)")])
def test_answers_of_another_shape_are_told_with_it(raw, shape):
    """What came and what was asked, and what is wanted instead."""
    with serving(Served(raw=raw)) as url, pytest.raises(IncompleteError, match=shape) as caught:
        endpoint(url).ask(X)
    assert "one row for each sample" in caught.value.remedy


def test_an_attack_goes_on_after_a_limit(tmp_path):
    """With kept answers, the second run pays only for what is new and ends as one run would have."""
    path = tmp_path / "answers"
    kwargs = {"threat": L2(0.6), "slots": 4, "queries": 80}
    limited = Served(lambda number: 429 if number > 40 else None)
    with serving(limited) as url, pytest.raises(StoppedError):
        hop_skip_jump(Queries(endpoint(url), memory=Memory(path, "m")), X, Y, **kwargs)
    again = Served()
    with serving(again) as url:
        found = hop_skip_jump(Queries(endpoint(url), memory=Memory(path, "m")), X, Y, **kwargs)
    one = Served()
    with serving(one) as url:
        whole = hop_skip_jump(Queries(endpoint(url)), X, Y, **kwargs)
    assert np.array_equal(found.broken, whole.broken)
    assert again.rows < one.rows


@pytest.mark.parametrize(
    "raw", [b"<html>", b"[]", b'{"outputs": []}', b'{"outputs": [{"name": "scores"}]}', SHORT, SINGLE]
)
def test_answers_that_are_none_are_said_so(raw):
    """A page of a proxy in place of an answer is no traceback."""
    with serving(Served(raw=raw)) as url, pytest.raises(IncompleteError):
        Queries(endpoint(url)).scores(X)


def test_an_endpoint_that_is_slow_or_away():
    """A timeout and a closed port are said as they are, in bounded time."""
    with serving(Served(delay=0.5)) as url:
        slow = Endpoint(url, "m", patience=Patience(timeout=0.05, tries=2, wait=0.0), sleep=lambda seconds: None)
        with pytest.raises(IncompleteError, match="no answer in time"):
            slow.ask(X)
    with pytest.raises(IncompleteError, match="no connection"):
        endpoint(url).ask(X)


@pytest.mark.parametrize(
    "url", ["ftp://h", "h:80", "http://", "http://user:word@h", "http://h/?key=1", "file:///etc/passwd"]
)
def test_addresses_that_are_none_of_http(url):
    """No other scheme, and no secret in an address."""
    with pytest.raises(InputError) as caught:
        Endpoint(url, "m")
    assert "word" not in str(caught.value)


def test_the_output_is_chosen_by_name():
    """Scores are preferred to labels; a name that is not there is refused."""
    meta = json.dumps(Served(output="probs").meta()).encode()
    assert signature(meta, None, "e").output == "probs"
    assert signature(meta, "label", "e").output == "label"
    with pytest.raises(InputError, match="no such output"):
        signature(meta, "none", "e")


def test_values_are_rounded_for_models_of_whole_numbers():
    """A model of bytes is sent bytes."""
    sent = json.loads(request(np.array([[0.4, 254.6, 300.0, -2.0]], dtype=np.float32), Named("x", "UINT8", "y")))
    assert sent["inputs"][0]["data"] == [0, 255, 255, 0]


def test_labels_as_text():
    """An output of names is an array of names."""
    body = json.dumps({"outputs": [{"name": "y", "datatype": "BYTES", "shape": [2], "data": ["cat", "dog"]}]}).encode()
    assert response(body, Named("x", "FP32", "y"), "e").tolist() == ["cat", "dog"]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.sampled_from(["y", "FP32", "BYTES"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["outputs", "inputs", "name", "shape", "data", "datatype"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON, JSON)
@example(3.4028235677973366e38, [], None)
def test_any_answer_is_read_or_refused(data, shape, whole):
    """Whatever JSON comes back, it is an array or one clear error."""
    for content in (whole, {"outputs": [{"name": "y", "datatype": "FP32", "data": data, "shape": shape}]}):
        try:
            found = response(json.dumps(content).encode(), Named("x", "FP32", "y"), "e")
        except IncompleteError:
            continue
        assert isinstance(found, np.ndarray)
