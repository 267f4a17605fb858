"""The sealed record: in-toto's own library reads it, only the key that sealed it opens it, and no change goes unseen."""

import datetime as dt
import importlib.util
import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recording.recording_cases import needs_strace, ran
from redan.canon import canonical
from redan.errors import InvalidError
from redan.recording import form
from redan.recording.declared import declared, model_outputs, undeclared
from redan.recording.keep import keep, sealed
from redan.recording.reader import open_file, parse_record, read_record, record_files
from redan.recording.statement import Asked, payload, statement
from redan.seal import dsse, in_toto
from redan.system.read import parse
from redan.testing import signer_of

FUZZ = Path(__file__).resolve().parents[2] / "fuzz" / "fuzz_record.py"
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "spec" / "record.md").read_text(encoding="utf-8")
TOML = b"""[system]
name = "p"
[[dataset]]
name = "train"
role = "train"
path = "data/a.csv"
seal = "a.seal"
[[dataset]]
name = "other"
role = "current"
path = "b.csv"
[[model]]
name = "m"
path = "m.bin"
trained_on = ["train"]
base = "start"
code = ["run.py"]
config = ["c.yaml"]
[[model]]
name = "start"
path = "start.bin"
[pipeline]
requirements = ["lock.txt"]
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A project folder with declared and other data."""
    folder = tmp_path_factory.mktemp("project").resolve()
    (folder / "data").mkdir()
    for name in ("data/a.csv", "b.csv"):
        (folder / name).write_text(f"{name}\n", encoding="utf-8")
    time.sleep(0.05)
    return folder


@pytest.fixture(scope="module")
def record(root):
    """The record of a run that reads declared data and another file, and writes a model."""
    done = ran(root, "open('m.bin', 'w').write(open('data/a.csv').read() + open('b.csv').read())", method="audit")
    system = parse(TOML, file="redan.toml", root=root)
    asked = Asked(
        command=("python", "run.py", "--token", "hunter2"),
        folder=root,
        root=root,
        env={"HOME": "/nowhere", "SECRET": "s3cret"},
        declared=declared(system, ("m",)),
        models=("m",),
        description=system.digest,
    )
    return statement(asked, done)


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    """A key."""
    return signer_of("recording", tmp_path_factory.mktemp("key"))


def test_in_toto_reads_the_record(record):
    """The payload parses strictly as a Statement v1 with SLSA provenance v1, and says the same."""
    pytest.importorskip("in_toto_attestation", reason="in-toto-attestation is not installed")
    from google.protobuf import json_format
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
    from in_toto_attestation.v1.statement import Statement

    text = payload(record)
    parsed = json_format.Parse(text, statement_pb2.Statement())
    Statement.copy_from_pb(parsed).validate()
    provenance = json_format.Parse(json.dumps(json.loads(text)["predicate"]), provenance_pb2.Provenance())
    for item in (*provenance.build_definition.resolved_dependencies, *provenance.run_details.byproducts):
        ResourceDescriptor.copy_from_pb(item).validate()
    names = {item.name for item in provenance.build_definition.resolved_dependencies}
    assert {"data/a.csv", "b.csv", "run.py"} <= names
    assert {subject.name for subject in parsed.subject} == {"m.bin"}


def test_the_record_says_what_was_read_and_written(record, root):
    """Inputs and outputs by name and digest; what is declared, and what is not."""
    inputs = {item.name: item for item in record.inputs}
    assert inputs["data/a.csv"].annotations.declared == ("dataset:train",)
    assert inputs["run.py"].annotations.declared == ("model:m code",)
    system = parse(TOML, file="redan.toml", root=root)
    assert [item.name for item in undeclared(record.inputs, declared(system, ("m",)))] == ["b.csv"]
    digest = inputs["b.csv"].digest.sha256
    assert undeclared(record.inputs, declared(system, ("m",)), {digest}) == ()
    assert record.seen.exit_status == 0


def test_the_record_holds_no_secret(record):
    """Neither values of variables nor those of telling options."""
    text = payload(record)
    assert b"s3cret" not in text
    assert b"hunter2" not in text
    assert b"SECRET" in text


def test_what_a_model_may_read_is_what_the_description_says(root):
    """Its datasets with their seals, its code and configuration, its base, the lock files, the description."""
    system = parse(TOML, file="redan.toml", root=root)
    names = {"data/a.csv", "a.seal", "m.bin", "run.py", "c.yaml", "start.bin", "lock.txt", "redan.toml"}
    assert set(declared(system, ("m",))) == names
    assert model_outputs(system) == {"m.bin": "m", "start.bin": "start"}


