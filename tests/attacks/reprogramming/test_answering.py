"""What a verdict says of a service that shows labels, rounds, answers otherwise a second time, or does not fit its data."""

import numpy as np
import pytest

from attacks.reprogramming import victims
from redan.attacks.endpoint import RefusedError
from redan.attacks.extraction.form import Shown, shown
from redan.attacks.reprogramming.answering import answered
from redan.attacks.reprogramming.campaign import Wanted, reprogram
from redan.attacks.reprogramming.tasks import counting
from redan.attacks.reprogramming.telling import NOTICED, QUERIES, tell
from redan.attacks.sources import FunctionSource
from redan.errors import IncompleteError, InputError
from redan.terms import Outcome

TASK = counting(400, 200, classes=4, square=2)
QUICK = Wanted(queries=600, test=200, inside=False, shuffled=False, monitors=())


def shares(x, sharp=400.0):
    return shown("probabilities").of(victims.answering(victims.weights(victims.middle() + 0.05, sharp))(x))


def levels(rows=400):
    """Which of the four levels of brightness the middle of each own picture has."""
    rng = np.random.default_rng(1)
    return rng.integers(0, victims.CLASSES, rows)


def served(answers, made=None, **more):
    source = FunctionSource(answers, chunk=32)
    return victims.victim(made or victims.weak(), source=lambda: source)._replace(**more)


def looked(there, **more):
    return answered(there, TASK, there.frame(TASK), **more)


def told(there, wanted=QUICK, task=TASK):
    return {one.check: one for one in tell(reprogram(there, task, wanted), "levels")}


def test_a_model_is_asked_about_its_own_data_twice_about_some_of_it():
    """400 samples, 16 foreign inputs and 32 again; it does its own task, and twice the same."""
    found = looked(served(shares, y=levels()))
    assert (found.n, found.classes, found.labels, found.decimals) == (448, 4, False, None)
    assert (found.unlike.hits, found.unlike.n, found.right.n) == (0, 32, 400)
    assert found.right.interval.low > 0.6
    assert 0.2 < found.guessed < 0.3
    assert found.at_home


def test_labels_alone_are_one_form_whatever_was_wanted():
    """Two forms of answers would be the same attack twice, and be told as what nobody saw."""
    there = served(lambda x: shares(x).argmax(axis=1))
    found = reprogram(there, TASK, QUICK._replace(forms=(Shown(), shown("label")), classes=4))
    assert [one.name for one in found.attempts] == ["queries, label"]
    message = next(tell(found, "levels")).message
    assert "answering label," in message
    assert "In 448 answers it shows labels alone." in message


@pytest.mark.parametrize("places", [1, 2, 4])
def test_what_a_model_rounds_is_told(places):
    """Of all places that were wanted as few as there are; nothing of it where fewer are wanted."""
    there = served(lambda x: np.round(shares(x, 20.0), places))
    assert looked(there).decimals == places
    finding = told(there)[QUERIES]
    assert f"of which the first 448 show {places} place" in finding.message
    assert finding.to_json()["detail"]["answered"]["decimals"] == places
    assert "of which" not in told(there, QUICK._replace(forms=(shown("probabilities:1"),)))[QUERIES].message


def test_answers_that_differ_when_asked_again_are_counted():
    """Noise on every second batch; logits of any height are no shares, so that nothing is said of their places."""
    rng = np.random.default_rng(0)
    there = served(lambda x: np.round(victims.answering(victims.weak())(x) + rng.normal(size=(len(x), 4))))
    found = looked(there)
    assert found.unlike.hits > 16
    assert found.decimals is None
    assert f"Asked twice, it answers {found.unlike.hits} of 32 inputs otherwise." in told(there)[QUERIES].message


@pytest.mark.parametrize(
    ("y", "says"),
    [(np.arange(400) % 4 + 100, "from 100 to 103"), (np.arange(400) % 4 - 1, "from -1 to 2")],
)
def test_labels_that_are_no_classes_are_refused(y, says):
    """With what they are and how many classes there are."""
    with pytest.raises(InputError, match=f"{says}, and the model has 4 classes"):
        looked(served(shares, y=y))


def test_names_of_classes_are_taken_in_sorted_order_or_not_at_all():
    """Where the model names none: four names for four classes, or three for four."""
    names = np.array(["a", "b", "c", "d"])[levels()]
    assert looked(served(shares, y=names)).right.interval.low > 0.6
    found = looked(served(shares, y=np.where(names == "d", "c", names)))
    assert found.right is None
    assert "no names" in found.notes[0]


