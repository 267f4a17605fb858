"""Whose limit it is, told by two clients over a simulated clock: refills between two questions decide nothing."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from redan.controls.live.limits import Spent, judged, spent
from redan.terms import Outcome

OK, LIMITED = 200, 429
MOST = 2000


class Bucket:
    """A token bucket that refills at a rate, and may hold no more than a total in all."""

    def __init__(self, clock, rate, burst, total):
        self.clock, self.rate, self.burst, self.total = clock, rate, burst, total
        self.level, self.at = burst, clock.now

    def take(self):
        self.level = min(self.burst, self.level + (self.clock.now - self.at) * self.rate)
        self.at = self.clock.now
        if self.level < 1 or self.total < 1:
            return LIMITED
        self.level -= 1
        self.total -= 1
        return OK


class Clock:
    """Time that passes only where somebody waits, or asks."""

    now = 0.0

    def wait(self, seconds):
        self.now += seconds


def asked(*, shared, rate, burst, total, takes, slower=1.0, pause=0.0):
    """The outcome for two clients of which each question takes a while, with a pause before the other one asks."""
    clock = Clock()
    mine = Bucket(clock, rate, burst, total)
    theirs = mine if shared else Bucket(clock, rate, burst, total)
    rested = []

    def first():
        clock.wait(takes)
        return mine.take()

    def second():
        if not rested:
            rested.append(True)
            clock.wait(pause)
        clock.wait(takes * slower)
        return theirs.take()

    assert theirs.take() == OK  # asked once before, so that its refusal tells something
    return judged(spent(first, second, MOST, now=lambda: clock.now, wait=clock.wait)).outcome


LIMITS = {
    "rate": st.floats(0.01, 200),
    "burst": st.floats(1, 200),
    "total": st.integers(1, 500),
    "takes": st.floats(0.0005, 0.2),
}
UNSURE_BROKEN, UNSURE_HOLDS = {Outcome.BROKEN, Outcome.NOT_RUN}, {Outcome.HOLDS, Outcome.NOT_RUN}


def enough(limits):
    """Whether the first client is answered more than a few times, and a rate refills by half a question at most."""
    return min(limits["burst"], limits["total"]) >= 8 and limits["rate"] * limits["takes"] <= 0.5


@given(limits=st.fixed_dictionaries(LIMITS), slower=st.floats(0.2, 1.0))
@example(limits={"rate": 50.0, "burst": 40.0, "total": 50, "takes": 0.003}, slower=1.0)
def test_a_shared_limit_is_told(limits, slower):
    """Whether a rate or a total refuses, and however fast it refills; else nothing is told."""
    assert asked(shared=True, slower=slower, **limits) in ({Outcome.BROKEN} if enough(limits) else UNSURE_BROKEN)


@given(limits=st.fixed_dictionaries(LIMITS), slower=st.floats(0.2, 1.0))
def test_a_limit_of_ones_own_is_told(limits, slower):
    """Also where the other client could ask faster than the first; else nothing is told."""
    assert asked(shared=False, slower=slower, **limits) in ({Outcome.HOLDS} if enough(limits) else UNSURE_HOLDS)


def test_a_pause_in_which_a_shared_rate_refills_hides_nothing():
    """The machine stood still between both clients, for as long as ten questions take to refill."""
    assert asked(shared=True, rate=50, burst=40, total=500, takes=0.003, pause=0.2) is Outcome.BROKEN


def test_who_is_never_refused_tells_nothing():
    """No limit was met."""
    assert asked(shared=True, rate=1e6, burst=1e6, total=10**6, takes=0.001) is Outcome.NOT_RUN


def test_a_first_client_that_is_turned_away_otherwise_tells_nothing():
    """Its credentials were not taken."""
    found = spent(lambda: 401, lambda: OK, MOST, now=lambda: 0.0, wait=lambda _: None)
    assert judged(found).outcome is Outcome.NOT_RUN


@pytest.mark.parametrize(("status", "outcome"), [(429, Outcome.BROKEN), (403, Outcome.BROKEN), (503, Outcome.NOT_RUN)])
def test_a_fault_of_the_server_is_no_limit(status, outcome):
    """Only a refusal of the other client tells that it suffers for the first."""
    assert judged(Spent(answers=40, last=LIMITED, again=LIMITED, others=7, after=status)).outcome is outcome


def test_a_limit_that_refills_at_once_tells_nothing():
    """What the other client is told may be what refilled."""
    assert judged(Spent(answers=3, last=LIMITED, again=OK)).outcome is Outcome.NOT_RUN
    assert judged(Spent(answers=1, last=LIMITED)).outcome is Outcome.NOT_RUN
