"""Checks of models: what their answers name, which models are others', and when an answer is out of date."""

import datetime as dt
from dataclasses import replace

import pytest

from redan.artifacts.absent import Absent
from redan.artifacts.collect import collect, declared_files
from redan.artifacts.model_scan import ModelScan
from redan.artifacts.model_seal import ModelSeal
from redan.artifacts.source_signature import SourceSignature
from redan.artifacts.watch import Watch
from redan.controls.a_mlsg_001.n002_no_pretrained_model_of_unknown_provenance.pretrained import pretrained
from redan.controls.a_mlsg_004.d002_model_and_configuration_are_protected import loaded as loaded_check
from redan.controls.a_mlsg_004.d002_model_and_configuration_are_protected.vectors import vectors
from redan.controls.planted import known_signer, seal_of, tiny_onnx
from redan.errors import InputError, MissingExtraError
from redan.models import versions
from redan.system.read import read
from redan.terms import Outcome
from redan.testing import answer

SEALED = "A-MLSG-004-D002/bundle-is-sealed"
LOADED = "A-MLSG-004-D002/loaded-bytes-are-verified"
VECTORS = {(v.check, v.name): v for v in vectors()}


def told(check, name, folder):
    """The one message of a vector's check."""
    (found,) = answer(VECTORS[check, name], folder)
    return found


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("one flipped weight bit", ["release/model.onnx", "not as it was sealed"]),
        ("an edited threshold", ["release/config.json", "not as it was sealed"]),
        ("a file planted beside the model", ["release/extra.py", "not listed"]),
        ("a file planted where tools do not look", ["release/.github/run.yml", "not listed"]),
        ("configuration outside the bundle", ["bundle release", "config.json"]),
        ("configuration beside a file that is sealed alone", ["the file alone", "config.json"]),
        ("sealed by somebody else", ["is by key"]),
        ("no key is stated", ["no key"]),
    ],
)
def test_a_broken_seal_names_what_broke_it(tmp_path, name, words):
    """File and reason, below the project and never by where the project lies."""
    found = told(SEALED, name, tmp_path)
    assert all(word in found.message for word in words), found.message
    assert str(tmp_path) not in str(found.to_json())


def test_a_verification_that_is_missing_comes_with_its_command(tmp_path):
    """The command is the one that puts it on record, with the paths of the description."""
    found = told(LOADED, "in service and never verified", tmp_path)
    assert found.remedy.command == "redan verify model.onnx --seal m.sig --key m.pub --log"


def test_days_are_a_measure_with_the_agreed_threshold(tmp_path):
    """So that a report can draw them."""
    found = told(LOADED, "verified a month ago, as agreed", tmp_path)
    assert (found.measure.value, found.measure.threshold) == (30.0, 31.0)


def test_the_last_allowed_day_still_counts(tmp_path):
    """Seven days are within seven days; the eighth is not."""
    vector = VECTORS[LOADED, "verified three days ago"]
    for now, expected in ((dt.date(2026, 6, 5), Outcome.HOLDS), (dt.date(2026, 6, 6), Outcome.BROKEN)):
        folder = tmp_path / str(now)
        folder.mkdir()
        (found,) = answer(replace(vector, now=now), folder)
        assert found.outcome is expected


def test_a_missing_loader_is_not_run_with_its_install_line(tmp_path, monkeypatch):
    """Neither a pass nor a violation."""
    monkeypatch.setattr(versions, "missing_import", lambda extra: extra)
    found = told(LOADED, "a sealed ONNX model", tmp_path)
    assert found.outcome is Outcome.NOT_RUN
    assert "redan[onnx]" in found.message


def test_an_old_loader_is_not_run(tmp_path, monkeypatch):
    """The question is open until the loader is updated."""
    monkeypatch.setattr(loaded_check, "load", outdated)
    found = told(LOADED, "a sealed ONNX model", tmp_path)
    assert found.outcome is Outcome.NOT_RUN
    assert found.remedy.command == "pip install 'torch>=2.10.0'"


def outdated(*_args, **_options):
    """A loader with a published fault."""
    from redan.errors import IncompleteError

    raise IncompleteError("torch 2.5 may not load models", remedy="pip install 'torch>=2.10.0'")


def project(folder, tables, files=(), stage="training"):
    """A project on disk."""
    folder.mkdir(exist_ok=True)
    for name, data in dict(files).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "redan.toml").write_text(f'[system]\nname = "x"\nstage = "{stage}"\n{tables}')
    return read(folder)


def test_which_models_are_pretrained(tmp_path):
    """Bases, published or obtained ones, and public bases that nobody described; not the team's own."""
    tables = """
[[model]]
name = "own"
base = "base"
public_base = true
[[model]]
name = "base"
[[model]]
name = "bought"
publisher = "somebody"
[[model]]
name = "found"
source = "a forum"
[[model]]
name = "public"
public_base = true
[[model]]
name = "trained"
"""
    assert [m.name for m in pretrained(project(tmp_path, tables))] == ["base", "bought", "found", "public"]


