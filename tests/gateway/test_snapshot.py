"""What a restart may not forget: budgets, nonces, releases; altered files are refused, hostile ones too."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import houses
from redan.errors import InvalidError, RedanError
from redan.exchange.flow import Claim
from redan.gateway import snapshot
from redan.gateway.assembly import assemble
from redan.guards.store import Held, MemoryStore

KEY = b"k" * 32
NOW = 1_000_000.0
TOTAL = Claim("total", "q/alice", 1, 3, 0)
RATE = Claim("rate", "r/alice", 1, 2, 10)
NONCE = Claim("nonce", "n/1", 1, 0, 60)


def kept(store, now=NOW):
    """A snapshot of a store."""
    return snapshot.State(now, store.held(now), {"churn": 7})


def test_a_restart_refills_no_budget(tmp_path):
    """Totals, rates and nonces go on where they were, to the last unit."""
    store = MemoryStore()
    for claims in ([TOTAL], [TOTAL], [RATE], [RATE], [NONCE]):
        assert store.spend(claims, NOW).denied is None
    snapshot.write(tmp_path / "s", kept(store), KEY)
    fresh, state = MemoryStore(), snapshot.read(tmp_path / "s", KEY)
    snapshot.restore(state, fresh, NOW + 1)
    assert state.releases == {"churn": 7}
    assert fresh.spend([NONCE], NOW + 1).denied == NONCE
    assert fresh.spend([RATE], NOW + 1) == store.spend([RATE], NOW + 1)
    assert fresh.spend([TOTAL], NOW + 1).denied is None
    assert fresh.spend([TOTAL], NOW + 1).denied == TOTAL


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from("rtn"), st.integers(0, 3), st.floats(0.01, 5), st.floats(0, 30)), max_size=30),
    st.data(),
)
def test_a_restart_at_any_moment_changes_no_decision(steps, data):
    """A store that is written and read between two requests decides as one that was not."""
    one = two = MemoryStore()
    now, cut = NOW, data.draw(st.integers(0, max(0, len(steps) - 1)))
    for place, (kind, key, amount, wait) in enumerate(steps):
        if place == cut:
            two = MemoryStore()
            two.restore(one.held(now), now)
        now += wait
        claim = {
            "r": Claim("rate", f"r{key}", amount, 3, 5, "f"),
            "t": Claim("total", f"t{key}", amount, 9, 0),
            "n": Claim("nonce", f"n{key}", 1, 0, 20),
        }[kind]
        if one is two:
            one.spend([claim], now)
        else:
            assert one.spend([claim], now) == two.spend([claim], now)


@settings(deadline=None, max_examples=60)
@given(data=st.one_of(st.binary(max_size=300), st.builds(lambda tail: snapshot._MAGIC + tail, st.binary(max_size=300))))
def test_hostile_files_are_refused_in_one_line(tmp_path_factory, data):
    """Nothing that another key did not write is read."""
    path = tmp_path_factory.mktemp("s") / "s"
    path.write_bytes(data)
    with pytest.raises(InvalidError):
        snapshot.read(path, KEY)


def test_an_altered_file_is_refused(tmp_path):
    """One bit, a cut, another key, and a link; a missing file is a first start."""
    snapshot.write(tmp_path / "s", kept(MemoryStore()), KEY)
    data = (tmp_path / "s").read_bytes()
    for changed in (data[:-1], data + b"\x00", data[:-1] + bytes([data[-1] ^ 1]), b""):
        (tmp_path / "t").write_bytes(changed)
        with pytest.raises(InvalidError):
            snapshot.read(tmp_path / "t", KEY)
    with pytest.raises(InvalidError):
        snapshot.read(tmp_path / "s", b"l" * 32)
    (tmp_path / "l").symlink_to(tmp_path / "s")
    with pytest.raises(RedanError):
        snapshot.read(tmp_path / "l", KEY)
    assert snapshot.read(tmp_path / "nothing", KEY) is None
    assert (tmp_path / "s").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "held",
    [
        Held([], [], None, math.nan, {}, {}, {}),
        Held([], [], None, 1.0, {"a": math.inf}, {}, {}),
        Held([], [], None, 1.0, {}, {"a": -1.0}, {}),
        Held(["a", "b", "c"], [], None, 1.0, {}, {}, {}),
        Held([], [], None, 1.0, {"a": 1.0, "b": 1.0}, {"c": 1.0}, {}),
    ],
)
def test_what_a_store_cannot_hold_is_refused(held):
    """A size that was lowered, or numbers that are none, even under the right key."""
    with pytest.raises(InvalidError):
        snapshot.restore(snapshot.State(NOW, held), MemoryStore(nonces=2, keys=2), NOW)


def test_a_gateway_writes_its_state_before_it_answers_and_knows_how_it_ended(tmp_path):
    """After an orderly end nothing is suspect; after another one, signatures made before the start are."""
    folder = houses.project(tmp_path / "p")
    first = assemble(houses.read(folder), now=100.0)
    assert (folder / ".redan" / "gateway" / "state.bin").exists()
    assert first.born == 100.0
    first.register.journal.close()  # as if it had been killed: nothing else is written
    second = assemble(houses.read(folder), now=200.0)
    assert second.born == 200.0
    second.close()
    third = assemble(houses.read(folder), now=300.0)
    assert third.born == -math.inf
    third.close()


def test_a_gateway_whose_state_was_altered_does_not_start(tmp_path):
    """It would refill every budget."""
    folder = houses.project(tmp_path / "p")
    with houses.gateway(folder):
        pass
    path = folder / ".redan" / "gateway" / "state.bin"
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    with pytest.raises(InvalidError, match="altered"):
        assemble(houses.read(folder))
