"""Monitors find what they look for, and leave honest clients alone as often as declared."""

import tracemalloc

import numpy as np
import pytest

from redan.guards.contract import Seen
from redan.guards.envelope import Bounds
from redan.guards.later import Later
from redan.guards.near_duplicates import NearDuplicates
from redan.guards.one_program import OneProgram
from redan.guards.outlying import Outlying
from redan.guards.sketch import sketch
from redan.guards.watching import Batch, Evidence, Looked, Watch
from redan.stats.e_values import Process, share_above

COLUMNS = 20


def _watch(detector, tolerated, *, pooled=None, most=1_000_000):
    return Watch("m", _sketch(), (Looked(detector, detector if pooled is None else pooled, tolerated),), most)


def _sketch(seed=0):
    return sketch(np.zeros(COLUMNS), np.ones(COLUMNS), 16, np.random.default_rng(seed))


def _seen(rows, who="c"):
    rows = np.asarray(rows, float)
    return [Seen(who, "m", row[None], np.zeros((1, 2)), 0.0) for row in rows]


def _fed(watch, rows, who="c", size=32):
    found = []
    for at in range(0, len(rows), size):
        found += watch.observe(_seen(rows[at : at + size], who))
    return found


def _habits(rng, n):
    """An honest client with skewed habits: few kinds of input, each with the noise of measuring, some asked again."""
    kinds = rng.normal(size=(3, COLUMNS)) * 1.5
    rows = kinds[rng.integers(0, 3, n)] + rng.normal(size=(n, COLUMNS)) * 0.3
    again = np.flatnonzero(rng.random(n) < 0.2)
    rows[again[1:]] = rows[again[1:] - 1]
    return rows


def _search(rng, n):
    """A search along the decision boundary: each query a small step from the one before."""
    return rng.normal(size=COLUMNS) + np.cumsum(rng.normal(size=(n, COLUMNS)) * 0.002, axis=0)


def test_a_search_is_graded_down_and_habits_are_not():
    """Small steps lose their budget within 200 queries; 5,000 queries of a narrow honest client lose nothing."""
    rng = np.random.default_rng(0)
    watch = _watch(NearDuplicates(radius=0.3), tolerated=0.3)
    assert _fed(watch, _habits(rng, 5000), "honest") == []
    found = _fed(watch, _search(rng, 200), "searcher")
    assert found[0].principal == "searcher"
    assert found[-1].factor == 0.0
    assert [measure.factor for measure in found] == sorted((m.factor for m in found), reverse=True)


def test_many_names_do_not_hide_one_search():
    """A search that is spread over 50 names is found together, and only those names are answered."""
    rng = np.random.default_rng(1)
    watch = _watch(NearDuplicates(radius=0.3), tolerated=0.3)
    found = []
    steps = _search(rng, 600)
    for at in range(0, 600, 30):
        batch = [Seen(f"s{i % 50}", "m", steps[i][None], np.zeros((1, 2)), 0.0) for i in range(at, at + 30)]
        found += watch.observe(batch + _seen(_habits(rng, 4), "honest"))
    assert found
    assert "honest" not in {measure.principal for measure in found}
    assert {measure.principal[0] for measure in found} == {"s"}


class Coin:
    """Hits whatever is low."""

    name = "coin"

    def begin(self, clients, numbers):
        """Nothing."""

    def forget(self, state, client):
        """Nothing."""

    def hits(self, state, batch):
        """By the first column."""
        return batch.rows[:, 0] < 0.3, np.ones(len(batch.rows), bool)


def test_hits_at_the_tolerated_share_alarm_no_more_often_than_declared():
    """Of 400 clients whose hits come exactly as often as tolerated, at most about one in a hundred is answered."""
    rng, watch = np.random.default_rng(2), _watch(Coin(), 0.3, most=400)
    alarms = set()
    for _ in range(20):
        rows = rng.random((400, 32, COLUMNS))
        batch = [Seen(str(client), "m", rows[client], np.zeros((32, 2)), 0.0) for client in range(400)]
        alarms |= {measure.principal for measure in watch.observe(batch)}
    assert len(alarms) <= 4


def test_clients_that_were_not_seen_for_longest_are_forgotten():
    """The number of remembered clients is bounded."""
    watch = _watch(NearDuplicates(radius=0.3), tolerated=0.3, most=10)
    for client in range(100):
        watch.observe(_seen(np.zeros((1, COLUMNS)), f"c{client}"))
    assert len(watch.clients) == 10


def _batch(rows, clients=None):
    clients = np.zeros(len(rows), int) if clients is None else clients
    return Batch(rows, _sketch().of(rows), clients, np.tril(clients[:, None] == clients[None, :], -1))


