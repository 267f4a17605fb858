"""Answers of a running gateway: as much as is declared, whatever a client asks for; sets of classes and abstention."""

import json

import numpy as np
import pytest

from gateway import bundles, houses
from redan.errors import ConfigError, RedanError
from redan.gateway.assembly import assemble
from redan.guards.conformal import Calibration

ROWS = [[2.0, 0.0, 0.0, 0.0], [0.1, 0.2, 0.0, 0.0]]
EXACT = np.exp(np.asarray(ROWS)[:, :3] * 2) / np.exp(np.asarray(ROWS)[:, :3] * 2).sum(axis=1, keepdims=True)


def answered(folder, body=None, **given):
    """Values and parameters of one answer of a gateway over a bundle."""
    with houses.gateway(bundles.bundle(folder, **given)) as made:
        status, _, found = houses.asked(made.plane, body=bundles.body(ROWS) if body is None else body)
        assert status == 200, found
        return bundles.told(found)


def refused(folder, says, **given):
    """Whether a project does not start, and says so."""
    with pytest.raises(RedanError, match=says):
        assemble(houses.read(bundles.bundle(folder, **given)))


@pytest.mark.parametrize(
    ("endpoint", "wanted"),
    [
        ('answers = "label"', [[1, 0, 0], [0, 1, 0]]),
        ('answers = "top-k"\ntop = 1', [[EXACT[0, 0], 0, 0], [0, EXACT[1, 1], 0]]),
        ('answers = "top-k"\ntop = 2\ndecimals = 1', [[1.0, 0, 0], [0.3, 0.4, 0]]),
        ("decimals = 2", np.round(EXACT, 2)),
        ('answers = "score"\ndecimals = 1', np.round(EXACT, 1)),
        ('answers = "score"', EXACT),
    ],
)
def test_an_answer_has_the_declared_form(tmp_path, endpoint, wanted):
    """Numbers, digits and classes; the label beside them stays."""
    values, _ = answered(tmp_path / "p", endpoint=endpoint)
    np.testing.assert_allclose(values["probabilities"], wanted, atol=1e-6)
    assert values["label"].tolist() == [0, 1]


@pytest.mark.parametrize("wish", [["probabilities"], ["label", "probabilities"], ["label"]])
@pytest.mark.parametrize("binary", [False, True])
def test_no_wish_of_a_client_widens_an_answer(tmp_path, wish, binary):
    """R20: outputs that are named, in any order, as text or as bytes, are those of the policy and no others."""
    folder = bundles.bundle(tmp_path / "p", endpoint='answers = "label"')
    wanted = [{"name": name, "parameters": {"binary_data": binary}} for name in wish]
    with houses.gateway(folder) as made:
        status, headers, found = houses.asked(made.plane, body=bundles.body(ROWS, outputs=wanted))
        assert status == 200
        length = int(headers.get(b"inference-header-content-length", len(found)))
        head, tail = json.loads(found[:length]), found[length:]
        assert [one["name"] for one in head["outputs"]] == wish
        for one in head["outputs"]:
            if binary:
                size = one["parameters"]["binary_data_size"]
                values, tail = np.frombuffer(tail[:size], "<f4" if one["datatype"] == "FP32" else "<i8"), tail[size:]
            else:
                values = np.array(one["data"])
            assert set(values.tolist()) <= {0, 1}
        assert not tail


def test_every_output_as_bytes_has_the_form_too(tmp_path):
    """`binary_data_output` for the whole answer."""
    folder = bundles.bundle(tmp_path / "p", endpoint="decimals = 1\ncoverage = 0.9")
    with houses.gateway(folder) as made:
        body = bundles.body(ROWS, parameters={"binary_data_output": True})
        _, headers, found = houses.asked(made.plane, body=body)
        length = int(headers[b"inference-header-content-length"])
        outputs = json.loads(found[:length])["outputs"]
        sizes = {one["name"]: one["parameters"]["binary_data_size"] for one in outputs}
        assert sizes == {"probabilities": 24, "label": 16, "conformal_set": 6, "abstain": 2}
        assert len(found) == length + sum(sizes.values())
        scores = np.frombuffer(found[length : length + 24], "<f4")
        np.testing.assert_allclose(scores, np.round(scores, 1), atol=1e-6)


@pytest.mark.parametrize("name", ["z", "w", "nothing", "conformal_set"])
def test_what_the_policy_does_not_name_is_not_there(tmp_path, name):
    """Inner tensors, and outputs of guards that are not declared."""
    folder = bundles.bundle(tmp_path / "p", endpoint='answers = "label"')
    with houses.gateway(folder) as made:
        assert houses.asked(made.plane, body=bundles.body(ROWS, outputs=[{"name": name}]))[0] == 400


