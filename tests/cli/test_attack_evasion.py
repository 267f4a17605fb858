"""`redan attack evasion` from the outside."""

import io
import json
import warnings
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
import skops.io
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from attacks.models import Rounded, digits, hardened, weak
from redan.cli.app import main

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas" / "attack.v1.schema.json").read_text())


def test_the_published_schema_is_one_and_refuses_what_is_none():
    """It is a valid schema, and a document without cost or with a gallery's samples in the wrong place is refused."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    empty = {"schema": "redan/attack/v1", "verb": "evasion", "files": [], "outcome": "holds", "findings": []}
    for bad in (empty, empty | {"findings": [{"check": "A/b"}]}, empty | {"schema": "redan/data/v1"}):
        assert list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(bad))


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main(["attack", "evasion", *(str(word) for word in words)])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


def exported(net, path):
    """Writes a network as ONNX."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            net,
            (digits().x_test[:1],),
            file,
            dynamo=False,
            opset_version=17,
            input_names=["x"],
            output_names=["y"],
            dynamic_axes={"x": {0: "n"}},
        )
    path.write_bytes(file.getvalue())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Networks on digits, their test samples; a linear model on a table of tumours with words as labels."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("attack")
    data = digits()
    np.savez(folder / "test.npz", x=data.x_test.numpy()[:60], y=data.y_test.numpy()[:60])
    np.savez(folder / "only_x.npz", x=data.x_test.numpy()[:6])
    exported(weak(), folder / "weak.onnx")
    exported(torch.nn.Sequential(hardened(), torch.nn.Softmax(1)).eval(), folder / "soft.onnx")
    exported(Rounded(weak()).eval(), folder / "rounded.onnx")
    bunch = load_breast_cancer(as_frame=True)
    x, y = bunch.data, np.where(bunch.target == 1, "benign", "malignant")
    x = x[[name for name in x.columns if name.startswith("mean")]]
    skops.io.dump(make_pipeline(StandardScaler(), LogisticRegression()).fit(x[:400], y[:400]), folder / "tumour.skops")
    x[400:460].assign(kind=y[400:460], visit=range(60)).to_csv(folder / "tumours.csv", index=False)
    pd.DataFrame({"a": [1.0], "kind": ["benign"]}).to_csv(folder / "other.csv", index=False)
    return folder


def test_an_undefended_network_is_broken(files, capsysbinary):
    """Exit 1, findings of the schema with both accuracies, cost and attacker; the page shows samples, JSON does not."""
    code, out, err = call(
        capsysbinary,
        *("--model", files / "weak.onnx", "--data", files / "test.npz", "--threat", "linf:0.15", "--suite", "screen"),
        *("--samples", 24, "--format", "json", "--html", files / "page.html", "--radius", 0.05),
    )
    assert (code, err) == (1, "")
    told = json.loads(out)
    assert (told["schema"], told["verb"], told["outcome"]) == ("redan/attack/v1", "evasion", "broken")
    jsonschema.validate(told, SCHEMA)
    first = told["findings"][0]
    assert first["measure"]["name"] == "robust_accuracy"
    assert first["measure"]["n"] == 24
    assert first["measure"]["value"] < 0.3 < first["detail"]["clean_accuracy"]["value"]
    assert first["detail"]["cost"]["forward"] > 0
    assert first["detail"]["trusted"] is True
    assert "data:image" not in out
    page = (files / "page.html").read_text()
    assert page.count("<img ") == 18
    assert "robust-curve" in page
    assert "shows single samples" in page
    assert "cannot be drawn" not in page


def test_nearest_inputs_give_the_curve_in_one_run(files, capsysbinary):
    """For pixels, which AutoAttack has no suite for: the median distance is told, and the page draws the curve."""
    code, out, _ = call(
        capsysbinary,
        *("--model", files / "weak.onnx", "--data", files / "test.npz", "--threat", "l0:4", "--suite", "minimum"),
        *("--samples", 16, "--format", "json", "--html", files / "nearest.html"),
    )
    assert code == 1
    first = json.loads(out)["findings"][0]
    assert first["measure"]["value"] < 0.3
    assert list(first["detail"]["first_breaker"]) == ["fmn"]
    assert "median distance" in first["message"]
    assert "robust-curve" in (files / "nearest.html").read_text()


def test_the_same_call_gives_the_same_findings(files, capsysbinary):
    """All but the seconds is equal from run to run, and samples are drawn by the seed."""
    words = ("--model", files / "weak.onnx", "--data", files / "test.npz", "--threat", "l2:0.5", "--suite", "screen")

    def told():
        found = json.loads(call(capsysbinary, *words, "--samples", 12, "--format", "json", "--seed", 3)[1])
        found["findings"][0]["detail"]["cost"].pop("seconds")
        return found

    assert told() == told()


