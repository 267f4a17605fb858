"""Monitors of a running gateway: what they see, that clients learn nothing of it at once, and what a restart keeps."""

import asyncio
import json
import shutil
import time

import httpx
import numpy as np
import pytest

from gateway import houses, watched
from gateway.test_replicas import store as shared_store
from redan.errors import ConfigError
from redan.gateway.assembly import assemble
from redan.guards.contract import Measure

CLIENTS = 'monitors = ["near-duplicates", "outlying-queries", "one-program"]'


def search(rng, n):
    """Small steps, as a search along the boundary takes them."""
    return rng.normal(size=watched.WIDTH) + np.cumsum(rng.normal(size=(n, watched.WIDTH)) * 0.002, axis=0)


def driven(folder, work):
    """A gateway over a project, asked from one event loop; its clock is the caller's."""
    with houses.gateway(folder) as made:
        return asyncio.run(work(made))


def test_a_search_loses_its_budget_later_and_is_answered_until_then(tmp_path):
    """No answer differs before the delay; then the searcher is refused as one that asks too often, and nobody else."""
    folder = watched.project(tmp_path / "p", endpoint=CLIENTS, gateway="delay_s = 60\nholds_s = 3600")
    rng = np.random.default_rng(0)

    async def work(made):
        honest = [await watched.ask(made, row[None], "bob") for row in watched.ordinary(rng, 300)]
        found = [await watched.ask(made, row[None]) for row in search(rng, 120)]
        await made.watching.turn()
        before = await watched.ask(made, np.zeros((1, watched.WIDTH)))
        now = time.time()
        await made.watching.hold(now + 29)
        still = await watched.ask(made, np.ones((1, watched.WIDTH)))
        await made.watching.hold(now + 91)
        after = await houses.ask(made.plane, body=watched.body(np.zeros((1, 8))), headers=watched.head())
        other = await watched.ask(made, np.zeros((1, watched.WIDTH)), "bob")
        text = made.register.metrics.text().decode()
        return {one[0] for one in [*honest, *found, before, still, other]}, after, text

    answered, after, text = driven(folder, work)
    assert answered == {200}
    assert after[0] == 429
    assert json.loads(after[2])["type"].endswith("quota-exceeded")
    assert b"abnormal" not in after[2]
    assert 'redan_monitor_measures_total{factor="0",model="churn",monitor="near-duplicates"} 1.0' in text
    assert not any(name in text for name in watched.KEYS)
    happened, whole = watched.happenings(folder)
    measures = [one["about"] for one in happened if one["what"] == "measure"]
    assert {one["monitor"] for one in measures} == {"near-duplicates"}
    assert len({one["principal"] for one in measures}) == 1
    assert "alice" not in whole


def test_a_measure_ends_by_itself_and_evidence_begins_anew(tmp_path):
    """After `holds_s` the client is answered again, and a new search is found anew."""
    folder = watched.project(tmp_path / "p", endpoint=CLIENTS, gateway="delay_s = 1\nholds_s = 100")
    rng = np.random.default_rng(1)

    async def work(made):
        found, now = [], [time.time()]
        made.watching.clock = lambda: now[0]
        object.__setattr__(made.plane, "clock", lambda: now[0])
        for _ in range(2):
            for row in search(rng, 120):
                await watched.ask(made, row[None])
            await made.watching.turn()
            now[0] += 2
            await made.watching.hold(now[0])
            found.append((await watched.ask(made, np.zeros((1, watched.WIDTH))))[0])
            now[0] += 101
            await made.watching.hold(now[0])
            found.append((await watched.ask(made, np.zeros((1, watched.WIDTH))))[0])
            assert not made.watching.models["churn"].watch.clients.get("alice")
        return found

    assert driven(folder, work) == [429, 200, 429, 200]


def test_a_restart_keeps_measures_on_their_way_and_those_that_hold(tmp_path):
    """Who restarts the service refills no budget."""
    folder = watched.project(tmp_path / "p", endpoint=CLIENTS, gateway="delay_s = 60")
    rng = np.random.default_rng(2)

    async def first(made):
        for row in search(rng, 120):
            await watched.ask(made, row[None])
        await made.watching.turn()
        return len(made.watching.later.waiting)

    async def second(made):
        waiting = len(made.watching.later.waiting)
        await made.watching.hold(time.time() + 91)
        return waiting, (await watched.ask(made, np.zeros((1, watched.WIDTH))))[0], len(made.watching.force)

    async def third(made):
        return len(made.watching.force), (await watched.ask(made, np.zeros((1, watched.WIDTH))))[0]

    waiting = driven(folder, first)
    assert waiting > 0
    assert driven(folder, second) == (waiting, 429, 1)
    assert driven(folder, third) == (1, 429)


