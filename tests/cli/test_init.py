"""`redan init`: a description from nothing but files, that the reader accepts as written."""

import json
import os
import sys

import pandas as pd
import pytest
from onnx import TensorProto, helper

from redan.cli.app import main
from redan.system.read import read

ROWS = 120
FRAME = pd.DataFrame(
    {
        "customer_id": [f"C{i:04d}" for i in range(ROWS)],
        "tenure": [i % 70 for i in range(ROWS)],
        "price": [20 + i / 7 for i in range(ROWS)],
        "churn": [i % 2 for i in range(ROWS)],
    }
)
SCRIPT = """
import pandas as pd
from sklearn.linear_model import LogisticRegression
data = pd.read_csv("customers.csv")
LogisticRegression().fit(data[["tenure", "price"]], data["churn"])
open("/nonexistent/ran", "w")
"""


def run(capsys, *arguments):
    """Exit code, standard output and standard error of the command."""
    with pytest.raises(SystemExit) as left:
        main(["init", *map(str, arguments)])
    said = capsys.readouterr()
    return left.value.code, said.out, said.err


def onnx_bytes(inputs):
    """A linear model with the given inputs."""
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, size]) for name, size in inputs]
    weights = helper.make_tensor("W", TensorProto.FLOAT, [inputs[0][1], 1], [0.5] * inputs[0][1])
    node = helper.make_node("MatMul", [inputs[0][0], "W"], ["score"])
    out = helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, 1])
    return helper.make_model(helper.make_graph([node], "g", ports, [out], [weights])).SerializeToString()


@pytest.fixture
def folder(tmp_path):
    """A CSV, an ONNX file and a script, nothing else."""
    FRAME.to_csv(tmp_path / "customers.csv", index=False)
    (tmp_path / "model.onnx").write_bytes(onnx_bytes([("x", 2)]))
    (tmp_path / "train.py").write_text(SCRIPT)
    return tmp_path


def test_a_csv_an_onnx_file_and_a_script_are_a_system(folder, capsys):
    """The acceptance case: the draft reads as written and ties the three together."""
    code, out, err = run(capsys, folder)
    assert (code, err) == (0, "")
    system = read(folder)
    (dataset,), (model,) = system.datasets, system.models
    assert (dataset.path, dataset.role, dataset.label, dataset.identifiers) == (
        "customers.csv",
        "train",
        "churn",
        ("customer_id",),
    )
    assert (model.path, model.trained_on, model.code, model.inputs) == (
        "model.onnx", (dataset.name,), ("train.py",), ("tenure", "price"),
    )  # fmt: skip
    assert system.about.stage == "training"
    assert "guessed: its name is that of an answer" in (folder / "redan.toml").read_text()
    assert [line.split("  ")[1] for line in out.split("Next:\n")[1].splitlines()] == [
        "redan threats",
        "redan check",
        "redan report",
    ]


def test_named_inputs_are_the_features(folder, capsys):
    """A model with an input per column names its features itself."""
    (folder / "model.onnx").write_bytes(onnx_bytes([("tenure", 1), ("price", 1)]))
    run(capsys, folder)
    system = read(folder)
    assert [(f.name, f.from_, f.dtype) for f in system.features] == [
        ("tenure", "dataset:customers", "float32"), ("price", "dataset:customers", "float32"),
    ]  # fmt: skip


def test_parquet_a_checkpoint_and_mlflow_runs(tmp_path, capsys):
    """Other formats, by content, from a folder that MLflow kept."""
    FRAME.to_parquet(tmp_path / "train")
    FRAME[:50].to_parquet(tmp_path / "test")
    run_folder = tmp_path / "mlruns" / "0" / "abc"
    (run_folder / "tags").mkdir(parents=True)
    (run_folder / "meta.yaml").write_text("run_id: abc\n")
    (run_folder / "tags" / "mlflow.source.name").write_text("fit.py")
    (tmp_path / "fit.py").write_text("import torch\nloss.backward()\n")
    import zipfile

    with zipfile.ZipFile(tmp_path / "net", "w") as archive:
        archive.writestr("net/data.pkl", b"\x80\x02.")
    code, out, _ = run(capsys, tmp_path, "--format", "json")
    said = json.loads(out)
    assert code == 0
    assert said["schema"] == "redan/init/v1"
    assert [row["what"] for row in said["models"]] == ["PyTorch (zip)"]
    assert said["mlflow_runs"] == [{"path": "mlruns/0/abc", "what": "fit.py"}]
    system = read(tmp_path)
    assert {d.name: d.role for d in system.datasets} == {"test": "test", "train": "train"}
    assert system.models[0].validated_on == ("test",)
    assert "MLflow recorded a run of it" in (tmp_path / "redan.toml").read_text()


