"""Campaigns on a Ray cluster of this machine: the findings of one process, workers that die included."""

import contextlib
import gc
import os
import signal
import threading
import time
import warnings
from pathlib import Path

import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier

from attacks.campaign.told import told
from redan.attacks.campaign.inputs import Opening
from redan.attacks.campaign.parts import Cluster
from redan.attacks.campaign.trying import Wanted, try_model
from redan.attacks.threat import Linf
from redan.controls.planted_networks import linear, samples_csv, samples_npz, task
from redan.errors import IncompleteError, InputError

ray = pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")]
TREE = ("sklearn.tree._tree.Tree",)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Networks and a forest on one task, their samples as arrays and as a table."""
    found, made = tmp_path_factory.mktemp("cluster"), task(12)
    (found / "firm.onnx").write_bytes(linear(made.firm))
    (found / "d.npz").write_bytes(samples_npz(made))
    (found / "d.csv").write_bytes(samples_csv(made))
    many = task(300, seed=1)
    forest = RandomForestClassifier(n_estimators=8, max_depth=4, random_state=0).fit(many.x, many.y)
    skops.io.dump(forest, found / "forest.skops")
    return found


@pytest.fixture(scope="module")
def here():
    """One cluster for the tests that do not start their own; bounded, on the loopback address, silent."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(
        address="local",
        num_cpus=2,
        num_gpus=0,
        include_dashboard=False,
        object_store_memory=100 << 20,
        _node_ip_address="127.0.0.1",
        log_to_driver=False,
    )
    yield Cluster(workers=2)
    stopped()


def stopped():
    """Ray leaves processes that it has ended to the collector, which warns of each."""
    ray.shutdown()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def tried(folder, model="firm.onnx", data="d.npz", **options):
    path = folder / model
    usual = {"threat": Linf(0.1), "suite": "screen", "part": 5, "watched": 3, "queries": 60}
    wanted = Wanted(**{**usual, **options})
    return try_model(Opening(str(path), trusted=TREE), path, folder / data, wanted)


def descendants():
    """Processes below this one, with their command lines."""
    below, found = {os.getpid()}, {}
    known = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            known[int(entry.name)] = (int(stat.rpartition(")")[2].split()[1]), line)
    for _ in range(6):
        for pid, (parent, line) in known.items():
            if parent in below and pid not in below:
                below.add(pid)
                found[pid] = line
    return found


class Killer(threading.Thread):
    """Kills workers of this process's cluster while they attack."""

    def __init__(self, times):
        super().__init__(daemon=True)
        self.times, self.over, self.killed = times, threading.Event(), []

    def run(self):
        while len(self.killed) < self.times and not self.over.is_set():
            for pid, line in descendants().items():
                if line.startswith("ray::Worker") and pid not in self.killed and not self.over.is_set():
                    time.sleep(0.3)
                    with contextlib.suppress(ProcessLookupError):  # it ended by itself
                        os.kill(pid, signal.SIGKILL)
                        self.killed.append(pid)
                    break
            time.sleep(0.05)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def test_networks_forests_and_queries_give_equal_findings(folder, here):
    """In process and on Ray: the same bytes but for seconds, whatever is attacked, and for another cut too."""
    for options in (
        {"radii": (0.3,)},
        {"suite": "queries"},
        {"model": "forest.skops", "data": "d.csv", "label": "label"},
    ):
        alone = told(tried(folder, **options), cost=True)
        assert told(tried(folder, **options, cluster=here), cost=True) == alone
    assert told(tried(folder, part=7, cluster=here)) == told(tried(folder))


def test_a_worker_that_dies_is_replaced(folder, here, tmp_path):
    """A part whose worker was killed is attacked by another one, from what was kept: the same findings."""
    options = {"suite": "standard", "threat": Linf(0.02)}
    with Killer(1) as killer:
        made = tried(folder, **options, cluster=here, work=tmp_path / "w")
    assert len(killer.killed) == 1
    assert told(made) == told(tried(folder, **options))


def test_workers_that_die_again_and_again_leave_their_work(folder, here, tmp_path):
    """After three deaths the campaign is incomplete; what was kept is gone on from in this process."""
    options, work = {"suite": "standard", "threat": Linf(0.02), "part": 12}, tmp_path / "w"
    with Killer(9) as killer, pytest.raises(IncompleteError, match=r"0 of 1 parts are done: workers died 3 times"):
        tried(folder, **options, cluster=here, work=work)
    assert len(killer.killed) >= 3
    made = tried(folder, **options, work=work)
    assert told(made) == told(tried(folder, **options))


def test_what_a_worker_refuses_is_one_error(folder, here, tmp_path):
    """Work of another campaign is an input error here as there."""
    (tmp_path / "w.1").write_text('{"format": "redan evasion work 1", "evaluation": "another"}\n')
    with pytest.raises(InputError, match="another model"):
        tried(folder, cluster=here, work=tmp_path / "w")


def test_no_cluster_at_an_address_is_incomplete(folder):
    """One clear error, and the way to one."""
    stopped()
    with pytest.raises(IncompleteError, match="nothing listens at 127"):
        tried(folder, cluster=Cluster("127.0.0.1:1"))