def test_a_full_queue_drops_and_counts_and_answers_go_on(tmp_path):
    """What monitors cannot keep up with costs no answer."""
    folder = watched.project(tmp_path / "p", endpoint=CLIENTS)

    async def work(made):
        made.watching.most = 5
        found = {(await watched.ask(made, np.zeros((1, watched.WIDTH))))[0] for _ in range(20)}
        return found, made.watching.waiting, made.watching.dropped

    assert driven(folder, work) == ({200}, 5, 15)


def test_a_monitor_that_breaks_is_counted_and_answers_go_on(tmp_path, caplog):
    """A fault of a monitor is an operator's matter."""
    folder = watched.project(tmp_path / "p", endpoint=CLIENTS)

    async def work(made):
        made.watching.models["churn"].watch.looked = (None, None)  # of three
        status, _ = await watched.ask(made, np.zeros((1, watched.WIDTH)))
        await made.watching.turn()
        return status, made.watching.failed, (await watched.ask(made, np.zeros((1, watched.WIDTH))))[0]

    assert driven(folder, work) == (200, 1, 200)
    assert "broke" in caplog.text


def test_drift_makes_coverage_invalid_one_planted_row_does_not_hide_it_and_an_exchange_begins_anew(tmp_path):
    """One standard deviation in one column; a row of 1e6 in every batch; and a new generation is not blamed."""
    folder = watched.project(tmp_path / "p", endpoint='monitors = ["drift"]')
    rng = np.random.default_rng(3)

    async def work(made):
        monitors, found = made.watching.models["churn"], []
        for shift in (0.0, 1.0):
            for _ in range(4 * 512 // 64):
                rows = watched.ordinary(rng, 64)
                rows[:, 2] += shift * rows[:, 2].std()
                if shift:
                    rows[0, 2] = 1e6
                assert (await watched.ask(made, rows))[0] == (422 if shift else 200)
            await made.watching.turn()
            found.append((made.watching.valid("churn"), monitors.drift.shifted()))
        watched.release(folder, houses.model(2.0, width=watched.WIDTH))
        await asyncio.to_thread(made.exchange, "churn")
        found.append(made.watching.valid("churn"))
        await watched.ask(made, watched.ordinary(rng, 64))
        await made.watching.turn()
        found.append((monitors.drift.evidence, monitors.drift.alarmed))
        made.services[0].rollback()
        await watched.ask(made, watched.ordinary(rng, 64))
        await made.watching.turn()
        return [*found, monitors.generation == made.services[0].current.sha256, made.watching.valid("churn")]

    assert driven(folder, work) == [(True, ()), (False, ("c2",)), True, (1.0, False), True, True]
    happened, _ = watched.happenings(folder)
    assert [one["about"]["columns"] for one in happened if one["what"] == "drift"] == ["c2"]


def worse(share):
    """A model that says another class where the seventh number is low, and the same everywhere else."""
    from onnx import TensorProto, helper, numpy_helper

    inner = houses.model(width=watched.WIDTH)
    import onnx

    graph = onnx.load_from_string(inner).graph
    nodes = [node for node in graph.node if node.op_type == "MatMul"]
    nodes[0].output[0] = "plain"
    pick = np.zeros((watched.WIDTH, 1), np.float32)
    pick[6] = 1
    more = [
        helper.make_node("MatMul", ["x", "pick"], ["seventh"]),
        helper.make_node("Less", ["seventh", "low"], ["odd"]),
        helper.make_node("Neg", ["plain"], ["turned"]),
        helper.make_node("Where", ["odd", "turned", "plain"], ["y"]),
    ]
    weights = [
        *graph.initializer,
        numpy_helper.from_array(pick, "pick"),
        numpy_helper.from_array(np.array([share], np.float32), "low"),
    ]
    made = helper.make_graph(
        [*nodes, *more],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", watched.WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        weights,
    )
    whole = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)])
    whole.ir_version = 9
    return whole.SerializeToString()


SHADOW = 'monitors = ["shadow"]\nshadow = 1.0\nlabels = 100000'


def right(rows):
    """The classes of the model that is right."""
    return np.argmax(rows @ np.eye(watched.WIDTH, 3), axis=1)


