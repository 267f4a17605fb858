"""The state folder of a project that came from elsewhere, was set back, or changed while checks ran."""

import os
import shutil

import pytest

import small_project
from redan.cli import flow
from redan.cli.flow import Asked, check, look
from redan.cli.held import held
from redan.cli.report import report
from redan.cli.state import State
from redan.errors import IncompleteError, InputError, InvalidError, UsageError
from redan.runner.cache import Cache
from redan.system.read import read
from redan.terms import Outcome


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """A project after two runs, and its state folder as it was after the first."""
    folder = small_project.make(tmp_path_factory.mktemp("state") / "project")
    small_project.checked(folder)
    shutil.copytree(folder / ".redan", folder / "older")
    small_project.checked(folder)
    return folder


@pytest.fixture
def project(history, tmp_path):
    return shutil.copytree(history, tmp_path / "project", copy_function=shutil.copy2)


def run(project, **asked):
    return check(read(project), Asked(now=small_project.NOW, **asked))


def replace(project, part):
    """Puts the older copy of a part of the state folder in its place."""
    place, older = project / ".redan" / part, project / "older" / part
    if place.is_dir():
        shutil.rmtree(place)
        shutil.copytree(older, place)
    else:
        shutil.copy2(older, place)


def test_a_ledger_that_was_set_back(project):
    """An older copy of the ledger verifies by itself, and is refused for what the last evidence keeps."""
    replace(project, "ledger")
    with pytest.raises(InvalidError, match="does not go on from the last evidence"):
        run(project)
    with pytest.raises(InvalidError, match="does not go on from the last evidence"):
        report(project)
    with pytest.raises(InvalidError, match="does not go on from the last evidence"):
        held(read(project))


def test_a_ledger_that_is_gone(project):
    """A deleted ledger is not made anew while evidence of it is there."""
    shutil.rmtree(project / ".redan" / "ledger")
    with pytest.raises(InvalidError, match="the ledger is gone"):
        run(project)
    assert not (project / ".redan" / "ledger").exists()


def test_a_ledger_of_the_same_key_from_another_project(project, tmp_path):
    """Another log of the same key is not this one."""
    other = small_project.make(tmp_path / "other")
    (other / ".redan").mkdir()
    for name in ("key.pem", "key.pub"):
        shutil.copy2(project / ".redan" / name, other / ".redan" / name)
    run(other)
    run(other)
    shutil.rmtree(project / ".redan" / "ledger")
    shutil.copytree(other / ".redan" / "ledger", project / ".redan" / "ledger")
    with pytest.raises(InvalidError, match="does not go on from the last evidence"):
        run(project)


