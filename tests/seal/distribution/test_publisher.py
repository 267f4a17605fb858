"""Publishing: keys, versions, expiry, what is refused, and that nothing but one file ever changes."""

import datetime as dt
import fcntl
import os
import shutil
from dataclasses import replace

import pytest
from tuf.api.metadata import Metadata, Root

from redan.errors import InputError, InvalidError, UsageError
from redan.seal.distribution.keyring import open_keyring
from redan.seal.distribution.publisher import Founding, Offer
from redan.seal.distribution.roles import body, key_id
from redan.seal.keys import generate, load_signer
from redan.seal.oms import sign
from redan.seal.pair import write_pair


def test_the_first_release_makes_keys_roles_and_folder(shop):
    """A key of its own per role, mode 0600, outside of the folder; everybody may read what is published."""
    done = shop.publish(b"one", founding=Founding(root_keys=3, root_threshold=2))
    assert done.began
    root = body(shop.read("1.root.json"), Root)
    ids = [name for role in root.roles.values() for name in role.keyids]
    assert len(set(ids)) == len(ids) == 6
    assert root.roles["root"].threshold == 2
    assert root.consistent_snapshot is True
    assert {path.stat().st_mode & 0o777 for path in shop.keys.glob("*.pem")} == {0o600}
    assert shop.keys.stat().st_mode & 0o777 == 0o700
    assert {key_id(load_signer(path)) for _, path in done.made} == set(ids)
    public = [path for path in shop.dist.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in public} == {0o644}
    assert not [path for path in public if b"PRIVATE" in path.read_bytes()]
    assert shop.pin == shop.read("1.root.json")


@pytest.mark.parametrize("kind", ["ed25519", "p256"])
def test_keys_of_both_kinds(shop, kind):
    """Ed25519 and ECDSA on P-256, in the form of the specification."""
    shop.publish(b"one", founding=Founding(kind=kind))
    keys = body(shop.read("1.root.json"), Root).keys.values()
    expected = {"ed25519": ("ed25519", "ed25519"), "p256": ("ecdsa", "ecdsa-sha2-nistp256")}[kind]
    assert {(key.keytype, key.scheme) for key in keys} == {expected}
    assert shop.pull().fetched


def test_keys_that_were_brought_are_used(shop):
    """Keys named for a role are taken; only the others are made."""
    shop.keys.mkdir(parents=True)
    mine = generate("p384")
    write_pair(mine, shop.keys / "root-hsm.pem")
    done = shop.publish(b"one")
    assert [role for role, _ in done.made] == ["targets", "snapshot", "timestamp"]
    assert body(shop.pin, Root).roles["root"].keyids == [key_id(mine)]
    assert shop.pull().fetched


def test_one_key_for_two_roles_is_refused(shop):
    """A stolen timestamp key would be a stolen root key."""
    shop.keys.mkdir(parents=True)
    write_pair(generate(), shop.keys / "root-a.pem")
    shutil.copy(shop.keys / "root-a.pem", shop.keys / "timestamp-a.pem")
    with pytest.raises(UsageError, match="one key is there for two roles"):
        shop.publish(b"one")


@pytest.mark.parametrize("inside", [".", "keys", "metadata/keys"])
def test_keys_inside_of_what_is_published_are_refused(shop, inside):
    """Everybody could fetch them."""
    with pytest.raises(UsageError, match="in the folder that is published"):
        open_keyring([shop.dist / inside], shop.dist)
    shop.dist.mkdir(parents=True)
    (shop.root / "way").symlink_to(shop.dist)
    with pytest.raises(UsageError, match="in the folder that is published"):
        open_keyring([shop.root / "way"], shop.dist)


def test_a_key_that_others_can_read_is_refused(shop):
    """As with every signing key."""
    shop.publish(b"one")
    next(shop.keys.glob("timestamp-*.pem")).chmod(0o644)
    with pytest.raises(UsageError, match="can be read by others"):
        shop.publish(b"two")


def test_all_but_the_timestamp_never_changes(shop):
    """Over releases, renewal, rotation and withdrawal, every file that was ever published keeps its bytes."""
    seen = {}

    def look():
        for path in shop.dist.rglob("*"):
            if path.is_file() and path.name != "timestamp.json":
                assert seen.setdefault(path, path.read_bytes()) == path.read_bytes(), path

    for deed in (
        lambda: shop.publish(b"one"),
        lambda: shop.publish(b"two"),
        lambda: shop.publisher().renew({"snapshot": 9}),
        lambda: shop.publisher().rotate([("targets", None), ("root", None)], "ed25519"),
        lambda: shop.publisher().withdraw("churn", "2"),
        lambda: shop.publish(b"three"),
    ):
        deed()
        look()
    assert len(seen) > 25


def test_versions_only_grow(shop):
    """Each change raises the version of what it signs, past files that a killed one left."""
    shop.publish(b"one")
    (shop.meta / "7.snapshot.json").write_bytes(b"left over")
    versions = shop.publish(b"two").standing.versions
    assert versions == {"root": 1, "targets": 2, "snapshot": 8, "timestamp": 2}


