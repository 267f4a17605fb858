"""HDF5: every object and attribute that h5py sees is seen; references to other files and code are told."""

import io
import json
import subprocess
import sys

import h5py
import numpy as np
import pytest

from redan.scan.budget import Spent
from redan.scan.formats.hdf5 import reader
from redan.scan.formats.hdf5.base import begin
from redan.scan.region import Region
from scan_samples import HOSTILE_KERAS, LAMBDA, PLAIN_KERAS, UNKNOWN_KERAS, keras_config, rules, verdict

VERSIONS = ["earliest", "latest", ("earliest", "v110"), ("v108", "v108"), ("v110", "v110"), ("v112", "v112")]


def made(fill, libver="earliest", **more):
    """The bytes of a file that h5py writes."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver=libver, **more) as file:
        fill(file)
    return buffer.getvalue()


def configured(config, *, text=False, name="model_config"):
    def fill(file):
        value = json.dumps(config)
        file.attrs[name] = value if text else value.encode()
        file.create_group("model_weights/dense").create_dataset("kernel:0", data=np.ones((2, 2), dtype="f4"))

    return fill


def everything(file):
    """What Keras, pandas and plain h5py put into files, and more than fits into one block."""
    for i in range(120):
        group = file.create_group(f"model_weights/layer_{i}/inner")
        group.attrs["weight_names"] = [b"kernel:0", b"bias:0"]
    for i in range(60):
        file.attrs[f"attribute_{i}"] = f"value {i}"
    file.create_dataset("gzip", data=np.ones((50, 50)), compression="gzip", shuffle=True, fletcher32=True)
    file.create_dataset("lzf", data=np.ones((50, 50)), compression="lzf", chunks=(10, 10))
    file.create_dataset("texts", data=["a", "bb"], dtype=h5py.string_dtype())
    file.create_dataset("records", data=np.zeros(3, dtype=[("a", "i4"), ("b", "f8")]))
    file.create_dataset("empty", shape=(0,), maxshape=(None,), dtype="f4")
    file.create_dataset("grows", shape=(5, 5), maxshape=(None, None), dtype="f4")
    file["type"] = np.dtype("f8")
    file.create_dataset("named", shape=(3,), dtype=file["type"])
    file["soft"], file["hard"], file["loop"] = h5py.SoftLink("/gzip"), file["gzip"], file["/"]
    file.attrs["null"] = h5py.Empty("f")
    file.attrs["vector"] = np.arange(10)
    file.attrs["texts"] = np.array(["a", "b"], dtype=object)
    file.attrs["truth"] = True
    file.create_dataset("reference", data=file["gzip"].ref, dtype=h5py.ref_dtype)
    file.create_group("ordered", track_order=True).attrs["a"] = 1


class _Seen(reader._File):
    """Notes the names of all attributes and counts objects."""

    def __init__(self, data):
        from redan.scan.contract import Context
        from redan.scan.say import Voice

        region, budget = Region.of(data), Spent(len(data))
        context = Context(place="", name="", budget=budget, inside=lambda *_a, **_k: iter(()), siblings=lambda _: None)
        super().__init__(region, context, Voice(""))
        self.names = []

    def _attribute(self, found, message):
        self.names.append(found.name)
        return super()._attribute(found, message)


@pytest.mark.parametrize("libver", VERSIONS)
def test_every_object_and_attribute_that_h5py_sees_is_seen(libver):
    """As many objects, and the same names of attributes, in every layout that the library can write."""
    data = made(everything, libver)
    names, objects = [], set()
    with h5py.File(io.BytesIO(data), "r") as file:

        def visit(_name, here):
            objects.add(h5py.h5o.get_info(here.id).addr)
            names.extend(here.attrs)

        file.visititems(visit)
        names.extend(file.attrs)
    seen = _Seen(data)
    assert list(seen.read()) == []
    assert sorted(seen.names) == sorted(names)
    assert len(seen._seen) == len(objects) + 1


@pytest.mark.parametrize("libver", VERSIONS)
@pytest.mark.parametrize("text", [True, False])
def test_configurations_are_found_in_every_layout(libver, text):
    """CVE-2025-9905: a Lambda in model_config, as fixed and as variable text, and in training_config."""
    bad = keras_config(LAMBDA)
    assert verdict(made(configured(bad, text=text), libver)) == "malicious"
    assert verdict(made(configured(bad, text=text, name="training_config"), libver)) == "malicious"
    assert rules(made(configured(PLAIN_KERAS["Keras 2"], text=text), libver)) == set()


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_a_large_configuration_is_found(libver):
    """A configuration of half a megabyte, which lies in a heap, is read to its end."""
    layers = [{"class_name": "Dense", "config": {"name": "x" * 100}}] * 4000
    assert rules(made(configured(keras_config(*layers), text=True), libver)) == set()
    assert verdict(made(configured(keras_config(*layers, LAMBDA), text=True), libver)) == "malicious"
    assert verdict(made(configured(keras_config(*layers, LAMBDA)), "latest")) == "malicious"


@pytest.mark.parametrize("name", HOSTILE_KERAS)
def test_hostile_configurations_are_malicious(name):
    """Every way to code in a Keras configuration, inside HDF5."""
    assert verdict(made(configured(HOSTILE_KERAS[name]))) == "malicious"


@pytest.mark.parametrize("name", UNKNOWN_KERAS)
def test_custom_objects_are_not_understood(name):
    """What is not part of Keras needs code from elsewhere."""
    assert verdict(made(configured(UNKNOWN_KERAS[name]))) == "not-understood"


def _virtual(target):
    def fill(file):
        file["a"] = np.ones(4)
        layout = h5py.VirtualLayout(shape=(4,), dtype="f8")
        layout[:] = h5py.VirtualSource(target, "a", shape=(4,))
        file.create_virtual_dataset("v", layout)

    return fill


def _external_link(file):
    file["deep/x"] = h5py.ExternalLink("/etc/hostname", "/a")


def _external_storage(file):
    file.create_dataset("deep/x", shape=(10,), dtype="u1", external=[("/etc/hostname", 0, 10)])


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize(
    ("fill", "wanted"),
    [
        (_external_link, "malicious"),
        (_external_storage, "malicious"),
        (_virtual("/tmp/o.h5"), "malicious"),
        (_virtual("."), "not-understood"),
    ],
)
def test_numbers_from_other_files_are_told(fill, wanted, libver):
    """CVE-2026-1669: external storage, external links and virtual datasets read files."""
    assert verdict(made(fill, libver)) == wanted


def test_pickles_in_attributes_are_found():
    """PyTables unpickles attributes that end with a full stop; a sentence that does is no pickle."""

    def fill(file):
        file.attrs["note"] = np.bytes_(b"A sentence.")

    def bad(file):
        file.attrs["note"] = np.bytes_(b"cos\nsystem\n(S'true'\ntR.")

    def objects(file):
        file.create_dataset("x", data=np.zeros(3)).attrs["PSEUDOATOM"] = np.bytes_(b"object")

    assert rules(made(fill)) == set()
    assert verdict(made(bad)) == "malicious"
    assert verdict(made(objects)) == "not-understood"


def test_filters_of_plug_ins_are_not_understood():
    """The number of a filter that the library does not have makes it load a plug-in from disk."""
    data = made(lambda f: f.create_dataset("x", data=np.ones((50, 50)), chunks=(10, 10), compression="lzf"))
    lzf = (32000).to_bytes(2, "little") + (8).to_bytes(2, "little")
    assert data.count(lzf) == 1
    assert verdict(data.replace(lzf, (307).to_bytes(2, "little") + (8).to_bytes(2, "little"))) == "not-understood"


HOSTILE = {
    "user block": made(everything, userblock_size=512),
    "trailing bytes": made(everything) + b"PK\3\4",
    "cut": made(everything)[:-100],
    "cut to the superblock": made(everything)[:100],
    "cut to the signature": made(everything)[:8],
    "unknown superblock": made(everything)[:8] + b"\x09" + made(everything)[9:],
    "addresses of 3 bytes": made(everything)[:13] + b"\x03" + made(everything)[14:],
    "configuration that is no JSON": made(lambda f: f.attrs.create("model_config", b"{")),
    "configuration that is a number": made(lambda f: f.attrs.create("model_config", 1)),
    "configuration with a name twice": made(lambda f: f.attrs.create("model_config", b'{"a":1,"a":2}')),
    "matlab 7.3": b"MATLAB 7.3 MAT-file".ljust(512) + made(everything),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_not_understood(name):
    """Each one is a verdict that is not clean, and never an exception."""
    assert verdict(HOSTILE[name], "m.h5") == "not-understood"


def test_a_name_ends_at_its_first_nul():
    """The library reads a name up to its NUL; what stands behind it hides nothing."""
    data = made(lambda f: f.attrs.create("model_config_x", json.dumps(keras_config(LAMBDA)).encode()))
    assert rules(data) == set()
    assert verdict(data.replace(b"model_config_x", b"model_config\0x")) == "malicious"


def test_circles_end():
    """Groups that hold each other, and a root that holds itself, are walked once."""

    def fill(file):
        first = file.create_group("a")
        first["b"] = file.create_group("b")
        file["b/a"] = first
        file["self"] = file["/"]

    assert rules(made(fill)) == set()
    assert rules(made(fill, "latest")) == set()


_PROBE = """
import h5py, io, json, sys
sys.stdin = sys.stdin.buffer
while True:
    head = sys.stdin.read(8)
    if len(head) < 8: break
    data = sys.stdin.read(int.from_bytes(head, "little"))
    try:
        with h5py.File(io.BytesIO(data), "r") as f:
            found = "Lambda" in str(f.attrs["model_config"])
    except Exception:
        found = False
    print(int(found), flush=True)
