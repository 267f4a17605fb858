"""Loading: exactly the verified bytes become a model, and what would run code needs to be asked for."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from models import model_files as made
from redan.controls.planted import seal_of, tiny_onnx
from redan.errors import IncompleteError, InputError, InvalidError, MissingExtraError, UsageError
from redan.models import load, loading, onnx_session, source, unpickling, versions
from redan.scan.records import Detection, Scanned, ScanVerdict

KEY = made.SIGNER.public
ONES = np.ones(2, dtype=np.float32)
RUNS = b"\x80\x02cbuiltins\neval\nX\x05\x00\x00\x001 + 1\x85R."


def test_a_sealed_onnx_file_loads_and_says_what_it_was_made_from(tmp_path):
    """The record holds digest, seal, scan and loader, and the session computes."""
    data = tiny_onnx((0.5, -0.25))
    path, seal = made.alone(tmp_path, "m.onnx", data)
    loaded = load(path, seal=seal, trust=KEY)
    assert loaded.sha256 == hashlib.sha256(data).hexdigest()
    assert (loaded.format, loaded.unsafe, loaded.loader) == ("onnx", (), "onnxruntime")
    assert loaded.sealed_by.key_id == KEY.key_id
    assert loaded.scan.verdict is ScanVerdict.CLEAN
    assert loaded.scan.sha256 == loaded.sha256
    np.testing.assert_allclose(loaded.model().predict(ONES), [0.5, -0.25])


def test_the_seal_may_be_a_path_inside_the_sealed_folder(tmp_path):
    """A seal that lies in the bundle is no planted file."""
    files = {"model.onnx": tiny_onnx(), "config.json": b"{}\n"}
    made.laid(tmp_path / "b", files)
    seal = tmp_path / "b" / "model.sig"
    seal.write_bytes(seal_of(files, made.SIGNER))
    loaded = load(tmp_path / "b" / "model.onnx", seal=seal, trust=KEY, within=tmp_path / "b")
    assert loaded.name == "model.onnx"
    assert loaded.to_json()["seal"]["root"] == loaded.sealed_by.root


@pytest.mark.parametrize("bit", [0, 7])
def test_one_flipped_bit_is_refused(tmp_path, bit):
    """In the first and the last byte."""
    data = tiny_onnx()
    for place in (0, len(data) - 1):
        path, seal = made.alone(tmp_path, "m.onnx", data)
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :])
        with pytest.raises(InvalidError, match="not as it was sealed"):
            load(path, seal=seal, trust=KEY)


def test_another_key_is_refused(tmp_path):
    """A valid seal by a stranger vouches for nothing."""
    path, seal = made.alone(tmp_path, "m.onnx", tiny_onnx())
    with pytest.raises(InvalidError):
        load(path, seal=seal, trust=made.STRANGER.public)


def test_a_planted_file_beside_the_model_is_refused(tmp_path):
    """What the seal does not list must not lie in the folder."""
    files = {"model.onnx": tiny_onnx()}
    made.laid(tmp_path / "b", files)
    (tmp_path / "b" / "sitecustomize.py").write_text("print(1)\n")
    with pytest.raises(InvalidError, match="not listed"):
        load(tmp_path / "b" / "model.onnx", seal=seal_of(files, made.SIGNER), trust=KEY, within=tmp_path / "b")


def test_without_seal_or_key_nothing_is_loaded(tmp_path):
    """Both must be said, or the unsafe option."""
    path, seal = made.alone(tmp_path, "m.onnx", tiny_onnx())
    with pytest.raises(UsageError, match="no seal vouches"):
        load(path, seal=None, trust=KEY)
    with pytest.raises(UsageError, match="without a trusted key"):
        load(path, seal=seal, trust=None)
    assert load(path, seal=None, trust=None, unsafe_unsealed=True).unsafe == ("unsafe_unsealed",)


def test_a_seal_is_verified_even_when_it_need_not_be(tmp_path):
    """An unsafe option never silences a seal that is wrong, and is not on record when it was not needed."""
    path, seal = made.alone(tmp_path, "m.onnx", tiny_onnx())
    assert load(path, seal=seal, trust=KEY, unsafe_unsealed=True, unsafe_format=True).unsafe == ()
    path.write_bytes(tiny_onnx((9.0, 9.0)))
    with pytest.raises(InvalidError):
        load(path, seal=seal, trust=KEY, unsafe_unsealed=True)


def test_a_model_outside_the_sealed_folder_is_refused(tmp_path):
    """The seal of a folder says nothing of a file elsewhere."""
    files = {"model.onnx": tiny_onnx()}
    made.laid(tmp_path / "b", files)
    other = made.laid(tmp_path, {"other.onnx": tiny_onnx()})
    with pytest.raises(UsageError, match="does not lie in the sealed folder"):
        load(other, seal=seal_of(files, made.SIGNER), trust=KEY, within=tmp_path / "b")


def test_a_file_exchanged_between_verification_and_load_has_no_effect(tmp_path, monkeypatch):
    """After the one read, nothing opens the path again: the original computes."""
    path, seal = made.alone(tmp_path, "m.onnx", tiny_onnx((2.0, 3.0)))
    reading = source.Vouched.read

    def read_then_swap(self, name, limit_bytes):
        data = reading(self, name, limit_bytes)
        path.write_bytes(tiny_onnx((-1.0, -1.0)))
        return data

    monkeypatch.setattr(source.Vouched, "read", read_then_swap)
    loaded = load(path, seal=seal, trust=KEY)
    np.testing.assert_allclose(loaded.model().predict(ONES), [2.0, 3.0])


def test_a_file_exchanged_after_the_seal_was_read_is_found(tmp_path, monkeypatch):
    """The bytes that are hashed are those that are loaded: exchanged before the read, they are refused."""
    path, seal = made.alone(tmp_path, "m.onnx", tiny_onnx((2.0, 3.0)))
    opening = source.read_verified

    def open_then_swap(*args, **options):
        verified = opening(*args, **options)
        path.write_bytes(tiny_onnx((-1.0, -1.0)))
        return verified

    monkeypatch.setattr(source, "read_verified", open_then_swap)
    with pytest.raises(InvalidError):
        load(path, seal=seal, trust=KEY)


def external(tmp_path, *, sealed=("model.onnx", "w.bin"), **options):
    """A sealed folder with a model whose weights lie beside it."""
    model, raw = made.onnx_external(**options)
    files = {"model.onnx": model, "w.bin": raw}
    made.laid(tmp_path / "b", files)
    seal = seal_of({name: files[name] for name in sealed}, made.SIGNER)
    return tmp_path / "b" / "model.onnx", seal


@pytest.mark.parametrize("where", ["graph", "constant"])
def test_external_weights_come_from_verified_bytes(tmp_path, where):
    """The session computes with them, and the record names them."""
    path, seal = external(tmp_path, where=where)
    loaded = load(path, seal=seal, trust=KEY, within=path.parent)
    np.testing.assert_allclose(loaded.model().predict(np.ones(3, dtype=np.float32)), [1, 2, 3])
    assert [piece.name for piece in loaded.pieces] == ["w.bin"]


def test_external_weights_in_a_folder_below_the_model(tmp_path):
    """A name with a folder is read below the model's own folder."""
    model, raw = made.onnx_external("parts/w.bin")
    files = {"deep/model.onnx": model, "deep/parts/w.bin": raw}
    path = made.laid(tmp_path / "b", files)
    loaded = load(path, seal=seal_of(files, made.SIGNER), trust=KEY, within=tmp_path / "b")
    np.testing.assert_allclose(loaded.model().predict(np.ones(3, dtype=np.float32)), [1, 2, 3])