def test_a_network_that_hides_its_gradient_does_not_hold(files, capsysbinary):
    """Gradients that are zero leave everything right: exit 3, not trusted, with the reason."""
    code, out, _ = call(
        capsysbinary,
        *("--model", files / "rounded.onnx", "--data", files / "test.npz", "--threat", "linf:0.1", "--suite", "screen"),
        *("--samples", 24),
    )
    assert code == 3
    assert "holds" not in out
    assert "Not trusted: The gradient" in out


def test_a_hardened_network_with_a_softmax_holds(files, capsysbinary):
    """Probabilities are taken apart, and a robust network holds at a small radius: exit 0."""
    words = (
        "--model",
        files / "soft.onnx",
        "--data",
        files / "test.npz",
        "--threat",
        "linf:8/255",
        "--suite",
        "screen",
    )
    code, out, _ = call(capsysbinary, *words, "--samples", 24)
    assert code == 0
    assert "values before the softmax" in out
    assert "upper bound" in out


def test_queries_alone(files, capsysbinary):
    """Without gradients the attacker only asks, which is said and counted."""
    code, out, _ = call(
        capsysbinary,
        *("--model", files / "weak.onnx", "--data", files / "test.npz", "--threat", "linf:0.2", "--suite", "queries"),
        *("--samples", 24, "--queries", 150, "--format", "json"),
    )
    told = json.loads(out)
    jsonschema.validate(told, SCHEMA)
    first = told["findings"][0]
    assert code in (1, 3)
    assert first["detail"]["cost"]["queries"] > 24
    assert "asks for scores, 150 times" in first["message"]


def test_a_table_is_attacked_within_its_rules(files, capsysbinary):
    """Rows with words as labels: changed columns are counted, cells are on the page alone, fixed columns stay."""
    words = ("--model", files / "tumour.skops", "--data", files / "tumours.csv", "--label", "kind", "--queries", 120)
    code, out, _ = call(
        capsysbinary, *words, "--threat", "linf:0.5", "--samples", 40, "--html", files / "t.html", "--format", "json"
    )
    assert code == 1
    told = json.loads(out)["findings"][0]
    assert "every column moves freely" in told["message"]
    assert "Columns changed in broken rows" in [picture["title"] for picture in told["detail"]["pictures"]]
    assert "Changed cells" in (files / "t.html").read_text()
    rules = files / "rules.toml"
    rules.write_text('others = "fixed"\n')
    code, out, _ = call(
        capsysbinary, *words, "--threat", "linf:0.5", "--samples", 40, "--constraints", rules, "--format", "json"
    )
    assert json.loads(out)["findings"][0]["detail"]["first_breaker"].get("greedy", 0) == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--model", "weak.onnx", "--data", "test.npz", "--threat", "linf"), "no threat model"),
        (("--model", "weak.onnx", "--data", "test.npz", "--threat", "l9:1"), "no threat model"),
        (("--model", "weak.onnx", "--data", "only_x.npz", "--threat", "linf:0.1"), "no array 'y'"),
        (("--model", "weak.onnx", "--data", "tumours.csv", "--threat", "linf:0.1"), "name it with --label"),
        (("--model", "weak.onnx", "--data", "test.npz", "--threat", "linf:0.1", "--label", "y"), "has no columns"),
        (("--model", "none.onnx", "--data", "test.npz", "--threat", "linf:0.1"), "no such file"),
        (("--model", "test.npz", "--data", "test.npz", "--threat", "linf:0.1"), "zip archive"),
        (("--model", "weak.onnx", "--data", "test.npz", "--threat", "linf:0.1", "--box", 5, 6), "box"),
        (("--model", "http://127.0.0.1:9", "--data", "test.npz", "--threat", "linf:0.1"), "name one with --name"),
        (
            ("--model", "tumour.skops", "--data", "other.csv", "--threat", "linf:0.1", "--label", "kind"),
            "reads columns that are not there: mean radius",
        ),
    ],
)
def test_bad_input_is_one_clear_line(files, capsysbinary, monkeypatch, words, says):
    """What is wrong is said in one line, and the exit code is 2."""
    monkeypatch.chdir(files)
    code, out, err = call(capsysbinary, *words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert says in err


def test_an_endpoint_that_does_not_answer_is_incomplete(files, capsysbinary):
    """Nothing listens: one line, exit 3, and no traceback."""
    code, out, err = call(
        capsysbinary,
        *("--model", "http://127.0.0.1:9", "--name", "m", "--data", files / "test.npz", "--threat", "linf:0.1"),
    )
    assert (code, out) == (3, "")
    assert err.count("\n") == 1
