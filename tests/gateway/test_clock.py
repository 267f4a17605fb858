"""A wall clock that is set back refills no budget, forgets no nonce and revives no signature."""

import time

from hypothesis import given
from hypothesis import strategies as st

from gateway import houses
from gateway.test_guarded import project, signed
from redan.exchange.flow import Claim
from redan.gateway.assembly import assemble
from redan.gateway.clock import Clock
from redan.guards.store import NONCE, RATE, MemoryStore


class Wall:
    """A machine whose clock can be set."""

    def __init__(self, at=1000.0):
        self.at, self.steady = at, 0.0

    def go(self, seconds):
        """Time passes."""
        self.at += seconds
        self.steady += seconds

    def clock(self, since=0.0):
        """A clock on this machine."""
        return Clock(since, lambda: self.at, lambda: self.steady)


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(-1e4, 1e4)), max_size=30), st.floats(0, 2000))
def test_it_never_goes_back_and_never_ahead_of_the_latest_wall(steps, since):
    """Whatever the wall does; it is never later than the latest wall time that was read, plus half of what passed."""
    wall = Wall()
    clock = wall.clock(since)
    before = clock()
    latest = max(since, wall.at)
    for passed, moved in steps:
        wall.go(passed)
        wall.at += moved
        now = clock()
        latest = max(latest + passed / 2, wall.at)
        assert before <= now <= latest + 1e-6
        assert clock.behind >= 0
        before = now


def test_it_catches_up():
    """An hour back: half the speed for two hours, then the wall's again."""
    wall = Wall(10_000.0)
    clock = wall.clock()
    clock()
    wall.at -= 3600
    assert (clock(), clock.behind) == (10_000, 3600)
    for _ in range(3600):
        wall.go(1)
        clock()
    assert (clock(), clock.behind) == (11_800, 1800)
    for _ in range(3600):
        wall.go(1)
        clock()
    assert (clock(), clock.behind) == (13_600, 0)
    wall.go(5)
    assert clock() == 13_605


def test_a_wall_that_is_set_to_and_fro_refills_no_budget():
    """Ten units at once and one a second: a hundred jumps back and forth give what ten seconds give, and no more."""
    wall = Wall()
    clock, store = wall.clock(), MemoryStore()
    taken = 0
    for turn in range(1000):
        wall.go(0.01)
        wall.at += 500.0 if turn % 2 else -500.0
        taken += store.spend([Claim(RATE, "rate/alice", 1, 10, 1.0)], clock()).denied is None
    assert taken <= 10 + 10 + 1


def test_a_nonce_outlives_every_jump_back():
    """Remembered for a minute of a clock that does not go back, and what was signed before stays too old."""
    wall = Wall()
    clock, store = wall.clock(), MemoryStore()
    claim = Claim(NONCE, "nonce/a/1", 1, 0, 71.0)
    created = clock()
    assert store.spend([claim], created).denied is None
    for back in (10.0, 60.0, 3600.0):
        wall.go(5)
        wall.at -= back
        assert store.spend([claim], clock()).denied is not None or clock() >= created + 65
    wall.at = created
    for turn in range(2, 400):
        wall.go(1)
        store.spend([Claim(NONCE, f"nonce/a/{turn}", 1, 0, 71.0)], clock())
    assert store.spend([claim], clock()).denied is None  # forgotten at last
    wall.at = created + 1
    assert clock() >= created + 65  # when its signature is too old


def test_a_replay_under_a_clock_that_was_set_back_is_refused(tmp_path):
    """R25: through all guards: the first request, two minutes later, and the clock back where it was."""
    made = assemble(houses.read(project(tmp_path / "p")), now=time.time() - 10)
    wall = Wall(time.time())
    clock = wall.clock()
    object.__setattr__(made.plane, "clock", clock)
    try:
        good = signed(now=wall.at)
        assert houses.asked(made.plane, headers=good)[0] == 200
        for _ in range(3):
            wall.go(75)
            assert houses.asked(made.plane, headers=signed(now=wall.at))[0] == 200
        wall.at -= 225
        assert houses.asked(made.plane, headers=good)[0] == 401
        assert made.register.metrics.decisions["signature", "signature-stale"] == 1
    finally:
        made.close()


def test_a_service_whose_clock_is_far_behind_says_that_it_is_not_ready(tmp_path):
    """What clients sign is refused then; a balancer is to know. The kept state's time is the least that is believed."""
    folder = project(tmp_path / "p")
    with houses.gateway(folder) as made:
        made.keep(time.time() + 7200)
        made.register.journal.close()
    made.keep(time.time() + 7200, clean=True)
    again = assemble(houses.read(folder))
    try:
        assert again.plane.clock() >= time.time() + 7000
        assert houses.asked(again.plane, "GET", "/v2/health/ready", b"")[0] == 503
    finally:
        again.close()