def test_external_weights_that_were_exchanged_are_refused(tmp_path, monkeypatch):
    """Also when they are exchanged after the model was read."""
    path, seal = external(tmp_path)
    reading = source.Vouched.read

    def read_then_swap(self, name, limit_bytes):
        data = reading(self, name, limit_bytes)
        (path.parent / "w.bin").write_bytes(np.zeros(3, dtype=np.float32).tobytes())
        return data

    monkeypatch.setattr(source.Vouched, "read", read_then_swap)
    with pytest.raises(InvalidError, match="not as it was sealed"):
        load(path, seal=seal, trust=KEY, within=path.parent)


def test_external_weights_that_the_seal_does_not_list_are_refused(tmp_path):
    """Neither in a folder, where they are a planted file, nor beside a file that is sealed alone."""
    path, seal = external(tmp_path, sealed=("model.onnx",))
    with pytest.raises(InvalidError):
        load(path, seal=seal, trust=KEY, within=path.parent)
    with pytest.raises(InvalidError, match="not listed"):
        load(path, seal=seal_of({"model.onnx": path.read_bytes()}, made.SIGNER, alone=True), trust=KEY)


@pytest.mark.parametrize("kind", ["symbolic", "hard"])
@pytest.mark.parametrize("sealed", [True, False])
def test_linked_external_weights_are_refused(tmp_path, kind, sealed):
    """Links in place of weights lead out of the folder (CVE-2025-51480, CVE-2026-27489), sealed or not."""
    path, seal = external(tmp_path)
    weights = path.parent / "w.bin"
    outside = tmp_path / "elsewhere.bin"
    weights.rename(outside)
    if kind == "symbolic":
        weights.symlink_to(outside)
    else:
        os.link(outside, weights)
    vouched = {"seal": seal, "trust": KEY, "within": path.parent}
    options = vouched if sealed else {"seal": None, "trust": None, "unsafe_unsealed": True}
    vouched = {"seal": seal, "trust": KEY, "within": path.parent}
    options = vouched if sealed else {"seal": None, "trust": None, "unsafe_unsealed": True}
    with pytest.raises((InvalidError, InputError), match="link"):
        load(path, **options)


