"""Every attack of the TUF specification, and every stolen key, against a site: from a folder and over HTTP."""

import datetime as dt
import http.server
import os
import time

import pytest

from redan.errors import IncompleteError, InvalidError, UsageError
from redan.seal.distribution.publisher import Founding
from redan.seal.keys import generate
from redan.terms import Exit


def refused(shop, place, match, **more):
    """The pull is refused with these words, exit 4, and what was installed stays."""
    before = shop.installed
    with pytest.raises(InvalidError, match=match) as told:
        shop.pull(place, **more)
    assert told.value.exit_code == Exit.INVALID
    assert shop.installed == before
    assert not list((shop.edge / ".redan-pull" / "churn").glob("staging-*"))


def test_the_newest_release_arrives(place, shop):
    """First, second, and again: the newest files, verified, and nothing is fetched twice."""
    shop.publish(b"weights one")
    first = shop.pull(place)
    shop.publish(b"weights two", version="2.0+cpu")
    second, again = shop.pull(place), shop.pull(place)
    assert (first.release.version, first.fetched, first.before) == ("1", True, None)
    assert (second.release.version, second.fetched, second.before) == ("2.0+cpu", True, "1")
    assert (again.fetched, again.restored) == (False, None)
    assert shop.installed == b"weights two"
    assert (shop.edge / "churn" / "files" / "sub" / "my config+é.json").read_bytes() == b"{}"
    assert {p.name for p in (shop.edge / "churn").iterdir()} == {"files", "key.pub", "release.json", "seal.json"}


def test_rollback_to_an_older_timestamp(place, shop):
    """The first state, still signed and fresh, is refused by who saw the second."""
    shop.publish(b"one")
    old = shop.read("timestamp.json")
    shop.publish(b"two")
    shop.pull(place)
    (shop.meta / "timestamp.json").write_bytes(old)
    refused(shop, place, "rollback: timestamp version 1 after 2")


def test_rollback_with_a_stolen_timestamp_key(place, two):
    """A new timestamp over the old snapshot is refused: the snapshot's version is lower."""
    two.stamp(two.read("1.snapshot.json"), 99)
    refused(two, place, "rollback: snapshot version 1 after 2")


def test_rollback_with_stolen_timestamp_and_snapshot_keys(place, two):
    """A new snapshot over the old targets is refused: the targets' version is lower."""
    two.stamp(two.snap(two.read("1.targets.json"), 9), 99)
    refused(two, place, "rollback: targets version 1 after 2")


def test_a_stolen_timestamp_key_signs_no_snapshot(place, two):
    """A snapshot by the wrong key is refused."""
    two.stamp(two.snap(two.read("2.targets.json"), 9, by=two.stolen("timestamp")), 99)
    refused(two, place, "signature: the snapshot metadata")


def test_a_stolen_targets_key_alone_changes_nothing(place, two):
    """Targets that no snapshot names are not seen; put in the place of others, they are refused."""
    evil = two.signed_targets({})
    (two.meta / "3.targets.json").write_bytes(evil)
    assert two.pull(place).fetched is False
    (two.meta / "2.targets.json").write_bytes(evil)
    site = two.root / "new-site"
    with pytest.raises(InvalidError, match="mix-and-match: the targets metadata"):
        two.pull(place, into=site)
    assert not (site / "churn").exists()


def test_all_online_keys_stolen_the_seal_still_stands(place, two):
    """Whoever signs as targets, snapshot and timestamp cannot seal as the model's maker."""
    thief = two.copy(two.root.parent / "thief")
    thief.maker = generate("p256")
    thief.publish(b"evil weights")
    before = two.installed
    with pytest.raises(InvalidError, match="seal: in release 3 of churn"):
        two.pull(thief.dist)
    assert two.installed == before
    assert two.pull(thief.dist, key=None).release.version == "3"  # nothing but the distribution is trusted then


def test_rotated_keys_end_a_fast_forward(place, two):
    """A thief signs versions up to a million; after rotation, sites that saw them come back."""
    two.stamp(two.snap(two.read("2.targets.json"), 10**6), 10**6)
    assert two.pull(place).standing.versions["timestamp"] == 10**6
    two.publisher().rotate([("timestamp", None), ("snapshot", None)], "ed25519")
    after = two.pull(place)
    assert after.standing.versions["root"] == 3
    two.publish(b"weights three")
    assert two.pull(place).release.number == 3
    assert two.installed == b"weights three"


def test_stolen_targets_key_after_rotation_is_worth_nothing(place, two):
    """What the retired key signs is refused, even with the other keys stolen too."""
    thief = two.stolen("targets")
    two.publisher().rotate([("targets", None)], "p256")
    two.pull(place)
    evil = two.signed_targets({}, by=thief, version=9)
    two.stamp(two.snap(evil, 9), 99)
    (two.meta / "9.targets.json").write_bytes(evil)
    refused(two, place, "signature: the targets metadata")