def test_a_further_output_of_the_model_is_dropped_and_not_told_of(tmp_path):
    """A model that also gives its inner numbers: the metadata, the answer and a wish know nothing of them."""
    from onnx import TensorProto, helper, load_model_from_string

    whole = load_model_from_string(bundles.MODEL)
    whole.graph.output.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", 3]))
    data = whole.SerializeToString()
    folder = bundles.bundle(tmp_path / "p", data, None, endpoint="decimals = 2")
    with houses.gateway(folder) as made:
        found = json.loads(houses.asked(made.plane, "GET", "/v2/models/churn", b"")[2])
        assert [one["name"] for one in found["outputs"]] == ["probabilities", "label"]
        assert bundles.told(houses.asked(made.plane, body=bundles.body(ROWS))[2])[0].keys() == {
            "probabilities",
            "label",
        }
        assert houses.asked(made.plane, body=bundles.body(ROWS, outputs=[{"name": "z"}]))[0] == 400


def test_sets_and_abstention_are_beside_the_answer_and_in_the_metadata(tmp_path):
    """A sure row has one class, an unsure one several, and abstains above the declared number."""
    folder = bundles.bundle(tmp_path / "p", endpoint='answers = "label"\ncoverage = 0.9\nabstain_above = 1')
    with houses.gateway(folder) as made:
        found = json.loads(houses.asked(made.plane, "GET", "/v2/models/churn", b"")[2])["outputs"]
        shown = {one["name"]: (one["datatype"], one["shape"]) for one in found}
        assert shown["conformal_set"] == ("BOOL", [-1, 3])
        assert shown["abstain"] == ("BOOL", [-1])
        values, said = bundles.told(houses.asked(made.plane, body=bundles.body(ROWS))[2])
    assert values["conformal_set"].tolist() == [[True, False, False], [True, True, True]]
    assert values["abstain"].tolist() == [False, True]
    assert said == {"coverage": 0.9, "coverage_valid": True}
    only, _ = answered(
        tmp_path / "q", bundles.body(ROWS, outputs=[{"name": "abstain"}]), endpoint="coverage = 0.9\nabstain_above = 1"
    )
    assert only.keys() == {"abstain"}


def test_probabilities_are_the_calibrated_ones(tmp_path):
    """The temperature of the reference is in the answer where sets are; a score goes out as the model gives it."""
    held = bundles.reference()
    held = held._replace(calibration=held.calibration._replace(temperature=2.0))
    values, _ = answered(tmp_path / "p", held=held, endpoint="coverage = 0.9")
    roots = np.sqrt(EXACT)
    np.testing.assert_allclose(values["probabilities"], roots / roots.sum(axis=1, keepdims=True), atol=1e-6)
    values, _ = answered(tmp_path / "q", held=held, endpoint='coverage = 0.9\nanswers = "score"')
    np.testing.assert_allclose(values["probabilities"], EXACT, atol=1e-6)


def test_logits_are_told_from_probabilities_by_the_calibration_and_not_by_the_batch(tmp_path):
    """Logits that lie between 0 and 1 and sum to 1 by chance go through the softmax all the same."""
    data = bundles.network(np.eye(4, 3), output="logits", last=None)
    held = bundles.reference(data, output="logits")
    held = held._replace(calibration=held.calibration._replace(logits=True))
    rows = [[0.5, 0.3, 0.2, 0.0]]
    values, _ = answered(tmp_path / "p", bundles.body(rows), data=data, held=held, endpoint="coverage = 0.9")
    raised = np.exp([0.5, 0.3, 0.2])
    np.testing.assert_allclose(values["logits"][0], raised / raised.sum(), atol=1e-6)


@pytest.mark.parametrize(("output", "last", "middle"), [("probability", "Sigmoid", 0.5), ("logit", None, 0.0)])
def test_one_column_becomes_a_class_at_its_middle(tmp_path, output, last, middle):
    """A share above one half, a logit above zero; a name or an operator says which."""
    data = bundles.network([[1.0], [0], [0], [0]], output=output, last=last, label=False)
    rows = [[-1.0, 0, 0, 0], [0.2, 0, 0, 0], [3.0, 0, 0, 0]]
    values, _ = answered(tmp_path / "p", bundles.body(rows), data=data, held=None, endpoint='answers = "label"')
    assert values[output].ravel().tolist() == [0, 1, 1], middle


def test_a_model_that_names_classes_alone_gives_labels(tmp_path):
    """As exporters write classifiers whose probabilities are no array; numbers, sets and digits it has none."""
    from onnx import load_model_from_string

    whole = load_model_from_string(bundles.MODEL)
    del whole.graph.output[0]
    data = whole.SerializeToString()
    values, _ = answered(tmp_path / "p", data=data, held=None, endpoint='answers = "label"')
    assert {name: found.tolist() for name, found in values.items()} == {"label": [0, 1]}
    wish = bundles.body(ROWS, outputs=[{"name": "label"}])
    assert answered(tmp_path / "q", wish, data=data, held=None, endpoint='answers = "label"')[0].keys() == {"label"}
    refused(tmp_path / "r", "no output of one number", data=data, held=None, endpoint="decimals = 2")
    refused(tmp_path / "s", "no output of one number", data=data, held=None, endpoint='answers = "label"\ndecimals = 2')