"""


def test_no_changed_byte_hides_a_lambda_that_h5py_still_reads():
    """Each byte of an old structure, which has no checksums, exchanged: what h5py still reads is not clean."""
    good = made(lambda f: f.attrs.create("model_config", json.dumps(keras_config(LAMBDA)).encode()))
    mutants = []
    for at in range(48, min(len(good), 700)):  # before, some of h5py's answers take for ever
        changed = bytearray(good)
        changed[at] ^= 1 << at % 8
        mutants.append(bytes(changed))
    feed = b"".join(len(m).to_bytes(8, "little") + m for m in mutants)
    try:
        output = subprocess.run(
            [sys.executable, "-c", _PROBE], input=feed, capture_output=True, timeout=40, check=False
        ).stdout
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""  # a mutant on which h5py hangs or dies ends the comparison
    answers = output.decode().split()
    assert len(answers) > 50
    assert "1" in answers
    hidden = [i for i, answer in enumerate(answers) if answer == "1" and verdict(mutants[i]) == "clean"]
    assert hidden == []


def test_the_superblock_is_read():
    """The addresses that h5py itself reports are those that are read."""
    data = made(everything, "latest")
    with h5py.File(io.BytesIO(data), "r") as file:
        root = h5py.h5o.get_info(file.id).addr
    assert begin(Region.of(data), Spent(len(data)))[1].root == root