def test_another_number_of_classes_than_the_model_has_is_refused():
    """Declared ones are for labels alone, where nobody else knows."""
    with pytest.raises(InputError, match="4 classes, and --classes says 3"):
        looked(served(shares), declared=3)
    labels = served(lambda x: shares(x).argmax(axis=1))
    with pytest.raises(InputError, match="nobody knows"):
        looked(labels)
    with pytest.raises(InputError, match="beyond its 2"):
        looked(labels, declared=2)


def test_a_low_accuracy_of_a_model_that_does_not_know_its_data_is_no_verdict():
    """The hardened service holds where it does its own task, and nothing is told where its data is not its own."""
    wide = np.random.default_rng(2).random((400, 256)).astype(np.float32) * 0.1
    kinds = levels()
    wide += (victims.border().reshape(1, -1) * kinds[:, None] / 3 * 0.8).astype(np.float32)
    there = served(victims.answering(victims.hardened()), victims.hardened(), x=wide, y=kinds)
    held = told(there)[QUERIES]
    assert held.outcome is Outcome.HOLDS
    assert "On its own task the model is right on" in held.message
    lost = told(there._replace(y=np.random.default_rng(3).permutation(kinds)))[QUERIES]
    assert lost.outcome is Outcome.NOT_RUN
    assert "no more often right than by guessing" in lost.message
    assert "scaled as it was trained" in lost.remedy.text


def test_a_task_of_more_classes_than_can_be_told_is_no_verdict():
    """Two of sixteen classes stay below the agreed accuracy, whatever a program does."""
    task = counting(600, 200, classes=16, square=2)
    assert task.reachable(2) < 0.25
    assert task.reachable(16) == 1.0
    rng = np.random.default_rng(4)
    matrix = rng.normal(size=(256, 2)).astype(np.float32)
    there = served(lambda x: x.reshape(len(x), -1) @ matrix)
    finding = told(there, task=task)[QUERIES]
    assert finding.outcome is Outcome.NOT_RUN
    assert "With its 2 classes the model reaches" in finding.message
    assert "fewer classes" in finding.remedy.text


def test_a_monitor_that_cannot_look_is_told():
    """Inputs that are too wide for the gateway's monitors: not run, with the reason, rather than silence."""
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(130 * 130, 4)).astype(np.float32)
    wide = victims.victim(victims.weak())._replace(
        x=rng.random((120, 130, 130)).astype(np.float32),
        low=np.zeros(130 * 130),
        high=np.ones(130 * 130),
        columns=np.arange(130 * 130),
        source=lambda: FunctionSource(lambda x: x.reshape(len(x), -1) @ matrix / 20, chunk=32),
    )
    found = told(wide, QUICK._replace(monitors=("one-program",)))
    assert found[NOTICED].outcome is Outcome.NOT_RUN
    assert "16,384 numbers" in found[NOTICED].message


def test_one_answer_to_everything_says_what_to_do():
    """A remedy beside the fault."""
    with pytest.raises(IncompleteError, match="one answer to everything") as raised:
        looked(served(lambda x: np.tile([0.3, 0.7], (len(x), 1))))
    assert "scaled" in raised.value.remedy


@pytest.mark.parametrize(
    ("takes", "says"),
    [(0, "for samples of the model's own data"), (1, "for foreign inputs within a program")],
)
def test_a_service_that_refuses_says_what_it_refused(takes, says):
    """Its own data, or foreign inputs alone; some of its own data costs those samples alone."""

    def bounded(x):
        if not takes or (x.reshape(len(x), -1)[:, 0] > 0.2).any():
            raise RefusedError("the endpoint refused: HTTP 422", where="http://here")
        return shares(x)

    there = served(bounded, y=levels())
    with pytest.raises(IncompleteError, match=says) as raised:
        looked(there)
    assert "HTTP 422" in raised.value.what
    assert raised.value.remedy


def test_refused_samples_of_its_own_data_are_counted():
    """Eight of 400 are refused together; the others say how often it is right."""
    held = victims.own()

    def picky(x):
        if any(np.array_equal(row, held[5]) for row in x):
            raise RefusedError("the endpoint refused: HTTP 422", where="http://here")
        return shares(x)

    found = looked(served(picky, y=levels()))
    assert 392 <= found.right.n < 400
    assert "refuses" in found.notes[0]
