"""A site's trust: where it starts, what it remembers, and that the reference client says the same."""

import datetime as dt
import json
import shutil

import pytest
from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.api.metadata import Metadata
from tuf.ngclient import Updater

from redan.errors import InvalidError, RedanError, UsageError
from redan.seal.distribution import client as client_module
from redan.seal.distribution.sources import FolderSource, open_source


def memory(shop):
    return shop.edge / ".redan-pull" / "churn" / "metadata"


def test_trust_starts_from_the_file_that_was_given(two):
    """A root that signs itself but is of somebody else accepts nothing of this distribution."""
    other = type(two)(two.root.parent / "other")
    other.publish(b"x")
    with pytest.raises(InvalidError, match="signature"):
        two.pull(into=two.root / "new-site", root=other.pin)


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"[" * 50_000])
def test_a_root_that_is_none(two, data):
    """Any other file in the place of the root is refused."""
    with pytest.raises(InvalidError, match="no root metadata"):
        two.pull(into=two.root / "new-site", root=data)
    assert two.pull(into=two.root / "new-site").fetched  # a wrong file the first time binds nobody


def test_a_root_that_does_not_sign_itself(two):
    """A root with a changed date has no valid signature."""
    changed = json.loads(two.pin)
    changed["signed"]["expires"] = "2099-01-01T00:00:00Z"
    with pytest.raises(InvalidError, match="no root metadata"):
        two.pull(into=two.root / "new-site", root=json.dumps(changed).encode())


def test_another_root_later_is_refused(two):
    """The root of the first time stays; a later one of the same chain may be given, another's may not."""
    other = type(two)(two.root.parent / "other")
    other.publish(b"x")
    with pytest.raises(InvalidError, match="another distribution than the one that was pulled from before"):
        two.pull(other.dist, root=other.pin)
    two.publisher().rotate([("root", None)], "ed25519")
    two.pull()
    assert two.pull(root=two.read("2.root.json")).fetched is False


@pytest.mark.parametrize("name", ["timestamp.json", "snapshot.json", "targets.json"])
@pytest.mark.parametrize("damage", [b"", b"{}", b"\x00" * 100])
def test_a_damaged_memory_is_refused(two, name, damage):
    """What a power cut left is not taken for no memory at all, which would let an old offer pass."""
    (memory(two) / name).write_bytes(damage)
    with pytest.raises(InvalidError, match="what was seen last is damaged"):
        two.pull()


def test_a_memory_behind_a_link_is_refused(two):
    """Neither the folder nor what lies in it may be a link."""
    moved = two.root / "moved"
    memory(two).rename(moved)
    memory(two).symlink_to(moved)
    with pytest.raises(UsageError, match="is a link"):
        two.pull()
    memory(two).unlink()
    moved.rename(memory(two))
    (memory(two) / "timestamp.json").rename(two.root / "t.json")
    (memory(two) / "timestamp.json").symlink_to(two.root / "t.json")
    with pytest.raises(RedanError, match="symbolic link"):
        two.pull()


@pytest.mark.parametrize("part", [".redan-pull", ".redan-pull/churn", "churn"])
def test_a_site_folder_with_links_is_refused(two, part):
    """Nothing is installed through a link."""
    there = two.edge / part
    moved = two.root / "moved"
    there.rename(moved)
    there.symlink_to(moved)
    with pytest.raises(UsageError):
        two.pull()


def test_what_nobody_pulled_is_not_replaced(shop):
    """A folder of the same name that is the user's own stays."""
    shop.publish(b"one")
    (shop.edge / "churn").mkdir(parents=True)
    (shop.edge / "churn" / "mine.txt").write_bytes(b"mine")
    with pytest.raises(UsageError, match="no pull put it there"):
        shop.pull()
    assert (shop.edge / "churn" / "mine.txt").read_bytes() == b"mine"


def test_a_model_that_is_not_there(two):
    """The names that are there are told."""
    from redan.seal.distribution.puller import Wanted, pull, scratch_of

    source = open_source(str(two.dist), scratch_of(two.edge, "other"))
    wanted = Wanted(name="other", into=two.edge, root=two.pin)
    with pytest.raises(UsageError, match="no release of other") as told:
        pull(source, wanted, two.now)
    assert told.value.remedy == "it holds: churn"


def test_a_library_without_that_clock_is_noticed(two, monkeypatch):
    """If the reference client ever keeps its clock elsewhere, nothing is judged by the wrong one."""

    class Clockless(Updater):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            del self._trusted_set

    monkeypatch.setattr(client_module, "Updater", Clockless)
    with pytest.raises(RedanError, match="keeps its clock elsewhere"):
        two.pull()


def plain(folder, place, pin):
    """The reference client alone, on its own clock and fetcher."""
    folder.mkdir(parents=True, exist_ok=True)
    updater = Updater(str(folder), f"{place}/metadata/", str(folder), f"{place}/targets/", fetcher=None, bootstrap=pin)
    updater.refresh()
    return updater


