"""Findings of extraction: sure above the bound is broken, sure below holds, all else is told as not known."""

import numpy as np
import pytest

from redan.attacks.cost import Cost
from redan.attacks.extraction.campaign import Copied, Rotation, marks_of
from redan.attacks.extraction.domain import box
from redan.attacks.extraction.form import shown
from redan.attacks.extraction.reach import Extraction, Point, Yardstick
from redan.attacks.extraction.telling import BOUNDED, MEASURED, ROTATED, reached, tell
from redan.measures.robustness.accuracy import counted
from redan.stats.binomial import clopper_pearson
from redan.terms import Outcome

N = 1000


def made(*hits, refused="", name="knockoff, random", n=N):
    points = tuple(
        Point(
            queries=10 * 2**place,
            told=10.0 * 2**place,
            fidelity=counted(count, n),
            uniform=counted(count, n),
            accuracy=None,
        )
        for place, count in enumerate(hits)
    )
    return Extraction(attack=name, shown="label", points=points, refused=refused, cost=Cost(queries=20), copy=None)


def copied(*forms, answers=None, **more):
    told = np.arange(N) % 2 if answers is None else answers
    by = Yardstick(
        x=np.zeros((N, 1)), answers=told, y=None, uniform=np.zeros((5, 1)), uniform_answers=told[:5], classes=2
    )
    given = {"without": None, "alike": None, "second": None, "rotation": None, "unknowns": 100} | more
    return Copied(by=by, forms=forms, known=50, cost=Cost(queries=20), **given)


def outcomes(of, threshold=0.9):
    return {finding.check: finding for finding in tell(of, "m", budget=20, threshold=threshold)}


@pytest.mark.parametrize(
    ("hits", "outcome"), [(950, Outcome.BROKEN), (850, Outcome.HOLDS), (905, Outcome.NOT_RUN), (895, Outcome.NOT_RUN)]
)
def test_the_bound_is_judged_by_the_interval(hits, outcome):
    """Of a thousand samples, against nine in ten."""
    found = outcomes(copied((shown("label"), (made(500, hits),))))
    assert found[BOUNDED].outcome is outcome
    assert found[BOUNDED].measure.value == hits / N
    assert found[MEASURED].outcome is Outcome.HOLDS


def test_the_interval_is_widened_for_the_copies_that_were_compared():
    """Four copies: the best one's interval holds at 1 - 0.05 / 4."""
    attack, point, fidelity = reached((made(500, 920), made(910, 915, name="active")))
    assert (attack.attack, point.queries) == ("knockoff, random", 20)
    assert fidelity.interval == clopper_pearson(920, N, 1 - 0.05 / 4)
    assert reached((made(),)) is None


def test_the_form_that_is_served_is_judged_and_the_bare_one_measured():
    """Labels are served; all digits stand beside them."""
    whole = copied((shown("label"), (made(700),)), (shown("probabilities"), (made(1000),)))
    found = outcomes(whole)
    assert found[BOUNDED].outcome is Outcome.HOLDS
    assert "label" in found[BOUNDED].part
    assert found[MEASURED].part == "probabilities"
    assert found[MEASURED].measure.value == 1.0
    assert "a leak budget of 0.1" in found[MEASURED].message
    kinds = [one["kind"] for one in found[MEASURED].detail["pictures"]]
    assert kinds == ["fidelity-curve"] * 4 + ["shares"]


def test_a_bound_below_what_nobody_has_to_ask_for_is_told():
    """No budget meets it."""
    found = outcomes(copied((shown("label"), (made(980),)), without=counted(930, N)))
    assert "Without a question 93.0% are reached" in found[BOUNDED].message


def test_nothing_answered_and_one_answer_only_are_not_run():
    """With the service's words."""
    found = outcomes(copied((shown("label"), (made(refused="the endpoint refused: HTTP 403"),))))
    assert {one.outcome for one in found.values()} == {Outcome.NOT_RUN}
    assert "HTTP 403" in found[MEASURED].message
    same = outcomes(copied((shown("label"), (made(1000),)), answers=np.ones(N, dtype=np.int64)))
    assert {one.outcome for one in same.values()} == {Outcome.NOT_RUN}
    assert "one answer to every sample" in same[MEASURED].message


def test_a_refusal_is_told_with_what_was_reached():
    """The service ended it."""
    found = outcomes(copied((shown("label"), (made(700, refused="the endpoint did not answer: HTTP 429"),))))
    assert "HTTP 429" in found[BOUNDED].message


@pytest.mark.parametrize(("hits", "outcome"), [(990, Outcome.BROKEN), (600, Outcome.HOLDS), (900, Outcome.NOT_RUN)])
def test_rotation_is_judged_by_what_the_next_generation_makes_of_the_copy(hits, outcome):
    """Beside how much the generations agree themselves."""
    rotation = Rotation(counted(hits, N), counted(950, N))
    found = outcomes(copied((shown("label"), (made(700),)), rotation=rotation))
    assert found[ROTATED].outcome is outcome
    assert "both generations agree on 95.0%" in found[ROTATED].message


@pytest.mark.parametrize("budget", [1, 2, 15, 16, 17, 65, 1000, 10**6])
def test_copies_are_judged_at_rising_numbers_of_questions(budget):
    """Up to the budget itself, at the rank of the inputs where the budget reaches, and not too often."""
    marks = marks_of(budget, box((64,)))
    assert list(marks) == sorted(set(marks))
    assert marks[-1] == budget
    assert marks[0] >= 1
    assert (65 in marks) == (budget >= 65)
    assert len(marks) <= 7


def test_a_service_that_changes_its_answers_is_not_cleared():
    """Its agreement with itself is told beside; a low figure is no bound then, a high one is a copy still."""
    again = counted(60, 100)
    low = outcomes(copied((shown("label"), (made(500),)), again=again))[BOUNDED]
    assert low.outcome is Outcome.NOT_RUN
    assert "answered 60 of 100 samples as before" in low.message
    assert low.measure.n == N
    high = outcomes(copied((shown("label"), (made(950),)), again=again))
    assert high[BOUNDED].outcome is Outcome.BROKEN
    assert high[MEASURED].detail["beside"]["the service, asked again"] == 0.6
    steady = outcomes(copied((shown("label"), (made(500),)), again=counted(100, 100)))[BOUNDED]
    assert steady.outcome is Outcome.HOLDS
    assert "as before" not in steady.message