MODEL = '[[model]]\nname = "m"\npath = "m.onnx"\nseal = "m.sig"\nkey = "m.pub"\n'


def sealed_files(word="a", data=None):
    """A sealed model, its seal and its key."""
    model = data or tiny_onnx()
    signer = known_signer(word)
    seal = seal_of({"m.onnx": model}, signer, alone=True)
    return {"m.onnx": model, "m.sig": seal, "m.pub": signer.public.pem.encode()}


def test_the_digest_of_a_seal_changes_with_everything_it_rests_on(tmp_path):
    """Model, seal, key, and what is declared: an answer about any other state is out of date."""
    cases = {
        "as it is": (MODEL, sealed_files()),
        "other weights": (MODEL, {**sealed_files(), "m.onnx": tiny_onnx((9.0, 9.0))}),
        "other release": (MODEL, sealed_files(data=tiny_onnx((9.0, 9.0)))),
        "other signer": (MODEL, sealed_files("b")),
        "other key": (MODEL, {**sealed_files(), "m.pub": sealed_files("b")["m.pub"]}),
        "no key": (MODEL.replace('key = "m.pub"\n', ""), sealed_files()),
        "no seal": (MODEL.replace('seal = "m.sig"\n', ""), sealed_files()),
        "seal with a space": (MODEL, {**sealed_files(), "m.sig": sealed_files()["m.sig"] + b"\n"}),
        "configuration": (MODEL + 'config = ["c.json"]\n', {**sealed_files(), "c.json": b"{}"}),
    }
    digests = {
        name: collect(project(tmp_path / str(i), tables, files), ModelSeal, "model:m").digest
        for i, (name, (tables, files)) in enumerate(cases.items())
    }
    assert len(set(digests.values())) == len(cases), digests
    again = project(tmp_path / "again", *cases["as it is"])
    assert collect(again, ModelSeal, "model:m").digest == digests["as it is"]


def test_the_digest_of_a_scan_changes_with_the_bytes(tmp_path):
    """Also when both are clean."""
    systems = [project(tmp_path / str(w), MODEL, sealed_files(data=tiny_onnx((w, w)))) for w in (1.0, 2.0)]
    assert len({collect(system, ModelScan, "model:m").digest for system in systems}) == 2


@pytest.mark.parametrize("missing", ["m.sig", "m.pub"])
def test_a_declared_file_that_is_missing_is_an_error_with_its_line(tmp_path, missing):
    """A typing error in the description is not a finding about the model."""
    files = {name: data for name, data in sealed_files().items() if name != missing}
    with pytest.raises(InputError, match=missing) as caught:
        collect(project(tmp_path, MODEL, files), ModelSeal, "model:m")
    assert caught.value.where.startswith(str(tmp_path / "redan.toml")) or "redan.toml:" in caught.value.where


def test_a_bundle_that_is_a_file_is_an_error(tmp_path):
    """And a seal that is a folder."""
    with pytest.raises(InputError, match="not a folder"):
        collect(project(tmp_path / "a", MODEL + 'bundle = "m.onnx"\n', sealed_files()), ModelSeal, "model:m")
    files = {name: data for name, data in sealed_files().items() if name != "m.sig"}
    with pytest.raises(InputError, match="not a file"):
        collect(project(tmp_path / "b", MODEL, {**files, "m.sig/x": b""}), ModelSeal, "model:m")


def test_what_a_seal_needs_and_is_not_installed_is_absent(tmp_path, monkeypatch):
    """The checks are then not run, with the install line."""

    def lacking(*_args, **_options):
        raise MissingExtraError("blake3", "blake3")

    monkeypatch.setattr("redan.seal.oms.verify", lacking)
    found = collect(project(tmp_path, MODEL, sealed_files()), ModelSeal, "model:m")
    assert isinstance(found, Absent)
    assert "redan[blake3]" in found.reason


def test_the_watch_sees_keys_of_sources(tmp_path):
    """A key exchanged during a run lets no answer about it count."""
    tables = '[[source]]\nname = "s"\nkind = "vendor"\nkey = "s.pub"\n'
    system = project(tmp_path, tables, {"s.pub": b"one"})
    assert [(element, key) for element, key, _ in declared_files(system)] == [("source:s", "key")]
    watch = Watch.start(system)
    (tmp_path / "s.pub").write_bytes(b"another")
    with pytest.raises(InputError, match="changed during the run"):
        watch.unchanged()


def test_every_declared_key_is_tried(tmp_path):
    """The dataset's own first, then those of its sources; each with what it comes to."""
    rows = b"a\n1\n"
    vendor, other = known_signer("vendor"), known_signer("other")
    tables = (
        '[[source]]\nname = "s"\nkind = "vendor"\nkey = "s.pub"\n'
        '[[dataset]]\nname = "d"\nrole = "train"\npath = "d.csv"\nsources = ["s"]\nseal = "d.sig"\nkey = "d.pub"\n'
    )
    files = {
        "d.csv": rows,
        "d.sig": seal_of({"d.csv": rows}, vendor, alone=True),
        "s.pub": vendor.public.pem.encode(),
        "d.pub": other.public.pem.encode(),
    }
    found = collect(project(tmp_path, tables, files), SourceSignature, "dataset:d")
    assert [(tried.element, tried.state.valid) for tried in found.tried] == [("dataset:d", False), ("source:s", True)]


