"""A publisher, a folder, a server and sites: real files, real signatures, a clock that the test sets."""

import datetime as dt
import functools
import http.server
import shutil
import threading
from contextlib import contextmanager

import pytest

from redan.seal.distribution.keyring import open_keyring
from redan.seal.distribution.publisher import Founding, Offer, Publisher
from redan.seal.distribution.puller import Wanted, pull, scratch_of
from redan.seal.distribution.roles import body, key_id, signed, snapshot_body, targets_body, targets_in, timestamp_body
from redan.seal.distribution.sources import open_source
from redan.seal.keys import generate
from redan.seal.oms import sign

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


class Shop:
    """One publisher with its keys, and the attacker's means: the folder, and keys that were stolen."""

    now = NOW

    def __init__(self, root):
        self.root = root
        self.dist, self.keys, self.edge = root / "dist", root / "keys", root / "edge"
        self.meta = self.dist / "metadata"
        self.model = root / "work" / "bundle"
        self.maker = generate("p256")

    def publisher(self, now=None, keys=None):
        return Publisher(self.dist, open_keyring(keys or [self.keys], self.dist), now or self.now)

    def offer(self, weights, **more):
        (self.model / "sub").mkdir(parents=True, exist_ok=True)
        (self.model / "model.onnx").write_bytes(weights)
        (self.model / "sub" / "my config+é.json").write_bytes(b"{}")
        return Offer(
            path=self.model, seal=sign(self.model, self.maker), key=self.maker.public, **{"name": "churn", **more}
        )

    def publish(self, weights, now=None, founding=None, **more):
        return self.publisher(now).publish(self.offer(weights, **more), founding or Founding())

    @property
    def pin(self):
        return (self.keys / "root.json").read_bytes()

    def pull(self, place=None, *, now=None, key="maker", into=None, patience_s=60.0, root=None):
        into, place = into or self.edge, str(place or self.dist)
        source = open_source(place, scratch_of(into, "churn"), patience_s)
        trust = self.maker.public if key == "maker" else key
        wanted = Wanted(name="churn", into=into, root=self.pin if root is None else root, key=trust, where=place)
        return pull(source, wanted, now or self.now)

    @property
    def installed(self):
        return (self.edge / "churn" / "files" / "model.onnx").read_bytes()

    def stolen(self, role):
        return next(s for s, path in open_keyring([self.keys], self.dist).held if path.name.startswith(role))

    def read(self, name):
        return (self.meta / name).read_bytes()

    def stamp(self, snapshot, version, by=None, now=None):
        """A timestamp over a snapshot, put where clients look."""
        made = signed(timestamp_body(version, snapshot, now or self.now, 7), [by or self.stolen("timestamp")])
        (self.meta / "timestamp.json").write_bytes(made)
        return made

    def snap(self, targets, version, by=None):
        made = signed(snapshot_body(version, targets, self.now, 30), [by or self.stolen("snapshot")])
        (self.meta / f"{version}.snapshot.json").write_bytes(made)
        return made

    def targets(self):
        """The files that the newest targets metadata names."""
        newest = max(self.meta.glob("*.targets.json"), key=lambda path: int(path.name.split(".")[0]))
        return targets_in(newest.read_bytes())

    def signed_targets(self, targets, by=None, version=3):
        return signed(targets_body(version, targets, self.now, 180), [by or self.stolen("targets")])

    def copy(self, to):
        """The same shop at another place, with the same maker."""
        shutil.copytree(self.root, to, symlinks=True)
        other = Shop(to)
        other.maker = self.maker
        return other


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path / "shop")


@pytest.fixture
def two(shop):
    """Two releases, and a site that saw both."""
    shop.publish(b"weights one")
    shop.pull()
    shop.publish(b"weights two")
    shop.pull()
    return shop


@contextmanager
def web(folder, handler=None):
    """A static server on the loopback; ends with the block."""
    kind = handler or functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(params=["folder", "web"])
def place(request, shop):
    """Where the site pulls from: the folder itself, or a web server over it."""
    if request.param == "folder":
        yield str(shop.dist)
        return
    shop.dist.mkdir(parents=True, exist_ok=True)
    with web(shop.dist) as address:
        yield address


@pytest.fixture
def tools():
    """What tests of attacks need by name."""
    return {"body": body, "key_id": key_id, "signed": signed, "web": web}
