"""Publisher and site are killed before and after every change of the disk; whoever looks finds the old or the new state."""

import os
import shutil
import sys

import pytest

from redan.errors import IncompleteError, RedanError
from redan.seal.distribution import exchange
from redan.seal.distribution.publisher import Founding

CALLS = ("replace", "rename", "link", "mkdir", "symlink")
KILLED = 77


def run_until(deed, count, after):
    """Whether a child process got through a deed, killed at the `count`-th change of the disk (before or after it)."""
    child = os.fork()
    if child == 0:
        left = [count]

        def killing(call):
            def inner(*args, **kwargs):
                left[0] -= 1
                if left[0] == 0 and not after:
                    os._exit(KILLED)
                try:
                    return call(*args, **kwargs)
                finally:
                    if left[0] == 0:
                        os._exit(KILLED)

            return inner

        for name in CALLS:
            setattr(os, name, killing(getattr(os, name)))
        try:
            deed()
        finally:
            os._exit(0 if sys.exc_info()[0] is None else 1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, KILLED}, "the deed failed by itself"
    return code == 0


DEEDS = {
    "release": lambda shop: shop.publish(b"weights new"),
    "withdraw": lambda shop: shop.publisher().withdraw("churn", "1"),
    "renew": lambda shop: shop.publisher().renew({}),
    "rotate": lambda shop: shop.publisher().rotate([("targets", None), ("timestamp", None)], "ed25519"),
    "rotate-root": lambda shop: shop.publisher().rotate([("root", None), ("snapshot", None)], "ed25519"),
    "lives": lambda shop: shop.publisher().renew({"timestamp": 3}),
}


@pytest.mark.parametrize("after", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "deed", [name if name in {"release", "rotate"} else pytest.param(name, marks=pytest.mark.slow) for name in DEEDS]
)
def test_a_killed_publisher_leaves_the_old_or_the_new_state(shop, tmp_path, deed, after):
    """At each point: a site that saw the old state is served it or the new one; the deed can be done again."""
    shop.publish(b"weights zero")
    shop.publish(b"weights old")
    shop.pull()
    count, done = 0, False
    while not done:
        count += 1
        trial = shop.copy(tmp_path / f"trial-{count}")
        trial.offer(b"weights old")
        done = run_until(lambda trial=trial: DEEDS[deed](trial), count, after)
        trial.pull()
        assert trial.installed in {b"weights old", b"weights new"}
        new_site = trial.root / "new-site"
        assert trial.pull(into=new_site).standing.versions == trial.pull().standing.versions
        DEEDS[deed](trial) if not (deed == "withdraw" and _gone(trial)) else None
        trial.publish(b"weights last")
        trial.pull()
        assert trial.installed == b"weights last"
        assert not list(trial.dist.glob(".redan-staging-*"))
        shutil.rmtree(trial.root)
    assert count > 8


def _gone(shop):
    return not any("/1/" in path for path in shop.targets())


@pytest.mark.parametrize("after", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_killed_beginning_is_gone_on_with(shop, tmp_path, after):
    """A first publishing that was killed leaves nothing to pull or all of it; the next one ends in one distribution."""
    shop.offer(b"weights")
    count, done = 0, False
    while not done:
        count += 1
        trial = shop.copy(tmp_path / f"trial-{count}")
        done = run_until(lambda trial=trial: trial.publish(b"weights", founding=Founding(root_keys=2)), count, after)
        if (trial.keys / "root.json").exists():
            try:
                trial.pull()
            except IncompleteError:
                assert not (trial.edge / "churn").exists()
        trial.publish(b"weights", founding=Founding(root_keys=2))
        trial.pull()
        assert trial.installed == b"weights"
        roles = [path.name.partition("-")[0] for path in trial.keys.glob("*.pem")]
        assert sorted(roles) == ["root", "root", "snapshot", "targets", "timestamp"]
        shutil.rmtree(trial.root)
    assert count > 15


@pytest.mark.parametrize("swap", ["exchange", "two renames"])
@pytest.mark.parametrize("after", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_killed_site_has_the_old_or_the_new_release(shop, tmp_path, monkeypatch, swap, after):
    """At each point: what is installed is whole and sealed, or the next pull puts it back; never a mixture."""
    shop.publish(b"weights old")
    shop.pull()
    shop.publish(b"weights new")
    if swap == "two renames":
        monkeypatch.setattr(exchange, "exchanged", lambda *_: False)
    count, done = 0, False
    while not done:
        count += 1
        trial = shop.copy(tmp_path / f"trial-{count}")
        done = run_until(lambda trial=trial: trial.pull(), count, after)
        if swap == "exchange":
            assert trial.installed in {b"weights old", b"weights new"}
        trial.pull()
        assert trial.installed == b"weights new"
        work = trial.edge / ".redan-pull" / "churn"
        assert {path.name for path in work.iterdir()} == {"metadata"}
        shutil.rmtree(trial.root)
    assert count > 10


def test_an_error_while_writing_leaves_the_old_state(two, monkeypatch):
    """A full disk is an error with a remedy; the distribution is as it was."""
    before = {path: path.read_bytes() for path in two.meta.iterdir()}

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(RedanError, match=r"No space left|no space left"):
            two.publish(b"weights three")
    assert {path: path.read_bytes() for path in two.meta.iterdir()} == before
    assert two.pull().fetched is False
