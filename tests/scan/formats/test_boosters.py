"""Boosted trees: LightGBM's own files are clean, UBJSON is walked to its last byte, the rest is told."""

import struct

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.scan import scan_bytes
from scan_samples import rules, verdict

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(200, 4)), RNG.integers(0, 3, 200)


@pytest.fixture(scope="module", params=["binary", "multiclass", "regression", "rf"])
def lightgbm_text(request):
    """A model that LightGBM itself wrote."""
    settings_ = {"verbose": -1, "num_threads": 1, "num_leaves": 5}
    settings_ |= {
        "multiclass": {"objective": "multiclass", "num_class": 3},
        "rf": {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
    }.get(request.param, {})
    names = ["a", "b c", "ü", "d"] if request.param == "binary" else "auto"
    data = lightgbm.Dataset(X, Y if request.param == "multiclass" else Y > 0, feature_name=names)
    return lightgbm.train(settings_, data, num_boost_round=3).model_to_string()


def test_what_lightgbm_writes_is_clean(lightgbm_text):
    """Real models of four kinds, as text and as JSON."""
    found = scan_bytes(lightgbm_text.encode(), "model.txt")
    assert (found.format, found.detections) == ("lightgbm", ())


def test_categories_are_json(lightgbm_text):
    """The line with the categories of pandas is JSON; anything else there is told."""
    text = lightgbm_text.rpartition("pandas_categorical:")[0]
    assert rules((text + 'pandas_categorical:[["a", "b"]]\n').encode()) == set()
    assert rules((text + "pandas_categorical:__import__('os')\n").encode()) == {"lightgbm-line"}


@pytest.mark.parametrize("line", ["import os", "!!python/object/apply:os.system", "Tree=x", "<script>", "a b"])
def test_other_lines_are_told(lightgbm_text, line):
    """A line that LightGBM does not write, anywhere."""
    for place in ("version=v4\n", "Tree=0\n", "end of trees\n"):
        assert verdict(lightgbm_text.replace(place, place + line + "\n", 1).encode(), "model.txt") == "not-understood"


def test_a_cut_model_is_told(lightgbm_text):
    """A text that breaks off before its trees end."""
    assert verdict(lightgbm_text[: lightgbm_text.index("end of trees")].encode()) == "not-understood"
    assert verdict(lightgbm_text.encode() + b"\x00") == "not-understood"


def text(value):
    raw = value.encode()
    return b"L" + struct.pack(">q", len(raw)) + raw


def obj(*pairs):
    return b"{" + b"".join(text(k) + v for k, v in pairs) + b"}"


def numbers(*values):
    return b"[$d#L" + struct.pack(">q", len(values)) + struct.pack(f">{len(values)}f", *values)


LEARNER = (
    "learner",
    obj(
        ("a", b"S" + text("x")),
        ("n", numbers(1.0, 2.0)),
        ("l", b"[i\1i\2]"),
        ("e", b"{}"),
        ("t", b"T"),
        ("z", b"Z"),
        ("big", b"L" + b"\0" * 8),
    ),
)
UBJSON = obj(LEARNER, ("version", b"[#L" + struct.pack(">q", 3) + b"i\3i\0i\0"))


def test_a_model_in_ubjson_is_clean():
    """Texts, typed lists, counted lists, objects and constants, as XGBoost writes them."""
    assert scan_bytes(UBJSON, "m.ubj").format == "xgboost-ubjson"
    assert rules(UBJSON, "m.ubj") == set()


HOSTILE = {
    "trailing": UBJSON + b"x",
    "cut": UBJSON[:-1],
    "length of 2^62": b"{L" + struct.pack(">q", 1 << 62) + b"x",
    "negative length": b"{L" + struct.pack(">q", -1) + b"x",
    "list of 2^62": obj(("learner", b"[$d#L" + struct.pack(">q", 1 << 62))),
    "list of 2^60 nothings": obj(("learner", b"[$Z#L" + struct.pack(">q", 1 << 60) + b"]")),
    "list of 2^60 lists": obj(("learner", b"[$[#L" + struct.pack(">q", 1 << 60))),
    "unknown type": obj(("learner", b"x")),
    "unknown type of list": obj(("learner", b"[$x#i\1")),
    "type without count": obj(("learner", b"[$d]")),
    "deep": obj(("learner", b"[" * 1000)),
    "no learner": obj(("version", b"i\1")),
    "name that is no text": b"{L" + struct.pack(">q", 1) + b"\xffi\1}",
    "long name": b"{L" + struct.pack(">q", 1 << 20) + b"a" * (1 << 20) + b"i\1}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_ubjson_is_not_understood(name):
    """Each one is a verdict that is not clean, and never an exception."""
    assert verdict(HOSTILE[name], "m.ubj") == "not-understood"


@settings(max_examples=200)
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_no_changed_byte_is_an_exception(at, byte):
    """After any byte is exchanged there is a verdict, and never more than not understood."""
    data = bytearray(UBJSON)
    data[at % len(data)] = byte
    assert verdict(bytes(data), "m.ubj") in {"clean", "not-understood"}


@pytest.mark.parametrize(
    "data",
    [
        b"CBM1" + b"\0" * 60,
        b"binf" + b"\0" * 200,
        b"\0" * 136 + struct.pack("<Q", 16) + b"reg:squarederror" + struct.pack("<Q", 6) + b"gbtree" + b"\0" * 60,
    ],
)
def test_binary_formats_are_not_understood(data):
    """CatBoost and XGBoost's old format are named, with the format to save instead."""
    found = scan_bytes(data, "m.bin")
    assert found.verdict.value == "not-understood"
    assert any("Save the model" in d.remedy for d in found.detections)
