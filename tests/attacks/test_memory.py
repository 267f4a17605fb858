"""Answers that are kept: nothing is paid for twice, and a file of another model is refused."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redan.attacks.evasion import surfree
from redan.attacks.memory import Memory, parsed
from redan.attacks.queries import Queries, StoppedError
from redan.attacks.sources import FunctionSource
from redan.attacks.threat import L2
from redan.errors import InputError

X = np.random.default_rng(0).random((40, 6), dtype=np.float32)
FUZZ = Path(__file__).resolve().parents[2] / "fuzz" / "fuzz_answers.py"


def scores(rows):
    return rows[:, :3] * np.array([1, 2, 3], dtype=np.float32)


def labels(rows):
    return scores(rows).argmax(axis=1)


@pytest.mark.parametrize("model", [scores, labels])
def test_what_is_known_is_not_asked_again(tmp_path, model):
    """A second run of the same questions costs nothing and gets the same answers, from the file."""
    path = tmp_path / "answers"
    first = Queries(FunctionSource(model), memory=Memory(path, "m"))
    told = first.labels(np.concatenate([X, X]))
    assert first.asked == 40
    second = Queries(FunctionSource(model), memory=Memory(path, "m"), budget=1)
    assert np.array_equal(second.labels(X), told[:40])
    second.labels(X[:1] + 1)
    assert second.asked == 1
    assert len(Memory(path, "m")) == 41


def test_an_attack_that_was_stopped_goes_on_where_it_was(tmp_path):
    """Two halves of a budget with kept answers find the bytes of one run, and pay for each question once."""

    def run(memory, budget):
        queries = Queries(FunctionSource(labels), memory=memory, budget=budget)
        try:
            return surfree(queries, X[:8], labels(X[:8]), threat=L2(0.1), queries=150, slots=4), queries.asked
        except StoppedError as stopped:
            return stopped.result, queries.asked

    whole, paid = run(None, None)
    path = tmp_path / "answers"
    part, first = run(Memory(path, "m"), paid // 2)
    rest, second = run(Memory(path, "m"), None)
    assert part.broken.sum() < whole.broken.sum()
    assert np.array_equal(rest.x_adv, whole.x_adv)
    assert first + second <= paid


def test_a_record_that_was_cut_off_is_asked_again(tmp_path):
    """After a kill in the middle of a write the rest of the file is good, and stays so."""
    path = tmp_path / "answers"
    Queries(FunctionSource(scores), memory=Memory(path, "m")).labels(X)
    path.write_bytes(path.read_bytes()[:-5])
    again = Queries(FunctionSource(scores), memory=Memory(path, "m"))
    again.labels(X)
    assert again.asked == 1
    assert len(Memory(path, "m")) == 40


@pytest.mark.parametrize(
    "data", [b"x", b"{}\n", b"[]\n", b'{"form": "redan-answers-1", "classes": true, "of": "m"}\n', b"[" * 9000]
)
def test_other_files_are_refused(tmp_path, data):
    """What is no file of answers is one clear error, and is not overwritten."""
    path = tmp_path / "other"
    path.write_bytes(data)
    with pytest.raises(InputError):
        Memory(path, "m")
    assert path.read_bytes() == data


def test_answers_of_another_model_are_refused(tmp_path):
    """Neither a model of another name nor one of other classes is believed."""
    path = tmp_path / "answers"
    Queries(FunctionSource(scores), memory=Memory(path, "m")).labels(X)
    with pytest.raises(InputError, match="another model"):
        Memory(path, "n")
    with pytest.raises(InputError, match="another shape"):
        Queries(FunctionSource(labels), memory=Memory(path, "m")).labels(X + 1)


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_answers_or_a_refusal(data, headed):
    """The fuzz target holds for short noise, with and without a right first line."""
    spec = importlib.util.spec_from_file_location("fuzz_answers", FUZZ)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    head = b'{"classes": 2, "form": "redan-answers-1", "of": "m"}\n' if headed else b""
    module.TestOneInput(head + data)
    if headed:
        assert len(parsed(head + data, "m", "f")[1]) <= len(data) // 24