def test_an_empty_folder_gives_a_skeleton(tmp_path, capsys, monkeypatch):
    """With nothing found there is still a valid description of questions, here for the current folder."""
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsys)
    assert code == 0
    assert "Tables: 0" in out
    assert read(tmp_path).datasets == ()


def test_a_description_is_never_overwritten_by_chance(folder, capsys):
    """Exit 2 and the old bytes without --force; replaced with it; the same files give the same bytes."""
    (folder / "redan.toml").write_text("# mine\n")
    code, out, err = run(capsys, folder)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "--force" in err
    assert (folder / "redan.toml").read_text() == "# mine\n"
    assert run(capsys, folder, "--force", "--yes")[0] == 0
    first = (folder / "redan.toml").read_bytes()
    assert run(capsys, folder, "--force", "--yes")[0] == 0
    assert (folder / "redan.toml").read_bytes() == first != b"# mine\n"


def test_replacing_is_asked_about_on_a_terminal(folder, capsys, monkeypatch):
    """--force alone asks; no answer leaves the old bytes."""
    (folder / "redan.toml").write_text("# mine\n")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", _refuse)
    assert run(capsys, folder, "--force")[0] != 0
    assert (folder / "redan.toml").read_text() == "# mine\n"


def _refuse(*_, **__):
    import click

    raise click.Abort


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_what_stands_in_the_way_is_left_alone(kind, folder, capsys):
    """A link, folder or pipe called redan.toml is not written through, not even with --force."""
    target = folder / "redan.toml"
    if kind == "link":
        target.symlink_to(folder / "elsewhere.toml")
    elif kind == "folder":
        target.mkdir()
    else:
        os.mkfifo(target)
    code, _, err = run(capsys, folder, "--force", "--yes")
    assert code == 2
    assert "is not a regular file" in err
    assert not (folder / "elsewhere.toml").exists()


def test_folders_that_are_none(tmp_path, capsys):
    """A file, an absent folder and an unknown format are exit 2, and nothing is written."""
    (tmp_path / "f").touch()
    assert run(capsys, tmp_path / "f")[0] == 2
    assert "is no folder" in run(capsys, tmp_path / "x")[2]
    code, _, err = run(capsys, tmp_path, "--format", "xml")
    assert code == 2
    assert "'xml'" in err
    assert "Traceback" not in err
    assert not (tmp_path / "redan.toml").exists()


@pytest.mark.parametrize("fault", ["mkstemp", "fsync"])
def test_a_full_disk_leaves_nothing_half_written(fault, folder, capsys, monkeypatch):
    """Exit 2, one line, no temporary file and no description."""

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("redan.files.tempfile.mkstemp" if fault == "mkstemp" else "redan.files.os.fsync", full)
    code, out, err = run(capsys, folder)
    assert (code, out) == (2, "")
    assert "cannot be written: No space left on device" in err
    assert sorted(p.name for p in folder.iterdir()) == ["customers.csv", "model.onnx", "train.py"]


def test_nothing_found_can_write_to_the_terminal(tmp_path, capsys):
    """Escape codes in file names are shown escaped."""
    FRAME.to_csv(tmp_path / "\x1b[31mtrain\n.csv", index=False)
    _, out, _ = run(capsys, tmp_path)
    assert "\x1b" not in out
    assert "\\x1b[31mtrain\\n.csv" in out


def test_no_script_or_model_runs(folder, capsys):
    """The script would fail and the model would speak up if they were run."""
    (folder / "conftest.py").write_text("import sklearn\nraise SystemExit('ran')\nx.fit()\n")
    (folder / "m.pkl").write_bytes(
        b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x08builtins\x94\x8c\x04exit\x94\x93\x94)R\x94."
    )
    code, out, _ = run(capsys, folder)
    assert code == 0
    assert "conftest.py" in out
    assert "m.pkl" in out


def test_names_that_steer_a_terminal_are_left_out(tmp_path, capsys):
    """A file or column whose name could restyle or hide what stands beside it is counted, and named nowhere."""
    rows = "".join(f"{n},{n % 7},{n % 2}\n" for n in range(50))
    (tmp_path / "train\u202e.csv").write_text(f"a,b,label\n{rows}", encoding="utf-8")
    (tmp_path / "test.csv").write_text(f"a\x1b[31m,b,label\n{rows}", encoding="utf-8")
    (tmp_path / "train.csv").write_text(f"a,b,label\n{rows}", encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        main(["init", str(tmp_path)])
    said = capsys.readouterr().out
    assert not left.value.code
    written = (tmp_path / "redan.toml").read_text(encoding="utf-8")
    assert "\u202e" not in written + said
    assert "\x1b" not in written + said
    assert "2 finds with control characters in their names" in written
    assert "train.csv" in written
