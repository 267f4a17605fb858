"""The oracle: every question is counted, a refusal keeps what was answered, and answers have the gateway's forms."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attacks.extraction.victims import digits, logistic, softmax, tree, tumours
from redan.attacks.endpoint import Endpoint, Patience
from redan.attacks.extraction.form import Shown, shown
from redan.attacks.extraction.oracle import Oracle
from redan.errors import InputError, UsageError
from redan.exchange.flow import Answer, Flow
from redan.exchange.message import Request
from redan.exchange.tensors import Port, Tensor
from redan.guards.answer_form import AnswerForm


class Handler(BaseHTTPRequestHandler):
    """Open Inference Protocol over two classes; refuses for good after so many rows."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Silent."""

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, {"inputs": [{"name": "x", "datatype": "FP32"}], "outputs": [{"name": "probabilities"}]})

    def do_POST(self):
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"][0]
        x = np.array(given["data"], dtype=np.float32).reshape(given["shape"])
        if self.server.rows + len(x) > self.server.limit:
            self.answer(429, {})
            return
        self.server.rows += len(x)
        told = self.server.model.predict_proba(x)
        tensor = {"name": "probabilities", "shape": told.shape, "datatype": "FP64", "data": told.ravel().tolist()}
        self.answer(200, {"outputs": [tensor]})


@pytest.fixture
def endpoint():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.rows, server.limit, server.model = True, 0, 20, logistic()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_refusal_of_the_service_ends_it_and_keeps_what_was_answered(endpoint):
    """Twenty rows are allowed and asked by eights: sixteen are answered, held and counted, and nothing is asked after."""
    source = Endpoint(
        f"http://127.0.0.1:{endpoint.server_port}", "m", patience=Patience(tries=2, wait=0), sleep=lambda _: None
    )
    oracle = Oracle(source, chunk=8)
    x, _ = tumours()
    told = oracle.ask(x[:50])
    assert len(told.x) == len(told.y) == oracle.asked == len(oracle.held.x) == 16
    assert "429" in oracle.ended.what
    assert not oracle.spent
    assert oracle.left == 0
    assert np.allclose(told.y, logistic().predict_proba(x[:16]), atol=1e-6)
    endpoint.limit = 1000
    assert len(oracle.ask(x[:5]).x) == 0
    assert endpoint.rows == 16


def test_its_own_budget_is_spent_to_the_last_question():
    """Fifty inputs, seventeen questions: seventeen answers."""
    oracle = Oracle(softmax(), budget=17)
    assert oracle.left == 17
    assert len(oracle.ask(digits()[0][:50]).x) == oracle.asked == 17
    assert oracle.spent
    assert oracle.told == 17 * 9


@pytest.mark.parametrize("form", ["label", "top-k", "probabilities", "score"])
@pytest.mark.parametrize("decimals", [None, 0, 2])
@pytest.mark.parametrize("top", [1, 3])
def test_answers_have_the_form_that_the_guard_gives_them(form, decimals, top):
    """Beside `redan.guards.answer_form`, number by number."""
    if form == "score" and decimals is not None:
        pytest.skip("numbers as they are have all their digits")
    scores = np.random.default_rng(0).dirichlet(np.ones(5), 40)
    scores[0] = 0.2  # ties tell nothing
    port = Port("p", "FP64", (-1, 5))
    flow = Flow(Request("POST", b"/", b"", (), b"", "", 0.0), "m")
    flow.answer = Answer((Tensor("p", "FP64", scores),))
    assert AnswerForm(port, form, top, decimals).outbound(flow) is None
    assert np.array_equal(Shown(form, top, decimals).of(scores), flow.answer.outputs[0].values)


@given(st.text(max_size=20))
def test_any_text_is_a_form_or_refused(text):
    """And a form reads as it is written."""
    try:
        found = shown(text)
    except UsageError:
        return
    assert shown(str(found)) == found


@pytest.mark.parametrize("text", ["label:2", "score:3", "top-k", "top-k:0", "probabilities:99", "", "labels"])
def test_other_forms_are_refused(text):
    """With what may be written."""
    with pytest.raises(UsageError):
        shown(text)


@given(st.integers(2, 50), st.integers(1, 60), st.integers(0, 12))
def test_less_is_told_by_coarser_answers(classes, top, decimals):
    """A label tells less than rounded numbers, those less than all digits."""
    whole = shown("probabilities").told(classes)
    rounded = Shown("probabilities", 1, decimals).told(classes)
    assert shown("label").told(classes) > 0
    assert rounded <= whole == classes - 1
    assert 0 < Shown("top-k", top, decimals).told(classes) <= rounded + 1e-12
    assert shown("score").told(classes) == classes


def test_a_model_that_shows_labels_only_needs_the_number_of_its_classes():
    """A function of labels: refused without, one-hot with it; a class beyond them is refused."""

    def victim(x):
        return (np.asarray(x)[:, 0] > 0.5).astype(np.int64)

    x, _ = tumours()
    with pytest.raises(InputError, match="how many classes"):
        Oracle(victim).ask(x[:4])
    assert Oracle(victim, classes=2).ask(x[:4]).y.sum(axis=1).tolist() == [1, 1, 1, 1]
    with pytest.raises(InputError, match="beyond"):
        Oracle(lambda x: np.full(len(x), 5), classes=2).ask(x[:4])


def test_words_as_labels_are_places_of_the_estimators_classes():
    """Of a tree that names its classes."""
    x, _ = tumours()
    told = Oracle(tree(), shown=shown("label")).ask(x)
    assert (tree().classes_[told.y.argmax(axis=1)] == tree().predict(x)).all()
