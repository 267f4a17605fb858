"""`redan defend reference` from the outside: a table of customers, its file, and the gateway that serves it."""

import json

import numpy as np
import pandas as pd
import pytest

from gateway import bundles, houses
from redan.cli.app import main
from redan.guards.reference import read_reference

pytest.importorskip("sklearn", reason="needs the extra 'sklearn'")


def customers(n, seed):
    """Age and spend that go together, a plan, and who leaves."""
    rng = np.random.default_rng(seed)
    age = rng.normal(50, 10, n).round(1)
    spend = (age * 2 + rng.normal(0, 3, n)).round(2)
    plan = rng.choice(["basic", "gold"], n)
    leaves = rng.uniform(size=n) < 1 / (1 + np.exp(-(spend - 100) / 10 - (plan == "gold")))
    return pd.DataFrame({"churn": np.where(leaves, "Yes", "No"), "plan": plan, "spend": spend, "age": age})


def network():
    """One input for each column, as scikit-learn's exporter makes them."""
    from onnx import TensorProto, helper, numpy_helper

    text = helper.make_node(
        "LabelEncoder",
        ["plan"],
        ["code"],
        domain="ai.onnx.ml",
        keys_strings=["basic", "gold"],
        values_floats=[0.0, 1.0],
        default_float=-1.0,
    )
    weights = np.array([[0, 0], [-0.05, 0.05], [-0.5, 0.5]], np.float32)
    held = [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.array([5, -5], np.float32), "b")]
    nodes = [
        text,
        helper.make_node("Concat", ["age", "spend", "code"], ["x"], axis=1),
        helper.make_node("MatMul", ["x", "w"], ["z"]),
        helper.make_node("Add", ["z", "b"], ["y"]),
        helper.make_node("Softmax", ["y"], ["probabilities"]),
    ]
    real, word = TensorProto.FLOAT, TensorProto.STRING
    kinds = {"age": real, "plan": word, "spend": real}
    inputs = [helper.make_tensor_value_info(name, kind, ["n", 1]) for name, kind in kinds.items()]
    outputs = [helper.make_tensor_value_info("probabilities", real, ["n", 2])]
    graph = helper.make_graph(nodes, "g", inputs, outputs, held)
    whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 2)])
    whole.ir_version = 9
    return whole.SerializeToString()


@pytest.fixture
def files(tmp_path):
    """Model, training rows and rows that it was not trained on."""
    (tmp_path / "model.onnx").write_bytes(network())
    customers(800, 0).to_csv(tmp_path / "train.csv", index=False)
    customers(700, 1).to_csv(tmp_path / "held.csv", index=False)
    return tmp_path


def call(folder, capsysbinary, *more):
    """Exit code, standard output and standard error."""
    words = {"--model": "model.onnx", "--data": "train.csv", "--calibration": "held.csv", "--out": "reference.json"}
    given = [part for name, file in words.items() if name not in more for part in (name, str(folder / file))]
    with pytest.raises(SystemExit) as left:
        main(["defend", "reference", *given, *map(str, more)])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


def question(age, spend, plan):
    """One row, an input for each column."""
    numbers = [
        {"name": name, "shape": [1, 1], "datatype": "FP32", "data": [value]}
        for name, value in (("spend", spend), ("age", age))
    ]
    text = {"name": "plan", "shape": [1, 1], "datatype": "BYTES", "data": [plan]}
    return json.dumps({"inputs": [*numbers, text]}).encode()