def test_a_root_by_others_is_refused(place, two):
    """A new root that the old root's keys did not sign is refused."""
    other = type(two)(two.root.parent / "other")
    other.publish(b"x")
    other.publisher().rotate([("root", None)], "ed25519")
    (two.meta / "2.root.json").write_bytes(other.read("2.root.json"))
    refused(two, place, "signature: the root metadata")


def test_a_root_needs_its_threshold(shop):
    """One of two root keys signs no new root."""
    shop.publish(b"one", founding=Founding(root_keys=2, root_threshold=2))
    one = min(shop.keys.glob("root-*.pem"))
    away = shop.root / "stick"
    away.mkdir()
    one.rename(away / one.name)
    with pytest.raises(UsageError, match="1 of 2 keys that must sign root"):
        shop.publisher().rotate([("timestamp", None)], "ed25519")
    shop.publisher(keys=[shop.keys, away]).rotate([("timestamp", None)], "ed25519")
    assert shop.pull().standing.versions["root"] == 3


@pytest.mark.parametrize(("days", "role"), [(8, "timestamp"), (31, "snapshot"), (181, "targets"), (366, "root")])
def test_freeze(place, shop, days, role):
    """Whatever expired first is named, with its day; a site is never kept in the past."""
    lives = {"timestamp": 400, "snapshot": 400, "targets": 400, "root": 400}
    lives[role] = days - 1
    shop.publish(b"one", founding=Founding(days=lives))
    shop.pull(place)
    late = shop.now + dt.timedelta(days=days)
    refused(shop, place, f"freeze: the {role} metadata expired on {(late - dt.timedelta(days=1)):%Y-%m-%d}", now=late)


def test_mix_of_an_older_snapshot(place, two):
    """The first snapshot under the second one's name is not what the timestamp names."""
    (two.meta / "2.snapshot.json").write_bytes(two.read("1.snapshot.json"))
    with pytest.raises(InvalidError, match="mix-and-match: the snapshot metadata is not the one that the timestamp"):
        two.pull(place, into=two.root / "new-site")


def test_mix_of_an_older_snapshot_without_digests(place, two, tools):
    """Where a publisher names no digests, the version is compared."""
    from tuf.api.metadata import MetaFile, Timestamp

    stamp = tools["body"](two.read("timestamp.json"), Timestamp)
    stamp.version, stamp.snapshot_meta = 9, MetaFile(2)
    (two.meta / "timestamp.json").write_bytes(tools["signed"](stamp, [two.stolen("timestamp")]))
    (two.meta / "2.snapshot.json").write_bytes(two.read("1.snapshot.json"))
    with pytest.raises(InvalidError, match="mix-and-match: snapshot version 1 where the timestamp names 2"):
        two.pull(place, into=two.root / "new-site")


def test_an_exchanged_file(place, two):
    """The first release's bytes under the second one's name, of equal length: refused as substitution."""
    for path in two.dist.rglob("*.model.onnx"):
        path.write_bytes(b"weights evi")
    with pytest.raises(InvalidError, match="substitution"):
        two.pull(place, into=two.root / "new-site")
    assert not (two.root / "new-site" / "churn").exists()


def test_endless_file(place, two):
    """A file that goes on is cut at the signed length."""
    for path in two.dist.rglob("*.model.onnx"):
        path.write_bytes(b"x" * 3_000_000)
    with pytest.raises(InvalidError, match="endless data: targets/releases"):
        two.pull(place, into=two.root / "new-site")


@pytest.mark.parametrize("name", ["timestamp.json", "2.root.json"])
def test_endless_metadata(place, two, name):
    """Metadata that no other metadata gives a length for has a bound of its own."""
    (two.meta / name).write_bytes(b" " * 600_000)
    refused(two, place, f"endless data: metadata/{name}")


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe", b"[]", b'{"signed": {}}', b"[" * 100_000, b'{"signatures": [], "signed": 3}']
)
def test_metadata_that_is_none(place, two, data):
    """Bytes that are no metadata are refused, never a crash."""
    (two.meta / "timestamp.json").write_bytes(data[:16_000])
    refused(two, place, "malformed|signature")


def test_the_role_of_another_file(place, two):
    """A snapshot where the timestamp belongs is refused."""
    (two.meta / "timestamp.json").write_bytes(two.read("2.snapshot.json"))
    refused(two, place, "mix-and-match|malformed|signature")


def test_another_distribution_with_a_root_of_its_own(place, two):
    """A whole and sound distribution by somebody else is refused."""
    other = type(two)(two.root.parent / "other")
    other.publish(b"evil")
    other.pull()
    for path in two.meta.iterdir():
        path.unlink()
    for path in other.meta.iterdir():
        (two.meta / path.name).write_bytes(path.read_bytes())
    refused(two, place, "signature: the timestamp metadata")