def test_the_same_release_again_is_no_change(shop):
    """A repeated command after a crash that came too late does nothing."""
    shop.publish(b"one", version="1.0")
    before = shop.read("timestamp.json")
    done = shop.publish(b"one", version="1.0")
    assert (done.unchanged, done.release.version) == (True, "1.0")
    assert shop.read("timestamp.json") == before


def test_a_version_is_never_given_twice(shop):
    """What a version means never changes."""
    shop.publish(b"one", version="1.0")
    with pytest.raises(UsageError, match=r"version 1.0 of churn is published already"):
        shop.publish(b"two", version="1.0")


def test_a_file_alone_and_two_models(shop):
    """One file is as good as a folder, and models of one distribution do not meet."""
    file = shop.root / "work" / "big model.onnx"
    shop.publish(b"one")
    file.write_bytes(b"alone")
    offer = Offer(path=file, seal=sign(file, shop.maker), key=shop.maker.public, name="other")
    done = shop.publisher().publish(offer, Founding())
    assert (done.release.kind, done.release.files[0].path) == ("file", "big model.onnx")
    assert shop.pull().release.name == "churn"
    dotted = Offer(path=file, seal=sign(file, shop.maker, dot=True), key=shop.maker.public, name="dotted")
    assert shop.publisher().publish(dotted, Founding()).release.files[0].path == "big model.onnx"


def test_a_seal_with_another_hash(shop):
    """BLAKE3 digests cannot be compared with SHA-256 ones, so the copy itself is verified."""
    pytest.importorskip("blake3")
    offer = shop.offer(b"one")
    offer = Offer(
        path=offer.path,
        seal=sign(offer.path, shop.maker, hash_type="blake3"),
        key=offer.key,
        name="churn",
    )
    shop.publisher().publish(offer, Founding())
    assert shop.pull().fetched
    assert shop.installed == b"one"


def test_what_its_seal_does_not_cover_is_not_published(shop):
    """A changed file, a planted file, and another maker: nothing is written."""
    offer = shop.offer(b"one")
    (shop.model / "planted.py").write_bytes(b"import os")
    with pytest.raises(InvalidError, match="not listed"):
        shop.publisher().publish(offer, Founding())
    (shop.model / "planted.py").unlink()
    (shop.model / "model.onnx").write_bytes(b"two")
    with pytest.raises(InvalidError, match="not as it was sealed"):
        shop.publisher().publish(offer, Founding())
    with pytest.raises(InvalidError):
        shop.publisher().publish(replace(shop.offer(b"one"), key=generate("p256").public), Founding())
    assert not shop.dist.exists()


def test_a_file_that_changes_after_its_verification(shop, monkeypatch):
    """What is copied is compared with what was sealed."""
    from redan.seal.distribution import publisher as module

    def sly(path, *args, **kwargs):
        found = real(path, *args, **kwargs)
        (path / "model.onnx").write_bytes(b"two")
        return found

    real = module.verify
    monkeypatch.setattr(module, "verify", sly)
    with pytest.raises(InvalidError, match="changed after its seal was verified"):
        shop.publish(b"one")
    assert not shop.meta.exists()


def test_names_that_no_site_could_store(shop):
    """A name with a backslash is refused before anything is written."""
    shop.model.mkdir(parents=True)
    (shop.model / "a\\b").write_bytes(b"x")
    with pytest.raises((InputError, InvalidError)):
        shop.publish(b"one")
    assert not shop.meta.exists()


def test_a_folder_that_was_set_back_is_noticed(two):
    """Who publishes into a restored old copy would sign versions twice; the keys remember."""
    old = two.root / "old"
    shutil.copytree(two.dist, old)
    two.publish(b"weights three")
    shutil.rmtree(two.dist)
    shutil.copytree(old, two.dist)
    with pytest.raises(InvalidError, match="rollback: timestamp version 2 after 3"):
        two.publish(b"weights four")
    shutil.rmtree(two.dist)
    with pytest.raises(InvalidError, match="is gone from here"):
        two.publish(b"weights four")


def test_keys_of_another_distribution(two):
    """Foreign keys sign nothing: their folder has another first root, or none."""
    with pytest.raises(UsageError, match="not the keys of"):
        two.publisher(keys=[two.root / "empty"]).renew({})
    other = type(two)(two.root.parent / "other")
    other.publish(b"x")
    with pytest.raises(InvalidError, match="signature"):
        two.publisher(keys=[other.keys]).renew({})