@pytest.fixture
def today(shop):
    """The same shop on the system's clock, which is the only one that the reference client knows."""
    shop.now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    return shop


def test_the_reference_client_reads_it(today, tools):
    """Plain tuf.ngclient over HTTP gets every file of a release, odd names included, and sees what is said about it."""
    today.publish(b"one")
    today.publisher().rotate([("targets", None), ("root", None)], "p256")
    today.publish(b"two")
    with tools["web"](today.dist) as address:
        updater = plain(today.root / "plain", address, today.pin)
        names = today.targets()
        assert len([name for name in names if "/files/" in name]) == 4
        for name, target in names.items():
            info = updater.get_targetinfo(name)
            assert info.custom == target.custom
            updater.download_target(info)


ATTACKS = {
    "none": lambda shop, old: None,
    "rollback": lambda shop, old: (shop.meta / "timestamp.json").write_bytes(old),
    "stolen timestamp key": lambda shop, old: shop.stamp(shop.read("1.snapshot.json"), 99),
    "stolen snapshot key": lambda shop, old: shop.stamp(shop.snap(shop.read("1.targets.json"), 9), 99),
    "forged snapshot": lambda shop, old: shop.stamp(
        shop.snap(shop.read("2.targets.json"), 9, by=shop.stolen("root")), 99
    ),
    "frozen": lambda shop, old: shop.stamp(shop.read("2.snapshot.json"), 99, now=shop.now - dt.timedelta(days=30)),
    "garbage": lambda shop, old: (shop.meta / "timestamp.json").write_bytes(b"{}"),
    "wrong role": lambda shop, old: (shop.meta / "timestamp.json").write_bytes(shop.read("2.snapshot.json")),
    "gone": lambda shop, old: (shop.meta / "timestamp.json").unlink(),
    "endless": lambda shop, old: (shop.meta / "timestamp.json").write_bytes(b" " * 40_000),
    "forged root": lambda shop, old: (shop.meta / "2.root.json").write_bytes(shop.read("1.root.json")),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_reference_client_judges_alike(today, tools, attack):
    """What plain tuf.ngclient accepts or refuses, we accept or refuse."""
    today.publish(b"one")
    old = today.read("timestamp.json")
    today.publish(b"two")
    today.pull()
    with tools["web"](today.dist) as address:
        plain(today.root / "plain", address, today.pin)
        ATTACKS[attack](today, old)
        theirs = ours = True
        try:
            plain(today.root / "plain", address, today.pin)
        except (RepositoryError, DownloadError, ValueError):
            theirs = False
        try:
            today.pull(address)
        except RedanError:
            ours = False
    assert ours == theirs == (attack == "none")


def test_metadata_has_the_form_of_the_specification(two):
    """Canonical roles, the specification's version, and signatures by key id, as other implementations read them."""
    for path in two.meta.glob("*.json"):
        document = json.loads(path.read_bytes())
        assert document["signed"]["spec_version"].startswith("1.0.")
        assert document["signed"]["_type"] in path.name
        assert all(set(one) == {"keyid", "sig"} for one in document["signatures"])
        assert Metadata.from_bytes(path.read_bytes()).to_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "url", ["../keys/root.json", "metadata/../../x", "/etc/passwd", "metadata/a%2F..%2Fb", "a\0b", ""]
)
def test_a_folder_is_not_left(two, url):
    """The fetcher for folders refuses names that lead out, before it opens anything."""
    with pytest.raises(DownloadError):
        list(FolderSource(two.dist).fetch(url))


@pytest.mark.parametrize("place", ["ftp://host/x", "https://", "http://host/?q=1", "file:///etc", "http://host/#x"])
def test_addresses_that_are_none(place):
    """Only http and https, without a query."""
    with pytest.raises(UsageError, match="no address of a distribution"):
        open_source(place)


def test_a_place_that_is_no_folder(tmp_path):
    """A file, a link and nothing at all."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link", "nothing"):
        with pytest.raises(UsageError, match="is not a folder of a distribution"):
            open_source(str(tmp_path / name))


def test_a_copied_memory_still_protects(two):
    """A memory that is moved with --state goes on protecting."""
    old = two.read("timestamp.json")
    two.publish(b"weights three")
    two.pull()
    shutil.copytree(memory(two), two.root / "kept" / "metadata", symlinks=True)
    (two.meta / "timestamp.json").write_bytes(old)
    from redan.seal.distribution.puller import Wanted, pull, scratch_of

    source = open_source(str(two.dist), scratch_of(two.root / "new-site", "churn"))
    wanted = Wanted(name="churn", into=two.root / "new-site", root=two.pin, state=two.root / "kept")
    with pytest.raises(InvalidError, match="rollback: timestamp version 2 after 3"):
        pull(source, wanted, two.now)