def test_a_sealed_record_opens_with_its_key_alone(record, signer, tmp_path):
    """Round trip; another key, and no key, open nothing."""
    kept = keep(sealed(record, signer), tmp_path / "records")
    assert kept.path.name == f"{kept.sha256}.json"
    opened = open_file(kept.path, (signer.public,))
    assert (opened.record, opened.sha256, opened.fault) == (record, kept.sha256, "")
    other = signer_of("another", tmp_path)
    assert open_file(kept.path, (other.public,)).record is None
    assert open_file(kept.path, (other.public, signer.public)).record == record
    assert "no key" in open_file(kept.path, ()).fault


@given(place=st.integers(min_value=0), value=st.integers(1, 255))
@settings(max_examples=60)
def test_no_byte_can_change_unnoticed(record, signer, place, value):
    """One flipped byte anywhere in the envelope, and the record is refused."""
    envelope = bytearray(sealed(record, signer))
    envelope[place % len(envelope)] ^= value
    with pytest.raises(InvalidError):
        read_record(bytes(envelope), (signer.public,))


@pytest.mark.parametrize(
    "change",
    [
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"predicateType": "https://example.org/other"},
        {"subject": []},
        {"extra": 1},
        {"predicate": {}},
    ],
)
def test_a_sealed_statement_of_another_form_is_no_record(record, signer, change):
    """A valid signature over something else is refused, field by field."""
    value = {**json.loads(payload(record)), **change}
    envelope = canonical(dsse.seal(canonical(value), in_toto.PAYLOAD_TYPE, signer))
    with pytest.raises(InvalidError, match="no record of a training run"):
        read_record(envelope, (signer.public,))


@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 10_000, b'{"a":1,"a":1}', b"\xff", b"nul"])
def test_what_is_no_envelope_is_refused(data, signer):
    """Anything may lie among the records."""
    with pytest.raises(InvalidError):
        read_record(data, (signer.public,))
    with pytest.raises(InvalidError):
        parse_record(data)


def test_links_and_huge_files_are_not_read(tmp_path, signer):
    """A link among the records is passed over; newest first."""
    (tmp_path / "old.json").write_bytes(b"{}")
    os.utime(tmp_path / "old.json", (1, 1))
    (tmp_path / "new.json").write_bytes(b"{}")
    (tmp_path / "link.json").symlink_to("new.json")
    (tmp_path / "note.txt").write_bytes(b"")
    assert [path.name for path in record_files(tmp_path)] == ["new.json", "old.json"]
    assert open_file(tmp_path / "link.json", (signer.public,)).sha256 == ""
    assert record_files(tmp_path / "none") == ()


def test_a_run_that_writes_nothing_still_has_a_subject(root):
    """in-toto asks for one: the run's own definition."""
    done = ran(root, "open('b.csv').read()", method="audit")
    made = statement(Asked(command=("x",), folder=root, root=root, env={}, declared={}), done)
    assert [subject.name for subject in made.subject] == [form.NO_OUTPUT]
    assert made.models == ()


@needs_strace
def test_both_methods_say_which_they_are(root):
    """The record names the method, and what it cannot see."""
    for method in ("strace", "audit"):
        done = ran(root, "open('b.csv').read()", method=method)
        seen = statement(Asked(command=("x",), folder=root, root=root, env={}, declared={}), done).seen
        assert seen.method.value.startswith(method)
        assert seen.blind_to


def test_times_are_those_of_the_run(record):
    """In UTC, to the second, in order."""
    assert dt.datetime.now(dt.UTC) - record.finished < dt.timedelta(minutes=30)
    about = record.predicate.run_details.metadata
    assert about.started_on <= about.finished_on


@pytest.mark.parametrize("uri", [form.BUILD_TYPE, form.BUILDER, form.PREDICATE])
def test_every_type_is_specified(uri):
    """The type URIs of the page are those of the code."""
    assert f"`{uri}`" in PAGE


@pytest.mark.parametrize(
    "model",
    [form.FileNote, form.PackageNote, form.SourceNote, form.OutputNote, form.External, form.Internal, form.Seen],
)
def test_every_field_is_specified(model):
    """Each field stands on the page under the name that is signed."""
    assert [field.alias for field in model.model_fields.values() if f"`{field.alias}`" not in PAGE] == []


@given(st.binary(max_size=300))
@settings(max_examples=40)
def test_the_fuzz_target_runs_on_anything(data):
    """The target that an outside fuzzer runs."""
    spec = importlib.util.spec_from_file_location("fuzz_record", FUZZ)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.TestOneInput(data)