def test_files_that_are_gone(place, two):
    """A mirror that lacks files is not whole: exit 3, and what is installed stays."""
    (two.meta / "2.snapshot.json").unlink()
    with pytest.raises(IncompleteError, match=r"metadata/2.snapshot.json is missing"):
        two.pull(place, into=two.root / "new-site")
    (two.meta / "timestamp.json").unlink()
    with pytest.raises(IncompleteError, match="no distribution is there") as told:
        two.pull(place)
    assert told.value.exit_code == Exit.INCOMPLETE
    assert two.installed == b"weights two"


def test_nobody_answers(two):
    """A port where nothing listens is exit 3."""
    with pytest.raises(IncompleteError, match="could not be fetched"):
        two.pull("http://127.0.0.1:9", patience_s=1)


def test_a_server_that_trickles(two, tools):
    """One byte at a time never ends the wait of a single read; the clock beside it does."""

    class Trickle(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(404 if "root" in self.path else 200)
            self.end_headers()
            try:
                while "root" not in self.path:
                    self.wfile.write(b" ")
                    self.wfile.flush()
                    time.sleep(0.05)
            except OSError:
                pass

        def log_message(self, *_):
            pass

    with tools["web"](two.dist, Trickle) as address, pytest.raises(IncompleteError, match="slow retrieval"):
        two.pull(address, patience_s=0.2)


def test_a_server_that_says_nothing(two, tools):
    """A connection that is accepted and never answered is given up."""

    class Mute(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            time.sleep(3)

        def log_message(self, *_):
            pass

    with tools["web"](two.dist, Mute) as address, pytest.raises(IncompleteError, match=r"slow retrieval|could not"):
        two.pull(address, patience_s=0.2)


HOSTILE = [
    "releases/churn/3/files/..%2F..%2Fevil",
    "releases/churn/3/files/../../evil",
    "releases/churn/3/files//etc/passwd",
    "releases/churn/3/files/%2Fetc%2Fpasswd",
    "releases/churn/3/files/a%00b",
    "releases/churn/3/files/a%0Ab",
    "releases/churn/3/files/a%5Cb",
    "releases/churn/3/files/%61",
    "releases/churn/3/files/",
    "releases/churn/3/files/" + "a" * 200,
    "releases/churn/3/other",
    "releases/churn/../3/seal.json",
    "releases/churn/3%2F..%2F4/seal.json",
    "releases/churn/..%2F/files/a",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(place, two, name):
    """A targets key that was stolen writes nothing outside of the release's folder."""
    targets = dict(two.targets())
    some = next(t for path, t in targets.items() if path.endswith("model.onnx"))
    targets[name] = type(some)(path=name, length=some.length, sha256=some.sha256)
    evil = two.signed_targets(targets, version=3)
    (two.meta / "3.targets.json").write_bytes(evil)
    two.stamp(two.snap(evil, 3), 3)
    refused(two, place, "hostile name|malformed: release")
    assert {p.name for p in two.edge.iterdir()} == {".redan-pull", "churn"}


@pytest.mark.parametrize("part", ["metadata", "targets", "metadata/timestamp.json", "targets/releases/churn"])
def test_links_in_the_folder_are_not_followed(shop, part):
    """A distribution on a plain folder may not lead elsewhere, at any depth."""
    shop.publish(b"one")
    there = shop.dist / part
    moved = shop.root / "moved"
    there.rename(moved)
    there.symlink_to(moved)
    with pytest.raises(IncompleteError, match="could not be fetched"):
        shop.pull()
    there.unlink()
    moved.rename(there)
    assert shop.pull().fetched


def test_a_pipe_in_the_folder_is_not_waited_for(shop):
    """A named pipe where metadata belongs is refused at once."""
    shop.publish(b"one")
    (shop.meta / "timestamp.json").unlink()
    os.mkfifo(shop.meta / "timestamp.json")
    with pytest.raises(IncompleteError, match="could not be fetched"):
        shop.pull()


def test_a_withdrawn_release_is_left(place, two):
    """Sites go back to the release before, because the publisher says so in newer metadata."""
    two.publisher().withdraw("churn", "2")
    done = two.pull(place)
    assert (done.release.version, done.before) == ("1", "2")
    assert two.installed == b"weights one"


def test_what_was_changed_on_site_is_mended(place, two):
    """A changed installed file is noticed by its seal, named, and fetched again."""
    (two.edge / "churn" / "files" / "model.onnx").write_bytes(b"weights evi")
    done = two.pull(place)
    assert "model.onnx" in done.restored
    assert two.installed == b"weights two"
