"""Answers in order: a run that was cut off comes to the same, and what was paid for is not asked again."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from redan.attacks.extraction.oracle import Oracle
from redan.attacks.queries import Queries, SpentError
from redan.attacks.replay import FORMAT, Replay, line, parsed
from redan.errors import IncompleteError, InputError

X = np.random.default_rng(0).random((50, 6), dtype=np.float32)


class Service:
    """Answers by the number of the question, as one that draws does, until it refuses."""

    classes = None
    forward = 0

    def __init__(self, most=1000, *, labels=False):
        self.most, self.labels, self.asked = most, labels, 0

    def ask(self, x):
        if self.asked + len(x) > self.most:
            raise IncompleteError("no more today", remedy="come back tomorrow")
        self.asked += len(x)
        told = np.stack([x[:, 0] + self.asked, x[:, 1], x[:, 2]], axis=1)
        return told.argmin(axis=1) if self.labels else told


@pytest.mark.parametrize("labels", [False, True])
def test_the_same_questions_have_the_same_answers_and_count_again(tmp_path, labels):
    """Twice the same sample has two answers; a second run gets both, asks nothing, and its budget is spent by them."""
    path = tmp_path / "work"
    first = Queries(Service(labels=labels), replay=Replay(path, "m").part("a"))
    told = [first.answered(X[:20]), first.answered(X[:20])]
    assert labels or not np.array_equal(*told)
    service = Service(0)
    second = Queries(service, budget=40, replay=Replay(path, "m").part("a"))
    again = [second.answered(X[:7]), second.answered(X[7:20]), second.answered(X[:20])]
    assert np.array_equal(np.concatenate(again), np.concatenate(told))
    assert (service.asked, second.asked) == (0, 40)
    with pytest.raises(SpentError):
        second.answered(X[:1])


def test_an_oracle_that_was_refused_goes_on(tmp_path):
    """What was answered before a refusal comes from the file, and what follows from the service."""
    path, whole = tmp_path / "work", Oracle(Queries(Service()), chunk=8)
    whole.ask(X)
    cut = Oracle(Queries(Service(24), replay=Replay(path, "m").part("a")), chunk=8)
    assert len(cut.ask(X).x) == 24
    service = Service()
    service.asked = 24
    rest = Oracle(Queries(service, replay=Replay(path, "m").part("a")), chunk=8)
    assert len(rest.ask(X).x) == 50
    assert np.array_equal(rest.answers, whole.answers)
    assert service.asked == 50


def test_other_questions_are_asked_and_what_followed_is_forgotten(tmp_path):
    """A part of the same name with another second question: the first answer is kept, the rest is asked, and stays."""
    path = tmp_path / "work"
    Queries(Service(), replay=Replay(path, "m").part("a")).answered(X[:10])
    Queries(Service(), replay=Replay(path, "m").part("b")).answered(X[:3])
    service = Service()
    other = Queries(service, replay=Replay(path, "m").part("a"))
    other.answered(np.concatenate([X[:1], X[20:24]]))
    assert service.asked == 4
    held, _ = parsed(path.read_bytes(), "m", "work")
    assert {name: len(found) for name, found in held.items()} == {"a": 5, "b": 3}
    nothing = Service(0)
    Queries(nothing, replay=Replay(path, "m").part("a")).answered(np.concatenate([X[:1], X[20:24]]))


def test_a_line_that_was_cut_off_is_asked_again(tmp_path):
    """After a kill in the middle of a write, the lines before it are good."""
    path = tmp_path / "work"
    queries = Queries(Service(), replay=Replay(path, "m").part("a"))
    queries.answered(X[:10])
    queries.answered(X[10:20])
    path.write_bytes(path.read_bytes()[:-3])
    service = Service()
    Queries(service, replay=Replay(path, "m").part("a")).answered(X[:20])
    assert service.asked == 10
    assert len(parsed(path.read_bytes(), "m", "work")[0]["a"]) == 20


HEAD = json.dumps({"format": FORMAT, "of": "m"}).encode() + b"\n"
GOOD = json.loads(line("a", 0, [(b"k" * 16, np.zeros(3, np.float32))]))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"x", "no JSON"),
        (b"[]\n", "no object"),
        (b"{}\n", "no file"),
        (b"[" * 9000 + b"\n", "no JSON"),
        (HEAD.replace(b'"m"', b'"n"'), "another model"),
        (HEAD + b"{}\n", "no answers"),
        *(
            (HEAD + json.dumps(GOOD | change).encode() + b"\n", says)
            for change, says in [
                ({"at": 1}, "missing"),
                ({"at": -1}, "no answers"),
                ({"at": True}, "no answers"),
                ({"classes": 4}, "no answers"),
                ({"classes": 1 << 40}, "no answers"),
                ({"classes": -3}, "no answers"),
                ({"keys": "AAAA"}, "no answers"),
                ({"keys": ""}, "no answers"),
                ({"keys": "\u00e9"}, "no answers"),
                ({"told": 7}, "no answers"),
                ({"part": None}, "no answers"),
            ]
        ),
    ],
)
def test_other_files_are_refused_and_stay(tmp_path, data, says):
    """One line, with what is wrong; nothing is written."""
    path = tmp_path / "other"
    path.write_bytes(data)
    with pytest.raises(InputError, match=says) as caught:
        Replay(path, "m")
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == data


def test_a_model_that_answers_otherwise_than_before_is_refused(tmp_path):
    """Labels after scores: the file is of another model, whatever its name."""
    path = tmp_path / "work"
    Queries(Service(), replay=Replay(path, "m").part("a")).answered(X[:4])
    with pytest.raises(InputError, match="another shape"):
        Queries(Service(labels=True), replay=Replay(path, "m").part("a")).answered(X[:8])


def test_a_file_that_cannot_be_written_is_refused(tmp_path):
    """Before anything is asked."""
    with pytest.raises(InputError, match="cannot write"):
        Replay(tmp_path / "none" / "work", "m")


@given(
    st.text(max_size=20),
    st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=5),
    arrays.array_shapes(min_dims=1, max_dims=1, max_side=4),
    st.data(),
)
def test_what_is_written_is_read(name, keys, width, data):
    """Any name, digests and answers, also minus infinity; byte for byte."""
    told = data.draw(arrays.arrays(np.float32, (len(keys), *width), elements=st.floats(width=32, allow_nan=False)))
    text = HEAD + line(name, 0, list(zip(keys, told, strict=True)))
    held, whole = parsed(text, "m", "work")
    assert whole == len(text)
    assert [key for key, _ in held[name]] == keys
    assert np.stack([row for _, row in held[name]]).tobytes() == told.tobytes()
