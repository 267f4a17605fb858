"""GGUF: counts, lengths and offsets are believed only where the bytes are there; templates are read."""

import struct

import gguf as reference
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scan_samples import (
    HOSTILE_TEMPLATES,
    PLAIN_TEMPLATES,
    gguf,
    gguf_pair,
    gguf_string,
    gguf_tensor,
    gguf_text,
    rules,
    verdict,
)

DATA = b"\0" * 32


@pytest.fixture
def written(tmp_path):
    """A file of the reference implementation with every kind of value."""
    path = tmp_path / "m.gguf"
    writer = reference.GGUFWriter(path, "llama")
    writer.add_uint32("a.u32", 1)
    writer.add_float32("a.f32", 0.5)
    writer.add_bool("a.bool", val=True)
    writer.add_uint64("a.u64", 1 << 60)
    writer.add_string("a.text", "ü")
    writer.add_array("a.words", ["a", "b", ""])
    writer.add_array("a.numbers", [1, 2, 3])
    writer.add_chat_template(PLAIN_TEMPLATES[0])
    writer.add_tensor("w", np.ones((2, 5), dtype=np.float32))
    writer.add_tensor("v", np.ones((3, 32), dtype=np.float16))
    writer.add_tensor("q", np.zeros((4, 34), dtype=np.uint8), raw_dtype=reference.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_file_of_the_reference_is_clean(written):
    """What gguf-py writes is clean."""
    assert verdict(written.read_bytes()) == "clean"
    assert rules(written.read_bytes()) == set()


def test_a_file_by_hand_is_clean_and_the_reference_reads_it(tmp_path):
    """The builder of these tests writes what the reference reads, so that its faults are the only ones."""
    data = gguf(gguf_string("general.architecture", "llama"), tensors=(gguf_tensor(),), data=DATA)
    path = tmp_path / "m.gguf"
    path.write_bytes(data)
    assert [t.name for t in reference.GGUFReader(path).tensors] == ["w"]
    assert rules(data) == set()


@pytest.mark.parametrize("cut", [5, 20, 60, -80])
def test_a_cut_file_is_not_clean(written, cut):
    """A file that breaks off anywhere is not understood."""
    assert verdict(written.read_bytes()[:cut]) == "not-understood"


BIG = 1 << 62
HOSTILE = {
    "version 0": gguf(version=0),
    "version 99": gguf(version=99),
    "big-endian": b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
    "2^62 settings": gguf(counts=(0, BIG)),
    "2^62 tensors": gguf(counts=(BIG, 0)),
    "2^64-1 tensors": gguf(counts=((1 << 64) - 1, 0)),
    "long key": gguf(struct.pack("<Q", BIG) + b"x", data=b"\0" * 64),
    "long text": gguf(gguf_text("k") + struct.pack("<IQ", 8, BIG) + b"x", data=b"\0" * 64),
    "long array": gguf(gguf_pair("k", 9, struct.pack("<IQ", 4, BIG)), data=b"\0" * 64),
    "array whose bytes overflow": gguf(gguf_pair("k", 9, struct.pack("<IQ", 10, 1 << 61)), data=b"\0" * 64),
    "deep arrays": gguf(gguf_pair("k", 9, struct.pack("<IQ", 9, 1) * 50), data=b"\0" * 64),
    "unknown kind": gguf(gguf_pair("k", 13, b"\0" * 8)),
    "truth of 2": gguf(gguf_pair("k", 7, b"\2")),
    "key twice": gguf(gguf_string("k", "a"), gguf_string("k", "b")),
    "key that is no text": gguf(gguf_string(b"\xff", "a")),
    "alignment 0": gguf(gguf_pair("general.alignment", 4, struct.pack("<I", 0))),
    "alignment 3": gguf(gguf_pair("general.alignment", 4, struct.pack("<I", 3))),
    "alignment as text": gguf(gguf_string("general.alignment", "32")),
    "tensor twice": gguf(tensors=(gguf_tensor(), gguf_tensor()), data=DATA),
    "too many dimensions": gguf(tensors=(gguf_tensor(shape=(1,) * 9),), data=DATA),
    "elements overflow": gguf(tensors=(gguf_tensor(shape=(1 << 32, 1 << 32)),), data=DATA),
    "unknown type of tensor": gguf(tensors=(gguf_tensor(kind=999),), data=DATA),
    "removed type of tensor": gguf(tensors=(gguf_tensor(kind=4),), data=DATA),
    "row of half a block": gguf(tensors=(gguf_tensor(shape=(33,), kind=8),), data=DATA),
    "offset not aligned": gguf(tensors=(gguf_tensor(offset=4),), data=DATA),
    "offset beyond": gguf(tensors=(gguf_tensor(offset=1 << 40),), data=DATA),
    "offset near 2^64": gguf(tensors=(gguf_tensor(offset=(1 << 64) - 32),), data=DATA),
    "hole": gguf(tensors=(gguf_tensor(offset=64),), data=b"\0" * 96),
    "overlap": gguf(tensors=(gguf_tensor("a"), gguf_tensor("b")), data=DATA),
    "short data": gguf(tensors=(gguf_tensor(),), data=b"\0" * 16),
    "trailing bytes": gguf(tensors=(gguf_tensor(),), data=DATA + b"PK\3\4" + b"x" * 64),
    "trailing bytes without tensors": gguf(data=b"x" * 64),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_not_understood(name):
    """Each lie in a count, length or offset is a verdict, never clean and never an exception."""
    assert verdict(HOSTILE[name], "m.gguf") == "not-understood"


@pytest.mark.parametrize("key", ["tokenizer.chat_template", "tokenizer.chat_template.tool_use", "adapter.template"])
@pytest.mark.parametrize("text", HOSTILE_TEMPLATES[:6])
def test_cve_2024_34359_is_malicious(key, text):
    """CVE-2024-34359: a template that leaves its sandbox, under every name that a loader knows."""
    assert verdict(gguf(gguf_string(key, text))) == "malicious"


def test_templates_in_arrays_are_read():
    """A list of templates is read one by one."""
    array = struct.pack("<IQ", 8, 2) + gguf_text(PLAIN_TEMPLATES[0]) + gguf_text(HOSTILE_TEMPLATES[0])
    assert verdict(gguf(gguf_pair("tokenizer.chat_templates", 9, array))) == "malicious"


def test_the_first_version_has_shorter_counts():
    """Version 1 counts in 32 bits."""
    data = b"GGUF" + struct.pack("<III", 1, 0, 1) + struct.pack("<I", 1) + b"k" + struct.pack("<II", 8, 2) + b"ab"
    assert rules(data + b"\0" * (-len(data) % 32)) == set()


@settings(max_examples=150)
@given(at=st.integers(0, 400), byte=st.integers(0, 255))
def test_a_clean_file_is_one_that_the_reference_reads(tmp_path_factory, at, byte):
    """After any byte is exchanged: clean only when gguf-py reads as many settings and tensors."""
    data = bytearray(
        gguf(
            gguf_string("general.architecture", "llama"),
            gguf_pair("n", 4, b"\1\0\0\0"),
            tensors=(gguf_tensor(),),
            data=DATA,
        )
    )
    data[at % len(data)] = byte
    if rules(bytes(data)) == set():
        path = tmp_path_factory.mktemp("g") / "m.gguf"
        path.write_bytes(data)
        assert len(reference.GGUFReader(path).tensors) == 1