def test_a_linked_folder_of_external_weights_is_refused(tmp_path):
    """A link on the way is one, too."""
    model, raw = made.onnx_external("parts/w.bin")
    path = made.laid(tmp_path / "b", {"model.onnx": model})
    made.laid(tmp_path / "elsewhere", {"w.bin": raw})
    (path.parent / "parts").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="link"):
        load(path, seal=None, trust=None, unsafe_unsealed=True)


def test_external_weights_are_never_looked_for_in_the_current_folder(tmp_path, monkeypatch):
    """A model from memory has no folder; the one of the process is not taken instead."""
    model, raw = made.onnx_external("planted.bin")
    path, seal = made.alone(tmp_path, "m.onnx", model)
    made.laid(tmp_path / "cwd", {"planted.bin": raw})
    monkeypatch.chdir(tmp_path / "cwd")
    with pytest.raises(InvalidError):
        load(path, seal=seal, trust=KEY)


@pytest.mark.parametrize("offset", [-4, 8, 1 << 62])
def test_external_weights_beyond_their_file_are_refused(tmp_path, offset):
    """Offsets outside the file are faults of the model, never memory of the process."""
    path, seal = external(tmp_path, offset=offset)
    with pytest.raises(InputError):
        load(path, seal=seal, trust=KEY, within=path.parent, unsafe_format=True)


def test_sizes_are_bounded(tmp_path):
    """The model and its weights together; one byte less than both is too little."""
    path, seal = external(tmp_path)
    enough = path.stat().st_size + 12
    sealed = {"seal": seal, "trust": KEY, "within": path.parent}
    for options in (sealed, {"seal": None, "trust": None, "unsafe_unsealed": True}):
        assert load(path, **options, limit_bytes=enough).size == enough - 12
        for limit in (enough - 1, enough - 12, 10):
            with pytest.raises((InputError, InvalidError), match=r"larger than|more than"):
                load(path, **options, limit_bytes=limit)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_checkpoint_of_tensors_loads(tmp_path, legacy):
    """Both forms that torch ever wrote give a dictionary of tensors."""
    path, seal = made.alone(tmp_path, "m.pt", made.state_dict_file(legacy=legacy))
    loaded = load(path, seal=seal, trust=KEY)
    assert loaded.unsafe == ()
    assert loaded.runtime["w"].tolist() == [0.0, 1.0, 2.0, 3.0]
    with pytest.raises(InputError, match="predicts nothing"):
        loaded.model()


def test_a_whole_module_is_refused_with_the_way_out(tmp_path):
    """A checkpoint that names classes is no state dictionary, whatever is allowed."""
    path, seal = made.alone(tmp_path, "m.pt", made.whole_module_file())
    with pytest.raises(InputError) as caught:
        load(path, seal=seal, trust=KEY, unsafe_format=True)
    assert "state_dict" in caught.value.remedy or "malicious" in caught.value.what