def test_a_table_becomes_what_a_gateway_holds_a_model_to(files, capsysbinary):
    """Ranges, levels, the distance of numbers side by side, sets, and the bins of drift for each column."""
    code, out, err = call(files, capsysbinary, "--label", "churn", "--refused", "0.02", "--format", "json")
    assert (code, err) == (0, "")
    assert {one["outcome"] for one in json.loads(out)["findings"]} == {"holds"}
    held = (files / "reference.json").read_bytes()
    found = read_reference(held)
    assert (found.looked, found.levels) == (("age", "spend"), {"plan": frozenset({b"basic", b"gold"})})
    assert [(one.name, one.counts.sum()) for one in found.columns] == [("age", 800), ("spend", 800)]
    folder = bundles.bundle(files / "p", network(), None, endpoint="coverage = 0.9", model=bundles.REFERENCE)
    bundles.put(folder, {"model.onnx": network(), "reference.json": held})
    rows = {
        "inside": (question(50, 100, "gold"), 200),
        "unknown plan": (question(50, 100, "silver"), 422),
        "too old": (question(500, 100, "gold"), 422),
        "do not go together": (question(30, 130, "gold"), 422),
    }
    with houses.gateway(folder) as made:
        got = {name: houses.asked(made.plane, body=body)[0] for name, (body, _) in rows.items()}
    assert got == {name: wanted for name, (_, wanted) in rows.items()}


def test_the_same_call_writes_the_same_bytes(files, capsysbinary):
    """And another seed parts the rows otherwise."""
    kept = []
    for seed in (0, 0, 1):
        call(files, capsysbinary, "--label", "churn", "--refused", "0.02", "--seed", seed)
        kept.append((files / "reference.json").read_bytes())
    assert kept[0] == kept[1] != kept[2]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--label", "nothing"), "no column 'nothing'"),
        (("--label", "churn", "--class", "Yes"), "1 classes are named"),
        (("--label", "plan"), "the model reads 'plan'"),
        (("--label", "churn", "--refused", "0.001"), "takes 999"),
        (("--label", "churn", "--coverage", "0.999"), "takes 999 calibration rows"),
        (("--label", "churn", "--transformation", "jpeg:3"), "does not do"),
    ],
)
def test_what_cannot_be_made_is_said_in_one_line(files, capsysbinary, more, says):
    """With what to do about it, and no file is written."""
    code, out, err = call(files, capsysbinary, *more)
    assert code not in {0, 1}
    assert says in err + out
    assert not (files / "reference.json").exists()


def test_training_rows_do_not_calibrate(files, capsysbinary):
    """A promise on rows that the model knows is none."""
    (files / "held.csv").write_bytes((files / "train.csv").read_bytes())
    code, _, err = call(files, capsysbinary, "--label", "churn")
    assert (code, "among the training rows" in err) == (2, True)


def test_what_it_is_made_from_is_not_replaced(files, capsysbinary):
    """The target is another file."""
    code, _, err = call(files, capsysbinary, "--label", "churn", "--out", files / "train.csv")
    assert (code, "would replace" in err) == (2, True)


def test_rows_that_the_guard_refuses_do_not_calibrate(files, capsysbinary):
    """A guard that lets nobody of the golden plan in: the calibration counts the others."""
    import onnx

    call(files, capsysbinary, "--label", "churn", "--refused", "0.02")
    every = read_reference((files / "reference.json").read_bytes())
    whole = onnx.load_model_from_string(network())
    weights = onnx.numpy_helper.from_array(np.array([[0, 0], [0, 0], [0, 9]], np.float32), "w")
    offset = onnx.numpy_helper.from_array(np.array([0, -5], np.float32), "b")
    del whole.graph.initializer[:]
    whole.graph.initializer.extend([weights, offset])
    (files / "guard.onnx").write_bytes(whole.SerializeToString())
    code, _, _ = call(files, capsysbinary, "--label", "churn", "--refused", "0.02", "--guard", files / "guard.onnx")
    found = read_reference((files / "reference.json").read_bytes())
    assert code == 1  # half of honest customers are refused, and that is said
    assert found.guard != ""
    assert sum(map(len, found.calibration.scores)) < 0.6 * sum(map(len, every.calibration.scores))


def test_without_labels_only_the_envelope_is_made(files, capsysbinary):
    """And what is missing is said."""
    for name in ("train.csv", "held.csv"):
        pd.read_csv(files / name).drop(columns="churn").to_csv(files / name, index=False)
    code, out, _ = call(files, capsysbinary, "--refused", "0.02")
    assert (code, "nothing is calibrated" in out) == (3, True)
    assert read_reference((files / "reference.json").read_bytes()).calibration is None