def test_a_policy_that_cannot_be_kept_stops_the_start(tmp_path):
    """Each with what to do about it."""
    plain = bundles.network(np.eye(4, 1), output="y", last="Tanh", label=False)
    few = bundles.reference()._replace(calibration=Calibration(1.0, (np.array([0.1]),) * 3))
    two = bundles.reference()._replace(calibration=Calibration(1.0, (np.linspace(0, 1, 99),) * 2))
    cases = {
        "top": {"endpoint": "top = 2"},
        "first classes": {"endpoint": 'answers = "top-k"'},
        "decimals": {"endpoint": 'answers = "label"\ndecimals = 1'},
        "abstain_above": {"endpoint": "abstain_above = 1"},
        "calibration": {"endpoint": "coverage = 0.9", "held": None},
        "calibration rows": {"endpoint": "coverage = 0.9", "held": few},
        "2 classes": {"endpoint": "coverage = 0.9", "held": two},
        "share or a score": {"endpoint": 'answers = "label"', "data": plain, "held": None},
        "one column": {"endpoint": 'answers = "top-k"\ntop = 1', "data": plain, "held": None},
        "less than 1": {"endpoint": "coverage = 1.0"},
        "for classes": {"endpoint": "coverage = 0.9", "model": f'{bundles.REFERENCE}\ntask = "regression"'},
    }
    for number, (says, given) in enumerate(cases.items()):
        refused(tmp_path / str(number), says, **given)


def test_coverage_follows_what_watches_the_input(tmp_path):
    """Once input drifted, answers say that the promise does not hold."""
    from redan.gateway import assembly

    folder = bundles.bundle(tmp_path / "p", endpoint="coverage = 0.9")
    still = {"churn": True}
    world = assembly._world

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assembly, "_world", lambda *a: world(*a)._replace(valid=still.get))
        with houses.gateway(folder) as made:
            said = [bundles.told(houses.asked(made.plane, body=bundles.body(ROWS))[2])[1]]
            still["churn"] = False
            said.append(bundles.told(houses.asked(made.plane, body=bundles.body(ROWS))[2])[1])
    assert [one["coverage_valid"] for one in said] == [True, False]


@pytest.mark.parametrize(
    ("endpoint", "row"),
    [
        ("", 4.0),
        ("decimals = 2", 2 * np.log2(101) / 24 + np.log2(3) / 24),
        ('answers = "label"', 2 * np.log2(3) / 24),
        ('answers = "label"\ncoverage = 0.9', 2 * np.log2(3) / 24 + 3 / 24),
        ('answers = "top-k"\ntop = 1\ndecimals = 1', (np.log2(11) + np.log2(3) + np.log2(3)) / 24),
        ('answers = "score"', 2.0 + np.log2(3) / 24),
    ],
)
def test_the_leak_budget_counts_what_the_shaped_answer_tells(tmp_path, endpoint, row):
    """In unknowns of 24 bits: of three classes, three probabilities are two numbers, a class is less than two bits."""
    with houses.gateway(bundles.bundle(tmp_path / "p", endpoint=endpoint)) as made:
        assert made.models["churn"].around.row == pytest.approx(row)


def test_a_row_that_is_no_number_is_not_answered(tmp_path):
    """An infinite score has no class and no set."""
    data = bundles.network(np.eye(4, 3) * 1e38, output="logits", last=None)
    held = bundles.reference(data)._replace(calibration=None, output="", bounds={}, input="", columns=())
    folder = bundles.bundle(tmp_path / "p", data, held, endpoint='answers = "label"')
    with houses.gateway(folder) as made:
        assert houses.asked(made.plane, body=bundles.body([[1e30, 0, 0, 0]]))[0] == 500


def test_wrong_coverage_is_a_clear_error(tmp_path):
    """Of the description, with its line."""
    with pytest.raises(ConfigError, match="coverage"):
        houses.read(bundles.bundle(tmp_path / "p", endpoint="coverage = 1.5"))


def test_a_stock_client_reads_shaped_answers_and_sets_as_bytes(tmp_path):
    """tritonclient, which asks for outputs as bytes and sends its tensors as bytes."""
    client = pytest.importorskip("tritonclient.http", reason="needs tritonclient")
    folder = bundles.bundle(tmp_path / "p", endpoint='answers = "label"\ncoverage = 0.9\nabstain_above = 1')
    with houses.gateway(folder) as made, houses.listening(made) as port:
        asks = client.InferenceServerClient(f"127.0.0.1:{port}")
        try:
            given = client.InferInput("x", [2, 4], "FP32")
            given.set_data_from_numpy(np.array(ROWS, np.float32))
            names = ["abstain", "probabilities", "conformal_set"]
            found = asks.infer("churn", [given], outputs=[client.InferRequestedOutput(name) for name in names])
            values = {name: found.as_numpy(name).tolist() for name in names}
            shown = {one["name"] for one in asks.get_model_metadata("churn")["outputs"]}
        finally:
            asks.close()
    assert values == {
        "abstain": [False, True],
        "probabilities": [[1, 0, 0], [0, 1, 0]],
        "conformal_set": [[True, False, False], [True, True, True]],
    }
    assert shown == {"probabilities", "label", "conformal_set", "abstain"}