def test_torchscript_needs_the_unsafe_option(tmp_path):
    """A program is loaded only on demand, and that is on record."""
    import torch

    path, seal = made.alone(tmp_path, "m.pt", made.torchscript_file())
    with pytest.raises(InputError, match="torchscript runs code"):
        load(path, seal=seal, trust=KEY)
    loaded = load(path, seal=seal, trust=KEY, unsafe_format=True)
    assert loaded.unsafe == ("unsafe_format",)
    assert loaded.runtime(torch.ones(2)).tolist() == [2.0, 2.0]


def test_safetensors_load_as_arrays(tmp_path):
    """Shapes, types and values survive."""
    path, seal = made.alone(tmp_path, "m.bin", made.safetensors_file())
    loaded = load(path, seal=seal, trust=KEY)
    assert loaded.runtime["w"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert loaded.runtime["n"].dtype == np.int64


def test_bfloat16_becomes_float32_without_loss(tmp_path):
    """Against torch as the other reader."""
    import torch
    from safetensors.torch import save

    numbers = torch.tensor([[1.5, -2.0, 3.140625]], dtype=torch.bfloat16)
    path, seal = made.alone(tmp_path, "m.safetensors", save({"w": numbers}))
    found = load(path, seal=seal, trust=KEY).runtime["w"]
    assert found.dtype == np.float32
    assert found.tolist() == numbers.float().tolist()


def test_skops_loads_what_it_trusts(tmp_path):
    """A classifier needs no list; the record says that nothing unsafe was used."""
    path, seal = made.alone(tmp_path, "m.skops", made.skops_file())
    loaded = load(path, seal=seal, trust=KEY)
    estimator, x = made.fitted()
    assert loaded.unsafe == ()
    np.testing.assert_allclose(loaded.model().predict(x), estimator.predict_proba(x))


def test_skops_refuses_types_that_nobody_named(tmp_path, monkeypatch):
    """The list of trusted types comes from the caller; without it the types are named and nothing is made."""
    from skops.io import dumps

    data = dumps(Foreign())
    path, seal = made.alone(tmp_path, "m.skops", data)
    name = f"{Foreign.__module__}.Foreign"
    with pytest.raises(InputError):
        load(path, seal=seal, trust=KEY)
    monkeypatch.setattr(loading, "_scan", clean)
    with pytest.raises(InputError, match="not trusted"):
        load(path, seal=seal, trust=KEY)
    assert type(load(path, seal=seal, trust=KEY, trusted=[name]).runtime).__name__ == "Foreign"


class Foreign:
    """A type that skops knows nothing of."""

    value = 1


def clean(data, name, pieces):
    """A scan that finds nothing, where the question is what happens after it."""
    return Scanned(name=name, format="any", sha256="", size=len(data), detections=())


@pytest.mark.parametrize("compress", [0, 3])
def test_a_pickle_loads_only_sealed_and_on_demand(tmp_path, compress):
    """Every other way is refused."""
    path, seal = made.alone(tmp_path, "m.joblib", made.joblib_file(compress=compress))
    with pytest.raises(InputError, match="pickle runs code"):
        load(path, seal=seal, trust=KEY)
    with pytest.raises(InputError, match="pickle runs code"):
        load(path, seal=None, trust=None, unsafe_unsealed=True)
    with pytest.raises(InputError, match="never loaded"):
        load(path, seal=None, trust=None, unsafe_unsealed=True, unsafe_format=True)
    loaded = load(path, seal=seal, trust=KEY, unsafe_format=True)
    assert loaded.unsafe == ("unsafe_format",)
    estimator, x = made.fitted()
    np.testing.assert_allclose(loaded.model().predict(x), estimator.predict_proba(x))


def test_a_malicious_pickle_is_refused_whatever_is_allowed(tmp_path, monkeypatch):
    """Sealed, trusted and asked for: the loader is never reached."""
    monkeypatch.setattr(loading, "unpickle", never)
    path, seal = made.alone(tmp_path, "m.pkl", RUNS)
    with pytest.raises(InputError, match="malicious"):
        load(path, seal=seal, trust=KEY, unsafe_format=True, unsafe_unsealed=True)


def never(*_args):
    """A loader that must not be called."""
    raise AssertionError("a loader was reached")


def test_what_the_scan_does_not_understand_needs_the_unsafe_option(tmp_path, monkeypatch):
    """Default-deny: not understood is not clean."""

    def puzzled(data, name, pieces):
        found = Detection(rule="unread-part", verdict=ScanVerdict.NOT_UNDERSTOOD, what="a part", offset=7, member="m")
        return Scanned(name=name, format="onnx", sha256="", size=len(data), detections=(found,))

    monkeypatch.setattr(loading, "_scan", puzzled)
    path, seal = made.alone(tmp_path, "m.onnx", tiny_onnx())
    with pytest.raises(InputError, match="unread-part in m at byte 7"):
        load(path, seal=seal, trust=KEY)
    assert load(path, seal=seal, trust=KEY, unsafe_format=True).unsafe == ("unsafe_format",)


def test_an_old_loader_is_refused(tmp_path, monkeypatch):
    """weights_only of torch before 2.10 is no protection, so such a torch is not used."""
    path, seal = made.alone(tmp_path, "m.pt", made.state_dict_file())
    for old, reference in (
        ("2.5.1+cpu", "CVE-2025-32434"),
        ("2.9.1", "CVE-2026-24747"),
        ("2.10.0rc1", "CVE-2026-24747"),
    ):
        monkeypatch.setattr(versions, "version", lambda _package, old=old: old)
        with pytest.raises(IncompleteError, match=reference):
            load(path, seal=seal, trust=KEY)
    monkeypatch.setattr(versions, "version", lambda _package: "2.10.0")
    assert load(path, seal=seal, trust=KEY).loader_version == "2.10.0"


def test_a_missing_loader_is_said_with_its_install_line(tmp_path, monkeypatch):
    """Not a traceback, and not a pass."""
    monkeypatch.setattr(versions, "missing_import", lambda extra: extra)
    path, seal = made.alone(tmp_path, "m.onnx", tiny_onnx())
    with pytest.raises(MissingExtraError) as caught:
        load(path, seal=seal, trust=KEY)
    assert caught.value.remedy == "pip install 'redan[onnx]'"


def test_a_model_may_not_configure_its_own_session(tmp_path, monkeypatch):
    """The switch that lets it is refused."""
    monkeypatch.setenv("ORT_LOAD_CONFIG_FROM_MODEL", "1")
    path, seal = made.alone(tmp_path, "m.onnx", tiny_onnx())
    with pytest.raises(UsageError, match="unset it"):
        load(path, seal=seal, trust=KEY)


def test_an_onnxruntime_that_cannot_take_weights_from_memory_is_said(monkeypatch):
    """It is never given a path instead."""
    import onnxruntime

    class Old:
        log_severity_level = 0

    monkeypatch.setattr(onnxruntime, "SessionOptions", Old)
    with pytest.raises(IncompleteError, match="from memory"):
        onnx_session.onnx_session(made.onnx_external()[0], {"w.bin": b"0" * 12})


def test_operators_of_other_libraries_do_not_load(tmp_path):
    """No library is ever loaded for a model."""
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [2]) for n in "xy")
    graph = helper.make_graph([helper.make_node("Run", ["x"], ["y"], domain="evil")], "g", [x], [y])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("evil", 1)]
    data = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    path, seal = made.alone(tmp_path, "m.onnx", data)
    with pytest.raises(InputError):
        load(path, seal=seal, trust=KEY, unsafe_format=True)


@pytest.mark.parametrize(
    ("loader", "data"),
    [
        ("tensors", b"\x08\0\0\0\0\0\0\0{}      "[:16] + b"x"),
        ("tensors", b""),
        ("state_dict", b"PK\x03\x04broken"),
        ("script", b"PK\x03\x04broken"),
        ("unpickle", b"\x80\x04broken"),
        ("unpickle", b"x\x9cbroken"),
    ],
)
def test_damaged_files_are_said_to_be_damaged(loader, data):
    """Loaders of other projects raise many things; one error comes out."""
    with pytest.raises(InputError):
        getattr(loading, loader)(data)


def test_damaged_skops_is_said_to_be_damaged():
    """As the others."""
    with pytest.raises(InputError):
        loading.estimator(b"PK\x03\x04broken", ())


def test_one_module_unpickles():
    """The house's test exempts that module by name."""
    assert Path(unpickling.__file__).name == "unpickling.py"