def test_the_previous_model_and_labels_show_that_the_one_in_service_is_worse_over_sockets(tmp_path):
    """A model that turns a few answers around: its predecessor is right more often, as labels that come late say."""
    folder = watched.project(
        tmp_path / "p",
        endpoint=SHADOW,
        model='previous = "old"',
        data=worse(-1.2),
        others=[("old", houses.model(width=watched.WIDTH))],
    )
    rng = np.random.default_rng(4)

    async def work(port):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=dict(watched.head())) as client:
            events = []
            for _ in range(40):
                rows = watched.ordinary(rng, 64).astype(np.float32)
                found = await client.post("/v2/models/churn/infer", content=watched.body(rows))
                events.append((found.headers["redan-event"], right(rows).tolist()))
            statuses = [
                (await client.post("/v2/models/churn/feedback", json={"event": event, "labels": labels})).status_code
                for event, labels in events
            ]
            again = await client.post("/v2/models/churn/feedback", json={"event": events[0][0], "labels": [0] * 64})
            return statuses, again.status_code, again.json()["type"]

    with houses.gateway(folder) as made:
        with houses.listening(made) as port:
            statuses, again, kind = asyncio.run(work(port))
            until = time.monotonic() + 10
            monitors = made.watching.models["churn"]
            while monitors.joined < 40 * 64 and time.monotonic() < until:
                time.sleep(0.02)
        text = made.register.metrics.text().decode()
    assert set(statuses) == {202}
    assert (again, kind.rpartition("/")[2]) == (404, "not-found")
    assert 'redan_labels_total{model="churn"} 2560.0' in text
    happened, whole = watched.happenings(folder)
    alarms = {one["what"]: one["about"] for one in happened if one["what"].startswith("shadow")}
    assert alarms["shadow-is-better"]["beside"] == "previous"
    assert whole.count('"asked":"feedback"') == 41


def test_an_equal_model_is_not_blamed_and_an_exchange_compares_with_the_one_before(tmp_path):
    """The same answers are no evidence; after an exchange the generation before is the one beside, from nothing on."""
    folder = watched.project(tmp_path / "p", endpoint=SHADOW)
    rng = np.random.default_rng(5)

    async def some(made, n):
        for _ in range(n):
            await watched.ask(made, watched.ordinary(rng, 64))
        await made.watching.turn()

    async def work(made):
        monitors = made.watching.models["churn"]
        await some(made, 3)
        assert monitors.shadows == {}
        watched.release(folder, houses.model(3.0, width=watched.WIDTH))
        await asyncio.to_thread(made.exchange, "churn")
        await some(made, 20)
        shadow = monitors.shadows["previous"]
        return shadow.apart.n, shadow.apart.total, shadow.alarm, monitors.parted["previous"]

    assert driven(folder, work) == (20 * 64, 0.0, False, 0)


def test_feedback_is_for_who_asked_once_in_form_and_capped(tmp_path):
    """A stranger's, another client's, a repeated, a malformed one and one too many change nothing."""
    folder = watched.project(tmp_path / "p", endpoint="labels = 8")
    rows = np.zeros((2, watched.WIDTH))

    async def work(made):
        events = [(await watched.ask(made, rows))[1] for _ in range(5)]
        path = "/v2/models/churn/feedback"
        good = json.dumps({"event": events[0], "labels": [0, "leaves"]}).encode()
        found = {"stranger": (await houses.ask(made.plane, path=path, body=good))[0]}
        found["other client"] = await watched.tell(made, events[0], [0, 1], "bob")
        found["other model"] = (
            await houses.ask(made.plane, path="/v2/models/x/feedback", body=good, headers=watched.head())
        )[0]
        found["other class"] = await watched.tell(made, events[0], [0, 3])
        found["other name"] = await watched.tell(made, events[0], [0, "nobody"])
        found["good"] = await watched.tell(made, events[1], [0, "leaves"])
        found["again"] = await watched.tell(made, events[1], [0, "leaves"])
        found["too many"] = await watched.tell(made, events[2], [0, 1])
        for name, body in (
            ("rows", b"[]"),
            ("more", b'{"event":"' + b"0" * 24 + b'","labels":[1],"x":1}'),
            ("deep", b"[" * 99_999),
        ):
            found[name] = (await houses.ask(made.plane, path=path, body=body, headers=watched.head()))[0]
        found["method"] = (await houses.ask(made.plane, "GET", path, b"", watched.head()))[0]
        await made.watching.turn()
        return found, made.watching.models["churn"].joined

    found, joined = driven(folder, work)
    assert found == {
        "stranger": 401, "other client": 404, "other model": 404, "other class": 400, "other name": 400, "good": 202,
        "again": 404, "too many": 429, "rows": 400, "more": 400, "deep": 400, "method": 405,
    }  # fmt: skip
    assert joined == 2


