"""Both directions with model-signing 1.1.1 in an environment of its own: `.peers/model-signing`, or REDAN_PEER_MODEL_SIGNING.

`make peers` makes it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from redan.errors import InvalidError
from redan.seal import oms
from redan.seal.keys import generate
from redan.seal.oms import chain
from redan.seal.pair import write_pair
from seal.oms_cases import SHARED, model

ROOT = Path(__file__).resolve().parents[3]
PEER = Path(os.environ.get("REDAN_PEER_MODEL_SIGNING", ROOT / ".peers" / "model-signing" / "bin" / "model_signing"))
ADAPTER = ROOT / "tools" / "oms_conformance.py"
KEYS = SHARED / "vectors" / "oms" / "old-bundles" / "keys"
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not PEER.exists(), reason="model-signing 1.1.1 is not at .peers/model-signing"),
]
FILES = {"weights.bin": bytes(range(256)) * 40, "a/b": b"1", "a-b": b"2", "a.txt": b"3", "模型.bin": b"", ".env": b"x"}


def peer(*words):
    """The exit code and words of the peer's command line."""
    done = subprocess.run([PEER, *map(str, words)], capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(params=["p256", "p384", "p521"])
def pair(request, tmp_path):
    """A key pair on disk, and the signer."""
    signer = generate(request.param)
    found = write_pair(signer, tmp_path / "key.pem")
    return signer, found


def test_the_peer_accepts_our_folders(pair, tmp_path):
    """Whether the seal lies inside or beside, with and without ignored paths."""
    signer, files = pair
    folder = model(tmp_path / "m", {**FILES, "notes/x": b""})
    for place, ignore in ((tmp_path / "model.sig", ["notes"]), (folder / "model.sig", ["notes", "model.sig"])):
        place.write_bytes(oms.sign(folder, signer, ignore=ignore))
        code, said = peer("verify", "key", folder, "--signature", place, "--public_key", files.public)
        assert code == 0, said
        place.unlink()


def test_the_peer_finds_what_we_find(pair, tmp_path):
    """A changed byte under our seal is refused by both."""
    signer, files = pair
    folder = model(tmp_path / "m", FILES)
    (tmp_path / "model.sig").write_bytes(oms.sign(folder, signer))
    (folder / "a-b").write_bytes(b"!")
    code, said = peer("verify", "key", folder, "--signature", tmp_path / "model.sig", "--public_key", files.public)
    assert (code != 0, "a-b" in said) == (True, True)
    with pytest.raises(InvalidError):
        oms.verify(folder, (tmp_path / "model.sig").read_bytes(), signer.public)


def test_single_files_and_the_peer(tmp_path):
    """Decision 0010: the peer reads our standard name in the file's folder, and the file itself with `dot`."""
    signer = generate("p256")
    files = write_pair(signer, tmp_path / "key.pem")
    path = model(tmp_path / "m", {"model.onnx": b"onnx"}) / "model.onnx"
    seal = tmp_path / "model.sig"
    seal.write_bytes(oms.sign(path, signer))
    assert peer("verify", "key", path, "--signature", seal, "--public_key", files.public)[0] != 0
    code, said = peer("verify", "key", path.parent, "--signature", seal, "--public_key", files.public)
    assert code == 0, said
    seal.write_bytes(oms.sign(path, signer, dot=True))
    code, said = peer("verify", "key", path, "--signature", seal, "--public_key", files.public)
    assert code == 0, said
    assert oms.verify(path, seal.read_bytes(), signer.public).names == (".",)


def test_we_accept_the_peers_folders_and_files(pair, tmp_path):
    """Its order, its ignored paths, its name of a single file; and a planted file that it lets pass is refused."""
    signer, files = pair
    folder = model(tmp_path / "m", {**FILES, "notes": b"n"})
    seal = folder / "model.sig"
    code, said = peer(
        "sign", "key", folder, "--signature", seal, "--private_key", files.private, "--ignore-paths", folder / "notes"
    )
    assert code == 0, said
    sealed = oms.verify(folder, seal.read_bytes(), signer.public)
    assert set(sealed.names) == set(FILES)
    assert sealed.left_out == ("notes",)
    model(folder, {".github/x.yml": b"planted"})
    assert peer("verify", "key", folder, "--signature", seal, "--public_key", files.public)[0] == 0
    with pytest.raises(InvalidError, match="not listed in the seal"):
        oms.verify(folder, seal.read_bytes(), signer.public)
    single = tmp_path / "single.bin"
    single.write_bytes(b"x")
    code, said = peer("sign", "key", single, "--signature", tmp_path / "s.sig", "--private_key", files.private)
    assert code == 0, said
    assert oms.verify(single, (tmp_path / "s.sig").read_bytes(), signer.public).names == (".",)


SHARDS = """
import sys, model_signing as m
from pathlib import Path
config = m.hashing.Config().use_shard_serialization(hashing_algorithm=sys.argv[1], shard_size=1000)
m.signing.Config().use_elliptic_key_signer(private_key=Path(sys.argv[2])).set_hashing_config(config).sign(Path(sys.argv[3]), Path(sys.argv[4]))
"""
FILES_WITH = SHARDS.replace("use_shard_serialization", "use_file_serialization").replace(", shard_size=1000", "")


@pytest.mark.parametrize("hash_type", ["sha256", "blake2", "blake3"])
@pytest.mark.parametrize("script", [SHARDS, FILES_WITH], ids=["shards", "files"])
def test_we_accept_the_peers_hashes_and_shards(hash_type, script, tmp_path):
    """Every serialization that its library writes."""
    if hash_type == "blake3":
        pytest.importorskip("blake3")
    signer = generate("p256")
    files = write_pair(signer, tmp_path / "key.pem")
    folder = model(tmp_path / "m", FILES)
    python = PEER.with_name("python")
    words = [python, "-c", script, hash_type, files.private, folder, tmp_path / "m.sig"]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    seal = (tmp_path / "m.sig").read_bytes()
    assert set(oms.verify(folder, seal, signer.public).names) | {"模型.bin"} == set(FILES)
    (folder / "weights.bin").write_bytes(FILES["weights.bin"][:-1] + b"!")
    with pytest.raises(InvalidError, match="not as it was sealed"):
        oms.verify(folder, seal, signer.public)


def test_the_peer_accepts_our_certificates(tmp_path):
    """A chain made by redan's tests, verified by OpenSSL's rules in the peer, and one of the peer's by ours."""
    import datetime as dt

    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from seal.oms_cases import certificate, signer_of

    days = ((dt.datetime.now(dt.UTC) - dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)).days - 1, 4000)
    root = certificate("root", ca=True, days=days)
    middle = certificate("middle", root, ca=True, days=days)
    leaf = certificate("signer", middle, days=days)
    for name, each in (("root", root), ("middle", middle), ("leaf", leaf)):
        (tmp_path / f"{name}.pem").write_bytes(each.pem)
    (tmp_path / "leaf.key").write_bytes(leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    folder, seal = model(tmp_path / "m", FILES), tmp_path / "m.sig"
    seal.write_bytes(oms.sign(folder, oms.ChainSealer(signer_of(leaf), (leaf.der, middle.der))))
    code, said = peer(
        "verify", "certificate", folder, "--signature", seal, "--certificate_chain", tmp_path / "root.pem"
    )
    assert code == 0, said
    words = ["--private_key", tmp_path / "leaf.key", "--signing_certificate", tmp_path / "leaf.pem"]
    code, said = peer(
        "sign", "certificate", folder, "--signature", seal, *words, "--certificate_chain", tmp_path / "middle.pem"
    )
    assert code == 0, said
    trust = oms.Chain(anchors=chain.load_certificates([tmp_path / "root.pem"]))
    assert oms.verify(folder, seal.read_bytes(), trust).signer == "certificate of CN=signer"


def test_the_conformance_adapter_signs_and_verifies(tmp_path):
    """The adapter's two commands, as the suite starts them; the peer accepts what the first wrote."""
    signer = generate("p384")
    files = write_pair(signer, tmp_path / "key.pem")
    folder, seal = model(tmp_path / "m", {**FILES, ".gitignore": b"", "skip": b""}), tmp_path / "m" / "m.sig"
    common = ["--method", "key", "--model-path", folder, "--ignore-paths", folder / "skip"]

    def adapter(*words):
        start = [sys.executable, ADAPTER, *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        return subprocess.run(list(map(str, start)), env=environment, capture_output=True, check=False).returncode

    assert adapter("sign-model", *common, "--output-bundle", seal, "--private-key", files.private) == 0
    assert adapter("verify-model", *common, "--bundle", seal, "--public-key", files.public) == 0
    assert peer("verify", "key", folder, "--signature", seal, "--public_key", files.public)[0] == 0
    (folder / "extra").write_bytes(b"")
    assert adapter("verify-model", *common, "--bundle", seal, "--public-key", files.public) == 4
    assert (
        adapter("verify-model", *common, "--bundle", seal, "--public-key", files.public, "--ignore-unsigned-files") == 0
    )
