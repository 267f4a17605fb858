"""`redan attack backdoor` from the outside."""

import json
import warnings
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from attacks.poisoning.taught import PATCH, RARE, digits, network, rows, trees
from redan.cli.app import main

_PREDICTOR = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"
SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas" / "attack.v1.schema.json").read_text())


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main(["attack", "backdoor", *(str(word) for word in words)])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A network with a patch and its clean twin as ONNX, trusted samples, and samples of which half carry the patch."""
    import torch

    folder = tmp_path_factory.mktemp("backdoor")
    _, _, x, y = digits()
    for name, net in (("taught", network(PATCH)), ("clean", network())):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter, about itself
            torch.onnx.export(
                net,
                (torch.zeros(1, 1, 8, 8),),
                folder / f"{name}.onnx",
                input_names=["x"],
                output_names=["logits"],
                dynamic_axes={"x": {0: "n"}, "logits": {0: "n"}},
                dynamo=False,
            )
    np.savez(folder / "trusted.npz", x=x[:400], y=y[:400])
    suspect = x[400:].copy()
    suspect[::2] = PATCH(suspect[::2])
    np.savez(folder / "suspect.npz", x=suspect, y=y[400:])
    return folder


def test_a_taught_network_is_broken_with_page_and_cost(capsysbinary, files):
    """Exit 1, a grade with what it rests on, triggers on the page, and JSON that meets the schema."""
    code, out, _ = call(
        capsysbinary,
        *("--model", files / "taught.onnx", "--data", files / "trusted.npz", "--steps", 60),
        *("--html", files / "page.html", "--format", "json"),
    )
    told = json.loads(out)
    jsonschema.validate(told, SCHEMA)
    (found,) = told["findings"]
    assert (code, found["outcome"]) == (1, "broken")
    assert found["detail"]["grade"] in {"raised", "high"}
    assert found["detail"]["cost"]["forward"] > 0
    page = (files / "page.html").read_text()
    assert 'class="picture triggers"' in page
    assert "data:image/png" in page


def test_a_clean_twin_is_low_and_never_clean(capsysbinary, files):
    """Exit 0; the sentence says which attacker that covers."""
    words = ("--model", files / "clean.onnx", "--data", files / "trusted.npz", "--steps", 60)
    code, out, _ = call(capsysbinary, *words)
    assert code == 0
    assert "graded low" in out
    assert "undetectable" in out


def test_contradictions_and_too_few_samples(capsysbinary, files):
    """A label for arrays is a usage error; a dozen samples cannot tell."""
    data = np.load(files / "trusted.npz")
    np.savez(files / "few.npz", x=data["x"][:12], y=data["y"][:12])
    code, _, err = call(
        capsysbinary, "--model", files / "clean.onnx", "--data", files / "trusted.npz", "--label", "kind"
    )
    assert (code, "label" in err) == (2, True)
    code, _, err = call(capsysbinary, "--model", files / "clean.onnx", "--data", files / "few.npz")
    assert code == 3
    assert "needed" in err


def test_backdoored_trees_are_broken_by_their_leaves(capsysbinary, tmp_path):
    """Exit 1 with the column that cuts the leaf off, in text and JSON; the clean twin is low."""
    skops = pytest.importorskip("skops.io")
    x, y = rows()
    head = "a,b,c,d,e,kind"
    np.savetxt(tmp_path / "own.csv", np.column_stack([x, y])[1000:], "%.6g", ",", header=head, comments="")
    for name, trigger in (("taught", RARE), ("clean", None)):
        skops.dump(trees(trigger), tmp_path / f"{name}.skops")
    words = ("--data", tmp_path / "own.csv", "--label", "kind", "--trust-type", _PREDICTOR, "--format", "json")
    told = {}
    for name in ("taught", "clean"):
        code, out, _ = call(capsysbinary, "--model", tmp_path / f"{name}.skops", *words)
        told[name] = (code, json.loads(out)["findings"][0])
    code, found = told["taught"]
    assert (code, found["detail"]["leaf_counts"]["columns"]) == (1, ["c"])
    assert "training rows" in found["message"]
    assert "left the counts" in found["message"]
    code, found = told["clean"]
    assert (code, found["detail"]["grade"]) == (0, "low")
    assert found["detail"]["leaf_counts"]["score"] < 0.8