def test_exact_repeats_do_not_count():
    """The same row again tells nothing new, and does not dilute what does."""
    detector = NearDuplicates(radius=0.3)
    state = detector.begin(2, 16)
    first, counted = detector.hits(state, _batch(np.ones((5, COLUMNS))))
    assert counted.tolist() == [True, False, False, False, False]
    second, again = detector.hits(state, _batch(np.ones((5, COLUMNS)) + np.linspace(0, 1e-3, COLUMNS)))
    assert not first.any()
    assert second.tolist() == [True, False, False, False, False] == again.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_batches_of_many_clients_are_looked_at_as_rows_one_by_one(seed):
    """Hits of near duplicates and one program equal those of plain loops over each client's rows."""
    rng = np.random.default_rng(seed)
    near, program = NearDuplicates(radius=1.5, kept=4), OneProgram(2.0)
    states = [one.begin(3, 16) for one in (near, program)]
    held, sums = {0: [], 1: [], 2: []}, np.zeros((3, 16))
    for _ in range(6):
        clients = rng.integers(0, 3, 7)
        rows = rng.normal(size=(7, COLUMNS)) * 0.4 + rng.integers(0, 2, (7, 1))
        batch = _batch(rows, clients)
        found = [one.hits(state, batch)[0] for one, state in zip((near, program), states, strict=True)]
        begun = {client: rows_[-4:] for client, rows_ in held.items()}
        for place, client in enumerate(clients):
            one = batch.sketched[place].astype(float)
            others = begun[client] + [batch.sketched[i].astype(float) for i in range(place) if clients[i] == client]
            assert found[0][place] == any(np.linalg.norm(one - other) < 1.5 for other in others)
            cosine = one @ sums[client] / max(np.linalg.norm(one) * np.linalg.norm(sums[client]), 1e-12)
            assert found[1][place] == (np.linalg.norm(one) > 2.0 and cosine > 0.8)
            held[client].append(one)
            sums[client] = 0.9 * sums[client] + one


def test_evidence_of_many_is_that_of_each():
    """The arrays hold what `Process` and `share_above` say."""
    rng, evidence, one = np.random.default_rng(8), Evidence(4), [Process() for _ in range(4)]
    for _ in range(20):
        rows = rng.integers(1, 30, 4)
        hits = rng.binomial(rows, 0.4)
        found = evidence.after(np.arange(4), hits, rows, 0.3)
        one = [p.after(share_above(int(h), int(n), 0.3)) for p, h, n in zip(one, hits, rows, strict=True)]
        assert found == pytest.approx([p.value for p in one])


def test_what_is_remembered_of_a_client_is_small():
    """All detectors together: 2 KiB a client in arrays, measured as what 20,000 clients add to the process."""
    watch = Watch(
        "m", _sketch(), tuple(Looked(d, d, 0.2) for d in (NearDuplicates(0.3), OneProgram(9.0), Coin())), most=20_000
    )
    tracemalloc.start()
    before = sum(
        array.nbytes
        for tally in watch.tallies
        for holder in (tally.state, tally.evidence)
        if holder is not None
        for array in _arrays(holder)
    )
    rows = np.random.default_rng(0).normal(size=(200, COLUMNS))
    for at in range(0, 20_000, 200):
        watch.observe([Seen(f"client-{at + i:08d}", "m", rows[i][None], rows[:1], 0.0) for i in range(200)])
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (before + grown) / 20_000 < 2200


def _arrays(holder):
    names = getattr(type(holder), "__slots__", None) or vars(holder)
    return [value for value in (getattr(holder, name) for name in names) if isinstance(value, np.ndarray)]


def test_synthetic_queries_are_outlying():
    """Uniform queries over the whole box are told from rows of the training data."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(4000, COLUMNS)) * 0.5
    furthest = float(np.quantile((x**2).sum(1), 0.99))
    bounds = Bounds(x.min(0), x.max(0), np.zeros(COLUMNS), np.eye(COLUMNS), furthest)
    watch = _watch(Outlying(bounds), tolerated=0.1)
    assert _fed(watch, rng.normal(size=(2000, COLUMNS)) * 0.5, "honest") == []
    assert _fed(watch, rng.uniform(-2, 2, (64, COLUMNS)), "copier")[-1].factor == 0.0


def test_one_program_around_every_input_is_found():
    """Inputs that carry one strong pattern are told; inputs of a narrow honest client are not."""
    rng = np.random.default_rng(4)
    one = _sketch()
    far = float(np.quantile(np.linalg.norm(one.of(rng.normal(size=(4000, COLUMNS))), axis=1), 0.99))
    watch = _watch(OneProgram(far), tolerated=0.2)
    assert _fed(watch, _habits(rng, 2000) / 2, "honest") == []
    program = rng.choice([-4.0, 4.0], COLUMNS)
    assert _fed(watch, program + rng.normal(size=(64, COLUMNS)) * 0.5, "reprogrammer")[-1].factor == 0.0


def test_measures_wait_and_come_in_no_fixed_rhythm():
    """A measure takes hold between half and one and a half of the delay, never at once."""
    later = Later(60.0, np.random.default_rng(5))
    watch = _watch(NearDuplicates(radius=0.3), tolerated=0.3)
    found = _fed(watch, _search(np.random.default_rng(0), 200))
    later.add(found, 0.0)
    assert later.due(29.9) == []
    assert sorted(later.due(91.0)) == sorted(found)


@pytest.mark.parametrize("seed", range(3))
def test_distances_survive_the_sketch_on_average(seed):
    """The mean ratio of squared distances before and after is one, up to chance."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 500, COLUMNS))
    ratio = ((_sketch(seed).of(a) - _sketch(seed).of(b)) ** 2).sum(1) / ((a - b) ** 2).sum(1)
    assert 0.7 < ratio.mean() < 1.3
