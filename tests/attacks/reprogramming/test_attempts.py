"""Attempts on a weak and a hardened service: what they reach, what they cost, and when they are noticed."""

import numpy as np
import pytest

from attacks.reprogramming import victims
from redan.attacks.extraction.form import Shown
from redan.attacks.reprogramming.campaign import QUERY_ONLY, WHITE_BOX, Wanted, course_of, reprogram
from redan.attacks.reprogramming.differences import Differences
from redan.attacks.reprogramming.frame import picture_frame
from redan.attacks.reprogramming.keeping import Kept
from redan.attacks.reprogramming.learning import Course, learn
from redan.attacks.reprogramming.noticing import MONITORS, Ground, Noticed, first, sound
from redan.attacks.reprogramming.service import Service
from redan.attacks.reprogramming.tasks import counting, opposites
from redan.attacks.reprogramming.telling import NOTICED, QUERIES, WHITE, tell
from redan.attacks.sources import FunctionSource
from redan.errors import IncompleteError, InputError
from redan.gateway import watching_model
from redan.measures.robustness import rate
from redan.terms import Outcome

TASK = counting(1000, 400, classes=4, square=2)
QUICK = Wanted(queries=3000, test=400, inside=False, honest=10)


def outcomes(found):
    return {one.check: one.outcome for one in tell(found, "levels")}


def test_the_weak_service_works_for_strangers_and_the_hardened_one_does_not():
    """By 3,000 questions; the monitors see the first attempt before it succeeds; shuffled classes teach nothing."""
    found = reprogram(victims.victim(victims.weak()), TASK, QUICK)
    (made,) = found.of(QUERY_ONLY)
    assert outcomes(found) == {QUERIES: Outcome.BROKEN, NOTICED: Outcome.HOLDS}
    assert made.accuracy.interval.low > 0.4
    assert made.cost.queries <= 3000
    assert found.shuffled.interval.low <= found.task.chance
    held = reprogram(victims.victim(victims.hardened()), TASK, QUICK._replace(monitors=()))
    assert outcomes(held) == {QUERIES: Outcome.HOLDS}
    assert held.attempts[0].accuracy.interval.low <= held.task.chance


def test_gradients_do_the_same_through_a_network():
    """White-box on the twin of weights as a module; every pass is counted."""
    pytest.importorskip("torch")
    wanted = QUICK._replace(queries=0, steps=60, batch=16, shuffled=False, monitors=())
    found = reprogram(victims.victim(victims.weak(), network=victims.module(victims.weak())), TASK, wanted)
    (made,) = found.of(WHITE_BOX)
    assert outcomes(found) == {WHITE: Outcome.BROKEN}
    assert made.cost.backward == 16 * 60
    held = reprogram(victims.victim(victims.hardened(), network=victims.module(victims.hardened())), TASK, wanted)
    assert outcomes(held) == {WHITE: Outcome.HOLDS}


def test_slopes_agree_with_small_differences_of_the_loss():
    """The gradient of the white box is that of the mean loss, along a direction."""
    pytest.importorskip("torch")
    from redan.attacks.reprogramming.slopes import Slopes

    rng = np.random.default_rng(0)
    estimator = Slopes(victims.module(victims.weights(victims.middle() + 0.5, 3.0)), picture_frame((256,), (8, 8)))
    mapped, theta = rng.random((4, 4)), rng.normal(size=estimator.frame.parameters)
    x, y, aside = TASK.x[:16], TASK.y[:16], rng.normal(size=len(theta))

    def loss(at):
        return float(-np.log((estimator.shares(at, x) @ mapped)[np.arange(16), y]).mean())

    slope = estimator.slope(theta, (x, y), mapped, rng).gradient @ aside
    assert slope == pytest.approx((loss(theta + 1e-2 * aside) - loss(theta - 1e-2 * aside)) / 2e-2, rel=0.05)


@pytest.mark.parametrize("apiece", [True, False])
def test_estimates_point_where_the_gradient_does(apiece):
    """The mean of many estimates from answers has a clear share of the direction of the gradient."""
    pytest.importorskip("torch")
    from redan.attacks.reprogramming.slopes import Slopes

    made, frame = victims.weights(victims.middle() + 0.5, 3.0), picture_frame((256,), (8, 8), block=4)
    rng = np.random.default_rng(1)
    theta, mapped = 0.3 * rng.normal(size=frame.parameters), np.eye(4)
    exact = Slopes(victims.module(made), frame).slope(theta, (TASK.x[:64], TASK.y[:64]), mapped, rng).gradient
    service = Service(FunctionSource(victims.answering(made), chunk=64))
    asked = Differences(service=service, frame=frame, focus=0.0, apart=0.01, apiece=apiece, directions=40)
    found = np.mean([asked.slope(theta, (TASK.x[:64], TASK.y[:64]), mapped, rng).gradient for _ in range(5)], axis=0)
    assert found @ exact / np.linalg.norm(found) / np.linalg.norm(exact) > 0.9
    assert asked.spent == 5 * asked.questions(64)