def test_one_at_a_time(two):
    """A second publisher is told to wait."""
    descriptor = os.open(two.dist, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(UsageError, match="being published to just now"):
            two.publish(b"three")
    finally:
        os.close(descriptor)
    assert two.publish(b"three").release.version == "3"


@pytest.mark.parametrize("part", [".", "metadata", "targets"])
def test_a_distribution_that_is_a_link(two, part):
    """Nothing is written through a link."""
    there = two.dist / part
    moved = two.root / "moved"
    there.rename(moved)
    (two.dist if part == "." else there).symlink_to(moved)
    with pytest.raises(UsageError, match="is a link"):
        two.publish(b"three")


def test_renewal_needs_the_timestamp_key_alone(two):
    """A machine with one key and the first root renews; what else is due is named."""
    timer = two.root / "timer"
    timer.mkdir()
    for path in (two.keys / "root.json", next(two.keys.glob("timestamp-*.pem"))):
        shutil.copy(path, timer / path.name)
    first = two.publisher(keys=[timer]).renew({})
    assert first.standing.versions == {"root": 1, "targets": 2, "snapshot": 2, "timestamp": 3}
    assert first.away == ()
    later = two.now + dt.timedelta(days=20)
    second = two.publisher(later, keys=[timer]).renew({})
    assert second.away == ("snapshot",)
    assert two.pull(now=later).fetched is False
    with pytest.raises(UsageError, match="snapshot metadata has expired and its keys are not here"):
        two.publisher(two.now + dt.timedelta(days=40), keys=[timer]).renew({})


def test_renewal_of_everything(two):
    """With all keys, what is half expired is signed anew, and sites follow for years."""
    now = two.now
    for _ in range(8):
        now += dt.timedelta(days=100)
        done = two.publisher(now).renew({})
        assert min(done.standing.expires.values()) > now
        assert two.pull(now=now).release.version == "2"
    assert done.standing.versions["root"] > 2


def test_an_expired_root_stops_releases(two):
    """Nobody would accept them; the message says what to do, and renewal mends it."""
    late = two.now + dt.timedelta(days=366)
    with pytest.raises(UsageError, match="root metadata expired on 2027-06-01"):
        two.publish(b"three", now=late)
    two.publisher(late).renew({})
    assert two.publish(b"three", now=late).release.version == "4"


def test_lives_are_signed_and_stay(two):
    """Another life of a role is asked for once, needs the root keys, and later versions keep to it."""
    done = two.publisher().renew({"timestamp": 2})
    assert done.standing.expires["timestamp"] == two.now + dt.timedelta(days=2)
    assert done.standing.versions["root"] == 2
    assert two.publish(b"three").standing.expires["timestamp"] == two.now + dt.timedelta(days=2)


def test_rotation_retires_the_old_key(two):
    """The new root names the new key alone, signed by the root; the file to delete is named."""
    old = key_id(two.stolen("timestamp"))
    done = two.publisher().rotate([("timestamp", None)], "p256")
    root = Metadata.from_bytes(two.read("3.root.json")).signed
    assert root.roles["timestamp"].keyids == [key_id(load_signer(done.made[0][1]))]
    assert old not in root.keys
    assert [name for name, _ in done.retired] == [old]
    assert done.retired[0][1].name.startswith("timestamp-")


def test_rotation_of_one_root_key_of_three(shop):
    """A lost stick is replaced by the others; the rest stays."""
    shop.publish(b"one", founding=Founding(root_keys=3, root_threshold=2))
    paths = sorted(shop.keys.glob("root-*.pem"))
    lost = key_id(load_signer(paths[0]))
    paths[0].unlink()
    with pytest.raises(UsageError, match="no one key of root"):
        shop.publisher().rotate([("root", "zzzzzzzz")], "ed25519")
    done = shop.publisher().rotate([("root", lost[:10])], "ed25519")
    root = Metadata.from_bytes(shop.read("2.root.json")).signed
    assert len(root.roles["root"].keyids) == 3
    assert lost not in root.keys
    assert done.retired == ((lost, None),)
    shop.publish(b"two")
    assert shop.pull().release.version == "2"


def test_rotation_mends_a_folder_that_a_thief_signed(two):
    """A stolen timestamp key names a snapshot that is not there; the publisher can still take the key away."""
    two.stamp(b"".join([two.read("2.snapshot.json").replace(b'"version":2', b'"version":9')]), 500)
    with pytest.raises(Exception, match="missing"):
        two.publish(b"three")
    two.publisher().rotate([("timestamp", None)], "ed25519")
    assert two.pull().release.version == "2"
    two.publish(b"three")
    assert two.pull().release.version == "3"


def test_a_release_that_is_not_there_cannot_be_taken_back(two):
    """The message lists those that are."""
    with pytest.raises(UsageError, match="no release 9 of churn") as told:
        two.publisher().withdraw("churn", "9")
    assert told.value.remedy == "there are: 1, 2"


def test_founding_that_makes_no_sense(shop):
    """Three signatures of two keys."""
    with pytest.raises(UsageError, match="3 of 2 root keys"):
        shop.publish(b"one", founding=Founding(root_keys=2, root_threshold=3))


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "a b"])
def test_names_and_versions_are_plain(shop, name):
    """A name becomes a folder on every site."""
    with pytest.raises(UsageError, match="is no name of a release"):
        shop.publish(b"one", name=name)
    with pytest.raises(UsageError, match="is no version of a release"):
        shop.publish(b"one", version=name)