def test_an_older_pack_is_not_reported(project):
    """A replayed pack is authentic and still not the last word; given by name it is reported as what it is."""
    replace(project, "evidence.json")
    with pytest.raises(IncompleteError, match="a later run stands in the ledger"):
        report(project)
    with pytest.raises(IncompleteError, match="a later run stands in the ledger"):
        held(read(project))
    run(project)
    assert held(read(project))


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff\xfe", b"[" * 100_000])
def test_damaged_evidence_stops_a_check(project, damage):
    """Evidence that is not this key's could hide a ledger that was set back, so it is not overwritten."""
    (project / ".redan" / "evidence.json").write_bytes(damage)
    with pytest.raises(InvalidError, match="the last evidence"):
        run(project)


def test_evidence_of_another_key_stops_a_check(project, tmp_path):
    """Evidence from elsewhere is neither trusted nor silently replaced."""
    other = small_project.make(tmp_path / "other")
    small_project.checked(other)
    shutil.copy2(other / ".redan" / "evidence.json", project / ".redan" / "evidence.json")
    with pytest.raises(InvalidError, match="the last evidence"):
        run(project)


def test_a_lost_key_is_not_replaced(project):
    """Without its key a ledger cannot go on, and no other key is made for it."""
    for name in ("key.pem", "key.pub"):
        (project / ".redan" / name).unlink()
    with pytest.raises(InvalidError, match="without the key that signed it"):
        run(project)
    assert not (project / ".redan" / "key.pem").exists()


@pytest.mark.parametrize("part", [".", "ledger", "cache"])
def test_links_in_the_state_folder_are_refused(project, tmp_path, part):
    """A project that came from elsewhere cannot make redan read or write outside it through a link."""
    place = project / ".redan" / part
    shutil.move(place, tmp_path / "outside")
    (project / ".redan" if part == "." else place).symlink_to(tmp_path / "outside")
    before = sorted((tmp_path / "outside").rglob("*"))
    for verb in (run, report, lambda path: held(read(path)), look_at):
        with pytest.raises(UsageError, match="symbolic link"):
            verb(project)
    assert sorted((tmp_path / "outside").rglob("*")) == before


def look_at(project):
    return look(read(project), Asked(now=small_project.NOW, only=("AIPS-PIT-01",)))


@pytest.mark.parametrize("part", ["cache", "ledger", "evidence.json"])
def test_parts_of_another_kind_are_refused(project, part):
    """A file in place of a folder, or a pipe in place of a file, is one clear line."""
    place = project / ".redan" / part
    if place.is_dir():
        shutil.rmtree(place)
        place.write_text("", encoding="utf-8")
    else:
        place.unlink()
        os.mkfifo(place)
    with pytest.raises(UsageError, match="is not a"):
        run(project)


def test_a_cache_that_came_with_its_key_is_not_believed(project):
    """Whoever packs up a project with a key and answers signed by it cannot make a control hold elsewhere."""
    kept = [cost.cached for cost in run(project).results.costs]
    assert not any(kept)
    assert any(cost.cached for cost in run(project).results.costs)


def test_findings_are_the_same_from_the_cache(project):
    """Lines that a check chose itself survive the cache, also when the description grew above them."""
    run(project)
    text = (project / "redan.toml").read_text(encoding="utf-8")
    for description in (text, "# one more line\n" + text):
        (project / "redan.toml").write_text(description, encoding="utf-8")
        asked = [run(project, cached=cached).results.controls for cached in (True, False)]
        assert asked[0] == asked[1]


@pytest.mark.parametrize("how", ["exchanged", "written", "exchanged and put back", "gone"])
def test_data_that_change_during_the_run(project, tmp_path, monkeypatch, how):
    """What was digested is what was read: an exchanged dataset gives an error, no evidence and no kept answer."""
    before = (project / ".redan" / "evidence.json").read_bytes()
    kept, put = [], Cache.put
    monkeypatch.setattr(Cache, "put", lambda cache, key, found: kept.append(found) or put(cache, key, found))
    data = project / "train.csv"
    opened, calls = flow.open_table, []

    def swapping(path):
        if not calls:
            calls.append(path)
            swap(data, tmp_path, how)
        return opened(path)

    monkeypatch.setattr(flow, "open_table", swapping)
    with pytest.raises(InputError, match=r"changed during the run|cannot be opened"):
        run(project)
    assert (project / ".redan" / "evidence.json").read_bytes() == before
    assert kept == []


def swap(data, scratch, how):
    old = data.read_bytes()
    other = scratch / "other.csv"
    other.write_bytes(old.replace(b"i1-", b"j1-"))
    if how == "written":
        data.write_bytes(other.read_bytes())
    elif how == "gone":
        data.unlink()
    else:
        os.replace(data, scratch / "kept.csv")
        shutil.copy(other, data)
        if how == "exchanged and put back":
            os.replace(scratch / "kept.csv", data)


def test_data_exchanged_between_answers(project, monkeypatch):
    """An exchange after the first check is found at the next answer."""
    first = []

    def progress(done, _total, _what):
        if done == 1 and not first:
            first.append(done)
            (project / "train.csv").write_bytes((project / "test.csv").read_bytes())

    with pytest.raises(InputError, match="changed during the run"):
        run(project, cached=False, progress=progress)
    assert first


def test_the_state_folder_of_a_fresh_project(tmp_path):
    """Nothing is there yet, and nothing is refused."""
    state = State(small_project.make(tmp_path / "project"))
    state.check()
    assert state.own_cache() is None
    assert Outcome.HOLDS not in held(read(state.folder.parent)).values()