def test_malformed_feedback_costs_its_rate(tmp_path):
    """Nobody tries formats for free."""
    folder = watched.project(tmp_path / "p", endpoint="labels = 8")
    text = watched.CLIENTS.replace("burst = 100000.0", "burst = 3.0").replace("rate = 100000.0", "rate = 0.001")
    (folder / "clients.toml").write_text(text)

    async def work(made):
        path = "/v2/models/churn/feedback"
        return [(await houses.ask(made.plane, path=path, body=b"{", headers=watched.head()))[0] for _ in range(5)]

    assert driven(folder, work) == [400, 400, 400, 429, 429]


def test_labels_may_come_after_a_restart(tmp_path):
    """Which answers were whose is kept, and so is the evidence of the models beside."""
    others = [("old", houses.model(width=watched.WIDTH))]
    folder = watched.project(tmp_path / "p", endpoint=SHADOW, model='baseline = "old"', others=others)
    rows = watched.ordinary(np.random.default_rng(6), 4)

    async def first(made):
        event = (await watched.ask(made, rows))[1]
        await made.watching.turn()
        return event

    async def second(made):
        status = await watched.tell(made, event, right(rows).tolist())
        await made.watching.turn()
        monitors = made.watching.models["churn"]
        return status, monitors.joined, monitors.right, monitors.shadows["baseline"].joined

    event = driven(folder, first)
    assert driven(folder, second) == (202, 4, 4, 4)


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ('monitors = ["drift", "drift"]', "named twice"),
        ("tolerated = 0.1", "says nothing"),
        (CLIENTS + "\ntolerated = 1.5", "below 1"),
        ("shadow = 0.1", "says nothing"),
        ('monitors = ["shadow"]\nshadow = 2.0', "up to 1"),
    ],
)
def test_what_cannot_be_looked_at_as_declared_stops_the_start(tmp_path, endpoint, message):
    """Nothing is silently not enforced."""
    folder = watched.project(tmp_path / "p", endpoint=endpoint)
    with pytest.raises(ConfigError, match=message):
        assemble(houses.read(folder))


def test_monitors_without_a_reference_or_without_clients_stop_the_start(tmp_path):
    """A model without a sealed reference; an endpoint that asks nobody who asks."""
    folder = houses.project(tmp_path / "p", endpoint='monitors = ["drift"]')
    with pytest.raises(ConfigError, match="reference"):
        assemble(houses.read(folder))
    folder = houses.project(tmp_path / "q", endpoint=CLIENTS)
    with pytest.raises(ConfigError, match="who asks"):
        assemble(houses.read(folder))


def test_a_model_beside_that_takes_something_else_or_is_not_sealed_stops_the_start(tmp_path):
    """It is loaded and verified as the one in service is."""
    folder = watched.project(
        tmp_path / "p", endpoint=SHADOW, model='previous = "old"', others=[("old", houses.model(width=5))]
    )
    with pytest.raises(ConfigError, match="other inputs"):
        assemble(houses.read(folder))
    (folder / "old.onnx").write_bytes(houses.model(width=watched.WIDTH))
    with pytest.raises(Exception, match="seal"):
        assemble(houses.read(folder))


@pytest.mark.skipif(shutil.which("valkey-server") is None and shutil.which("redis-server") is None, reason="no server")
def test_replicas_share_measures_and_the_stricter_one_holds(tmp_path):
    """What one replica found holds at the other; a milder one does not replace it; it ends by itself."""
    folders = [tmp_path / name for name in ("a", "b")]

    async def work(one, other):
        found = []
        for made, factor in ((one, 0.0), (other, 0.5)):
            made.watching.later.again([Measure("alice", "churn", factor, "near-duplicates", 1e9)], 0.0)
            await made.watching.hold(time.time())
            found += [(await watched.ask(made, np.zeros((1, watched.WIDTH))))[0] for made in (one, other)]
        await asyncio.sleep(1.2)
        found.append((await watched.ask(other, np.zeros((1, watched.WIDTH))))[0])
        for made in (one, other):
            await made.store.close()
        return found

    with shared_store(tmp_path) as (sock, _):
        for folder in folders:
            watched.project(folder, endpoint=CLIENTS, gateway=f'store = "unix://{sock}"\nholds_s = 1')
        with houses.gateway(folders[0]) as one, houses.gateway(folders[1]) as other:
            assert asyncio.run(work(one, other)) == [429, 429, 429, 429, 200]
