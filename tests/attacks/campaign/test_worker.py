"""Workers: they open what the driver verified and nothing else, and hand on their work as it comes."""

from dataclasses import replace
from functools import partial

import pytest

from attacks.campaign.told import told
from redan.attacks.campaign import cluster
from redan.attacks.campaign.fitting import Wanted, campaign_of
from redan.attacks.campaign.inputs import Opening, Target, open_target, read_arrays
from redan.attacks.campaign.parts import Cluster, here
from redan.attacks.campaign.trying import try_model
from redan.attacks.campaign.worker import Worker, cargo_of, unpacked
from redan.attacks.threat import Linf
from redan.controls.planted_networks import linear, samples_csv, samples_npz, task
from redan.errors import InputError, MissingExtraError, UsageError

WANTED = Wanted(Linf(0.1), "screen", part=4, watched=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A linear network and its samples."""
    found, made = tmp_path_factory.mktemp("worker"), task(12)
    (found / "m.onnx").write_bytes(linear(made.firm))
    (found / "d.npz").write_bytes(samples_npz(made))
    (found / "d.csv").write_bytes(samples_csv(made))
    return found


@pytest.fixture(scope="module")
def cargo(folder):
    """What workers get."""
    opening, path = Opening(str(folder / "m.onnx")), folder / "m.onnx"
    return cargo_of(opening, opening(), path, read_arrays(folder / "d.npz", 12, 0), WANTED._replace(work=path))


def test_workers_tell_what_the_driver_would(folder, cargo):
    """Parts of two workers, joined, are the campaign in one process; what is on disk here is not looked at."""
    path = folder / "m.onnx"
    campaign = campaign_of(Opening(str(path))(), path, cargo.read, WANTED)
    workers = Worker(cargo), Worker(replace(cargo, opening=Opening("no such file")))
    made = [workers[part.number % 2].attempt(part, b"") for part in campaign.parts()]
    assert all(outcome.work for outcome in made)
    assert told(campaign.joined([one.tried for one in made]), cost=True) == told(
        campaign.joined(here(campaign, None)), cost=True
    )


def test_a_worker_goes_on_from_what_another_kept(cargo, folder):
    """Work of a part that was done is not done again: the same outcome, and no new line."""
    path = folder / "m.onnx"
    part = campaign_of(Opening(str(path))(), path, cargo.read, WANTED).parts()[1]
    first = Worker(cargo).attempt(part, b"")
    again = Worker(cargo).attempt(part, first.work)
    assert again.work == b""
    assert (again.tried.breaker == first.tried.breaker).all()
    assert again.tried.cost.backward == first.tried.cost.backward > 0


def test_nothing_of_the_model_is_left_on_disk(cargo, folder, tmp_path, monkeypatch):
    """The bytes of the model are removed once it is open, and the work when the worker ends."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = folder / "m.onnx"
    worker = Worker(cargo)
    worker.attempt(campaign_of(Opening(str(path))(), path, cargo.read, WANTED).parts()[0], b"")
    assert [found.name for found in tmp_path.rglob("*") if found.is_file()] == ["work"]
    worker.close()
    assert not list(tmp_path.iterdir())


def test_work_of_something_else_is_one_fault(cargo, folder):
    """A work file of another campaign is refused by the worker, in words that travel."""
    path = folder / "m.onnx"
    part = campaign_of(Opening(str(path))(), path, cargo.read, WANTED).parts()[0]
    outcome = Worker(cargo).attempt(part, b'{"format": "redan evasion work 1", "evaluation": "another"}\n')
    assert outcome.tried is None
    assert outcome.fault[:2] == (
        "InputError",
        "the work file is of another model, data, threat model, suite or seed",
    )


@pytest.mark.parametrize("name", ["../m.onnx", "/m.onnx", "a/../../m.onnx", "a\\..\\m.onnx"])
def test_no_file_is_written_outside(cargo, tmp_path, name):
    """Names of files that lead out of the worker's folder are refused."""
    data = cargo.files["m.onnx"]
    with pytest.raises(InputError, match="outside"):
        unpacked(replace(cargo, files={name: data}, digests={name: cargo.digests["m.onnx"]}), tmp_path / "in")
    assert not list(tmp_path.rglob("*.onnx"))


def test_bytes_that_were_not_verified_are_not_opened(cargo, folder):
    """A bit that changed on the way is found, and the model is not loaded."""
    data = bytearray(cargo.files["m.onnx"])
    data[-1] ^= 1
    path = folder / "m.onnx"
    part = campaign_of(Opening(str(path))(), path, cargo.read, WANTED).parts()[0]
    outcome = Worker(replace(cargo, files={"m.onnx": bytes(data)})).attempt(part, b"")
    assert "is not what was verified" in outcome.fault[1]


def test_other_versions_are_refused(cargo, folder):
    """Answers depend on what computes, so a worker with another version says so."""
    path = folder / "m.onnx"
    part = campaign_of(Opening(str(path))(), path, cargo.read, WANTED).parts()[0]
    outcome = Worker(replace(cargo, versions={**cargo.versions, "numpy": "0.1"})).attempt(part, b"")
    assert outcome.fault[0] == "IncompleteError"
    assert "not 0.1" in outcome.fault[1]


def test_a_file_that_changed_meanwhile_is_not_shipped(folder, cargo, tmp_path):
    """The bytes that travel are those that were opened."""
    path = tmp_path / "m.onnx"
    path.write_bytes(cargo.files["m.onnx"])
    opened = Opening(str(path))()
    path.write_bytes(linear(task(12).frail))
    with pytest.raises(InputError, match="changed since it was opened"):
        cargo_of(Opening(str(path)), opened, path, cargo.read, WANTED)


def test_an_endpoint_is_asked_from_one_place(folder, cargo):
    """Many workers at one endpoint would be an attack on it."""
    with pytest.raises(UsageError, match="from one place"):
        cargo_of(Opening("http://x", "m"), Target("m", endpoint=object()), folder / "m.onnx", cargo.read, WANTED)


def test_without_ray_it_is_incomplete(folder, monkeypatch):
    """Where Ray is not installed, the extra is named, and nothing is attacked."""
    monkeypatch.setattr(cluster, "missing_import", lambda extra: extra)
    path = folder / "m.onnx"
    with pytest.raises(MissingExtraError, match=r"redan\[ray\]"):
        try_model(Opening(str(path)), path, folder / "d.npz", WANTED._replace(cluster=Cluster()))


def test_a_model_that_is_open_already_cannot_travel(folder):
    """Others open a model by its file, never an object that was made here."""
    path = folder / "m.onnx"
    with pytest.raises(UsageError, match="by its file"):
        try_model(partial(open_target, str(path), None), path, folder / "d.npz", WANTED._replace(cluster=Cluster()))


@pytest.mark.parametrize("cut", [1, 7, 25])
def test_records_that_were_cut_off_are_not_sent(tmp_path, cut):
    """What a dead worker left in part is cut where the next one would, for claims and for answers."""
    claims = b'{"format": "f", "evaluation": "e"}\n' + b'{"plan": 0, "samples": [1, 2, 3, 4, 5]}\n'
    answers = b'{"classes": 3, "form": "redan-answers-1", "of": "m"}\n' + bytes(2 * (16 + 12))
    for data in (claims, answers):
        (tmp_path / "w").write_bytes(data[:-cut])
        kept = cluster._Kept(tmp_path / "w")
        whole = kept.content()
        assert data.startswith(whole)
        assert 0 < len(whole) < len(data)
        assert (tmp_path / "w").read_bytes() == whole
        kept.add(data[kept.size :])
        assert (tmp_path / "w").read_bytes() == data == kept.content()