def test_a_key_may_be_the_certificate_of_an_authority(tmp_path):
    """A seal under a chain verifies against the authority, and not against another one of the same name."""
    from redan.seal.oms import sign
    from redan.seal.oms.sealers import ChainSealer
    from seal.oms_cases import certificate, signer_of

    days = (-3650, 3650)
    root, namesake = (certificate("root", ca=True, days=days) for _ in range(2))
    leaf = certificate("releaser", root, days=days)
    system = project(tmp_path, MODEL, {"m.onnx": tiny_onnx(), "m.pub": root.pem})
    (tmp_path / "m.sig").write_bytes(sign(tmp_path / "m.onnx", ChainSealer(signer_of(leaf), (leaf.der, root.der))))
    assert collect(system, ModelSeal, "model:m").state.valid
    (tmp_path / "m.pub").write_bytes(namesake.pem)
    assert not collect(system, ModelSeal, "model:m").state.valid


def test_files_of_a_bundle_are_scanned_under_their_own_names(tmp_path):
    """All but the seal; a link among them is not followed."""
    tables = '[[model]]\nname = "m"\npath = "b/m.onnx"\nbundle = "b"\nconfig = ["b/c.json"]\nseal = "b/m.sig"\n'
    files = {"b/m.onnx": tiny_onnx(), "b/c.json": b"{}", "b/m.sig": b"{}", "b/deep/notes.md": b"# Notes\n"}
    system = project(tmp_path, tables, files)
    (tmp_path / "b" / "link.pkl").symlink_to("/etc/hostname")
    found = collect(system, ModelScan, "model:m")
    assert [scanned.name for scanned in found.config] == ["b/c.json"]
    assert [(s.name, s.sha256 == "") for s in found.beside] == [("b/deep/notes.md", False), ("b/link.pkl", True)]


@pytest.mark.parametrize(("estimator", "outcome"), [("forest", Outcome.HOLDS), ("foreign", Outcome.BROKEN)])
def test_skops_types_that_only_hold_data_need_not_be_named(tmp_path, estimator, outcome):
    """The trees of a forest are known to the scan, though not to skops; a type of nobody knows where is not."""
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier
    from skops.io import dumps

    made = Foreign()
    if estimator == "forest":
        made = RandomForestClassifier(2, random_state=0).fit(np.arange(8.0).reshape(4, 2), [0, 1, 0, 1])
    data, signer = dumps(made), known_signer("a")
    seal = seal_of({"m.skops": data}, signer, alone=True)
    files = {"m.skops": data, "m.sig": seal, "m.pub": signer.public.pem.encode()}
    toml = '[system]\nname = "x"\nstage = "training"\n' + MODEL.replace("m.onnx", "m.skops")
    vector = replace(VECTORS[LOADED, "a sealed ONNX model"], files={**files, "redan.toml": toml.encode()}, subject=None)
    (found,) = answer(vector, tmp_path)
    assert found.outcome is outcome, found.message


class Foreign:
    """A type that neither skops nor the scan knows."""


def test_a_seal_that_cannot_be_verified_here_is_not_run_beside_its_digest(tmp_path, monkeypatch):
    """The digest of a pretrained model is still answered for."""
    from redan.controls.a_mlsg_001.n002_no_pretrained_model_of_unknown_provenance import vectors as planted

    def lacking(*_args, **_options):
        raise MissingExtraError("blake3", "blake3")

    monkeypatch.setattr("redan.seal.oms.verify", lacking)
    vector = next(v for v in planted.vectors() if v.name == "digest and signature verify")
    found = {f.part: f.outcome for f in answer(vector, tmp_path)}
    assert found == {"digest": Outcome.HOLDS, "signature": Outcome.NOT_RUN}


def test_what_the_signer_left_out_is_named(tmp_path):
    """The standard allows it; beside a released model nobody vouches for it."""
    from redan.seal.oms import sign

    tables = '[[model]]\nname = "m"\npath = "b/m.onnx"\nbundle = "b"\nseal = "m.sig"\nkey = "m.pub"\n'
    signer = known_signer("a")
    files = {"b/m.onnx": tiny_onnx(), "b/notes.txt": b"later\n", "m.pub": signer.public.pem.encode()}
    system = project(tmp_path, tables, files)
    (tmp_path / "m.sig").write_bytes(sign(tmp_path / "b", signer, ignore=["notes.txt"]))
    assert collect(system, ModelSeal, "model:m").state.fault.startswith("notes.txt: ")
    (tmp_path / "b" / "notes.txt").unlink()
    assert collect(system, ModelSeal, "model:m").state.valid
