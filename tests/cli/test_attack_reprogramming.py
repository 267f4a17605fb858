"""`redan attack reprogramming` from the outside."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from attacks.reprogramming import victims
from redan.cli.app import main
from redan.controls.planted_networks import network_onnx

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas" / "attack.v1.schema.json").read_text())


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main(["attack", "reprogramming", *(str(word) for word in words)])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The weak service as ONNX, its own data, and a foreign task: bars across or down."""
    folder = tmp_path_factory.mktemp("f")
    matrix, offset = victims.weak()
    (folder / "levels.onnx").write_bytes(network_onnx(256, 4, [("MatMul", matrix), ("Add", offset[None, :])]))
    np.savez(folder / "own.npz", x=victims.own(), y=np.zeros(400, np.int64))
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 600)
    x = 0.3 * rng.random((600, 6, 6)) + 0.5 * y[:, None, None]
    np.savez(folder / "task.npz", x=x, y=y + 7)
    np.savez(folder / "few.npz", x=x[:9], y=y[:9])
    return folder


def test_a_service_that_works_for_strangers_is_told_with_its_cost_and_a_page(capsysbinary, files):
    """Broken, exit 1: what was reached beside chance, the label map alone and shuffled classes; a picture of the frame."""
    words = ("--model", files / "levels.onnx", "--data", files / "own.npz", "--task", files / "task.npz")
    code, out, err = call(
        capsysbinary, *words, "--queries", 800, "--answers", "probabilities", "--html", files / "p.html", "--work",
        files / "work", "--format", "json",
    )  # fmt: skip
    whole = json.loads(out)
    jsonschema.validate(whole, SCHEMA)
    assert (code, err, whole["outcome"], whole["verb"]) == (1, "", "broken", "reprogramming")
    reached = whole["findings"][0]
    (made,) = [one for one in reached["detail"]["attempts"] if one["name"] == "queries, probabilities"]
    assert made["accuracy"]["interval"][0] > reached["measure"]["threshold"]
    assert made["cost"]["queries"] <= 800
    assert made["without_a_program"]["n"] == 180
    assert {one["monitor"] for one in made["noticed"]} == {"near-duplicates", "one-program", "outlying-queries"}
    assert reached["detail"]["shuffled"]["value"] < 0.65
    page = (files / "p.html").read_text()
    assert page.count('class="picture programs"') == 1
    assert page.count('class="picture learning-curve"') == 1
    assert (files / "work").is_file()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--task", "chess"), 2),
        (("--task", "few.npz"), 2),
        (("--queries", 0), 2),
        (("--queries", 20), 2),
        (("--answers", "nothing"), 2),
        (("--label", "y"), 2),
    ],
)
def test_what_cannot_be_tried_is_refused(capsysbinary, files, words, code):
    """No such task, one of nine inputs, nothing to try, too few questions, no such form, an .npz with a label."""
    words = [files / word if str(word).endswith(".npz") else word for word in words]
    given = ("--model", files / "levels.onnx", "--data", files / "own.npz", "--task", files / "task.npz")
    found, _, err = call(capsysbinary, *given, *words)
    assert found == code
    assert "Traceback" not in err