def test_a_budget_is_kept_and_a_refusal_is_told():
    """A service that refuses after 1,000 inputs ends the attempt; what was right on the way judges it."""
    asked = [0]

    def failing(x):
        asked[0] += len(x)
        if asked[0] > 1000:
            raise IncompleteError("the endpoint refused: HTTP 429")
        return victims.answering(victims.weak())(x)

    source = FunctionSource(failing, chunk=8)
    found = reprogram(
        victims.victim(victims.weak(), source=lambda: source), TASK, QUICK._replace(shuffled=False, monitors=())
    )
    (made,) = found.attempts
    assert made.refused == "the endpoint refused: HTTP 429"
    assert not made.judged
    assert made.free is None
    assert 500 < made.cost.queries <= 1000
    assert "The service ended it" in next(iter(tell(found, "levels"))).message


def test_work_goes_on_where_it_was_cut_off(tmp_path):
    """A call that ends in the middle and one that goes on give the program of one that was never cut off."""
    frame, course = picture_frame((256,), (8, 8)), Course(steps=24, batch=16, seed=3, kinds=("frequency", "bayesian"))

    def run(states, keep, stop=None):
        source = FunctionSource(victims.answering(victims.weak()), chunk=16)
        estimator = Differences(service=Service(source, budget=stop), frame=frame)
        return learn(estimator, TASK, course, states=states, keep=keep)

    whole = run([], None)
    kept = Kept(tmp_path / "work", "levels")
    assert run(kept.states("a"), lambda states: kept.keep("a", states), 700).ended is not None
    again = Kept(tmp_path / "work", "levels")
    assert 0 < sum(one.step for one in again.states("a")) < 26
    assert np.array_equal(run(again.states("a"), lambda states: again.keep("a", states)).theta, whole.theta)
    with pytest.raises(InputError, match="another model"):
        Kept(tmp_path / "work", "other")
    (tmp_path / "work").write_bytes(b"PK\x03\x04 no work")
    with pytest.raises(InputError, match="no work"):
        Kept(tmp_path / "work", "levels")


def test_monitors_are_those_of_the_gateway_and_accuse_nobody_honest():
    """The same tolerated shares as the gateway's, and no alarm of `one-program` about 30 honest clients."""
    assert watching_model.TOLERATED == MONITORS
    ground = Ground(victims.own(400))
    alarms = ground.false_alarms(clients=30, each=60)
    assert alarms["one-program"].hits == 0
    assert sound(alarms, "one-program")
    watching = ground.watch(["one-program"])
    watching(picture_frame((256,), (8, 8)).inputs(TASK.x[:60], np.zeros(192)))
    assert watching.noticed[0].at <= 50
    with pytest.raises(IncompleteError, match="too little"):
        Ground(victims.own(50))


def test_a_monitor_that_accuses_everybody_has_noticed_nothing():
    """Its alarm does not count as the first one."""
    alarms = {"one-program": rate(np.zeros(30, bool)), "outlying-queries": rate(np.ones(30, bool))}
    seen = (Noticed("outlying-queries", 8, 100), Noticed("one-program", 12, 100))
    assert first(seen, alarms) == 12
    assert first(seen[:1], alarms) is None
    assert first(seen, {}) == 8


@pytest.mark.parametrize("form", ["label", "probabilities:1", "top-k:2:2", "score"])
def test_every_form_of_answers_is_taken(form):
    """An attempt ends with a program and a rate, whatever is shown."""
    from redan.attacks.extraction.form import shown

    wanted = QUICK._replace(queries=600, forms=(shown(form),), shuffled=False, monitors=())
    (made,) = reprogram(victims.victim(victims.weak()), TASK, wanted).attempts
    assert made.accuracy.n == 400
    assert made.shown == shown(form)


def test_a_constant_model_tells_nothing_and_rows_take_numbers():
    """One answer to everything is refused; a model of rows is tried with a task of numbers."""
    constant = (np.zeros((256, 4), np.float32), np.zeros(4, np.float32))
    with pytest.raises(IncompleteError, match="one answer to everything"):
        reprogram(victims.victim(constant), TASK, QUICK)
    rows = victims.victim(victims.weak())._replace(table=True)
    (made,) = reprogram(rows, opposites(500, 200), QUICK._replace(queries=600, shuffled=False, monitors=())).attempts
    assert made.frame.placed.tolist() == [0, 1]
    assert made.shown == Shown()


@pytest.mark.parametrize("budget", [60, 500, 3000, 100_000])
def test_a_course_never_asks_more_than_its_budget(budget):
    """Map, steps and settling together."""
    course = course_of(budget, 0)
    steps = course.steps + max(0, course.tried * len(course.kinds) - course.steps)
    assert course.fit + 2 * course.batch * steps + course.settle <= budget
