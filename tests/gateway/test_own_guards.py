"""Guards of inputs through a running gateway: envelope, guard and transformation, of each model its own, exchanged with it."""

import dataclasses
import json

import numpy as np
import pytest

from gateway import bundles, houses
from redan.errors import InvalidError, RedanError
from redan.exchange.flow import Flow
from redan.gateway.assembly import assemble
from redan.guards.drift import Column
from redan.guards.envelope import Bounds
from redan.guards.reference import written

INSIDE, OUTSIDE = [[1.0, 2.0, 3.0, 4.0]], [[1.0, 2.0, 3.0, 10.1]]
SCREEN = """
[[model]]
name = "watch"
path = "watch/model.onnx"
bundle = "watch"
seal = "watch.seal"
key = "team.pub"
"""


def asked(made, rows, path="churn", **more):
    """Status of one question."""
    return houses.asked(made.plane, body=bundles.body(rows, **more), path=f"/v2/models/{path}/infer")[0]


def refused(folder, says, **given):
    """Whether a project does not start, and says so."""
    with pytest.raises(RedanError, match=says):
        assemble(houses.read(bundles.bundle(folder, **given)))


def test_rows_outside_of_the_envelope_are_refused_and_cost(tmp_path):
    """422, without the row or the column; one row outside refuses the question."""
    with houses.gateway(bundles.bundle(tmp_path / "p")) as made:
        assert asked(made, INSIDE) == 200
        status, _, found = houses.asked(made.plane, body=bundles.body([*INSIDE, *OUTSIDE]))
        assert (status, json.loads(found)["title"]) == (422, "The input lies outside of what the model was made for.")
        assert asked(made, [[9.0, 9.0, 9.0, 9.0]]) == 422  # each in its range, all together too far
        assert asked(made, [[np.float32(10.0)] * 2 + [0.0] * 2]) == 200  # the bound itself is inside
        assert made.register.metrics.decisions["envelope", "outside-envelope"] == 2


def test_an_envelope_holds_for_binary_tensors_too(tmp_path):
    """The same rows as bytes behind the JSON."""
    with houses.gateway(bundles.bundle(tmp_path / "p")) as made:
        for rows, wanted in ((INSIDE, 200), (OUTSIDE, 422), ([[np.nan, 0, 0, 0]], 400)):
            data = np.asarray(rows, "<f4").tobytes()
            tensor = {"name": "x", "shape": [1, 4], "datatype": "FP32", "parameters": {"binary_data_size": len(data)}}
            head = json.dumps({"inputs": [tensor]}).encode()
            length = [("inference-header-content-length", str(len(head)))]
            assert houses.asked(made.plane, body=head + data, headers=length)[0] == wanted


def test_a_reference_that_is_not_sealed_missing_or_of_another_model_stops_the_start(tmp_path):
    """Declared is kept, or nothing starts."""
    refused(tmp_path / "missing", "reference.json", held=None, model=bundles.REFERENCE)
    folder = bundles.bundle(tmp_path / "altered")
    path = folder / "bundle" / "reference.json"
    path.write_bytes(path.read_bytes().replace(b"250", b"999"))
    with pytest.raises(InvalidError):
        assemble(houses.read(folder))
    folder = bundles.bundle(tmp_path / "beside")
    (folder / "reference.json").write_bytes(written(bundles.reference()))
    text = (folder / "redan.toml").read_text().replace("bundle/reference.json", "reference.json")
    (folder / "redan.toml").write_text(text)
    with pytest.raises(RedanError, match="covers the model and not its reference"):
        assemble(houses.read(folder))
    refused(tmp_path / "other", "another model", held=bundles.reference(bundles.MODEL + b" "))
    bounds = {"x": bundles.reference().bounds["x"]}
    refused(tmp_path / "input", "input 'y'", held=bundles.reference(bounds=bounds | {"y": bounds["x"]}))
    short = Bounds(np.zeros(3), np.ones(3), np.zeros(0), np.zeros((0, 0)), 0.0)
    refused(tmp_path / "width", "input 'x'", held=bundles.reference(bounds={"x": short}, columns=()))
    refused(tmp_path / "levels", "input 'x'", held=bundles.reference(levels={"x": frozenset({b"a"})}))
    hostile = bundles.bundle(tmp_path / "hostile")
    bundles.put(hostile, {"model.onnx": bundles.MODEL, "reference.json": b'{"schema":"redan/reference/v1"}'})
    with pytest.raises(RedanError, match="no reference"):
        assemble(houses.read(hostile))


def test_a_changed_reference_on_the_disk_is_noticed(tmp_path):
    """What lies there is verified again, the reference with the model."""
    folder = bundles.bundle(tmp_path / "p")
    with houses.gateway(folder) as made:
        one = made.models["churn"]
        assert one.verify(1.0)
        path = folder / "bundle" / "reference.json"
        path.write_bytes(path.read_bytes().replace(b"250", b"999"))
        assert not one.verify(2.0)
        assert asked(made, [[9.0, 9.0, 9.0, 9.0]]) == 422  # what is in memory stays as it was verified


def test_model_and_reference_are_exchanged_and_rolled_back_together(tmp_path):
    """A wider envelope comes with the next generation, and goes with a rollback; a reference alone is a generation."""
    folder = bundles.bundle(tmp_path / "p", endpoint="coverage = 0.9")
    wide = Bounds(np.full(4, -99.0), np.full(4, 99.0), np.zeros(0), np.zeros((0, 0)), 0.0)
    with houses.gateway(folder) as made:
        one = made.models["churn"]
        assert asked(made, OUTSIDE) == 422
        held = bundles.reference(bounds={"x": wide})
        bundles.put(folder, {"model.onnx": bundles.MODEL, "reference.json": written(held)})
        made.exchange("churn")
        assert asked(made, OUTSIDE) == 200
        data = bundles.network(np.eye(4, 3))
        bundles.put(folder, {"model.onnx": data, "reference.json": written(bundles.reference(data))})
        made.exchange("churn")
        assert asked(made, OUTSIDE) == 422
        one.rollback()
        assert asked(made, OUTSIDE) == 200
        assert one.current.reference.bounds["x"].high[0] == 99


def test_a_generation_whose_policy_cannot_be_kept_does_not_go_into_service(tmp_path):
    """A reference without calibration, or with other outputs: the one in service stays."""
    folder = bundles.bundle(tmp_path / "p", endpoint="coverage = 0.9")
    with houses.gateway(folder) as made:
        version = made.models["churn"].version
        data = bundles.network(np.eye(4, 3))
        held = bundles.reference(data, calibration=None)
        bundles.put(folder, {"model.onnx": data, "reference.json": written(held)})
        with pytest.raises(RedanError, match="calibration"):
            made.exchange("churn")
        assert (made.models["churn"].version, asked(made, INSIDE)) == (version, 200)


def test_one_generation_guards_answers_and_shapes_a_question(tmp_path):
    """An exchange between the envelope and the model: the generation whose envelope was asked answers."""
    folder = bundles.bundle(tmp_path / "p", endpoint='answers = "score"')
    with houses.gateway(folder) as made:
        one = made.models["churn"]
        flow = Flow(houses_request(bundles.body(INSIDE)), "churn")
        schema, own = made.plane.pipeline.inbound[0], made.plane.pipeline.checked[0]
        assert schema.inbound(flow) is None
        assert own.inbound(flow) is None
        before = one.current
        data = bundles.network(np.eye(4, 3) * 5)
        bundles.put(folder, {"model.onnx": data, "reference.json": written(bundles.reference(data))})
        made.exchange("churn")
        assert one.current is not before
        first = one.ask(flow)[0].values
        np.testing.assert_array_equal(first, before.model.ask(dataclasses.replace(flow, answer=None))[0].values)


def houses_request(body):
    """A request as the host makes it."""
    from redan.exchange.message import Request

    return Request("POST", b"/v2/models/churn/infer", b"", (), body, "127.0.0.1", 0.0)


@pytest.mark.parametrize(
    ("classes", "output", "last"),
    [(2, "probabilities", "Softmax"), (3, "logits", None), (1, "probability", "Sigmoid"), (1, "logit", None)],
)
def test_a_guard_refuses_by_any_class_but_its_first_or_one_score_above_its_middle(tmp_path, classes, output, last):
    """In the sense of the design side: classes, a share above one half, a score above zero."""
    weights = np.zeros((4, classes))
    weights[0, -1] = 1.0  # what has more in its first column is refused
    folder = bundles.bundle(tmp_path / "p", model=f'{bundles.REFERENCE}\nguard = "watch"', more=SCREEN)
    bundles.put(folder, {"model.onnx": bundles.network(weights, output=output, last=last)}, name="watch")
    with houses.gateway(folder) as made:
        assert asked(made, [[-1.0, 0, 0, 0]]) == 200
        assert asked(made, [[1.0, 0, 0, 0]]) == 422
        assert asked(made, [[-1.0, 0, 0, 0], [1.0, 0, 0, 0]]) == 422
        assert made.register.metrics.decisions["screen", "outside-envelope"] == 2
        assert made.models["churn"].verify(1.0)
        (folder / "watch" / "model.onnx").write_bytes(b"x")
        assert not made.models["churn"].verify(2.0)


def test_a_calibration_is_of_the_guard_before_it(tmp_path):
    """Rows that a guard refuses are never answered, so another guard is another promise."""
    import hashlib

    screen = bundles.network(np.eye(4, 2))
    keys = f'{bundles.REFERENCE}\nguard = "watch"'
    for number, (held, starts) in enumerate([("", False), (hashlib.sha256(screen).hexdigest(), True)]):
        made = bundles.reference(guard=held)
        folder = bundles.bundle(tmp_path / str(number), held=made, model=keys, more=SCREEN, endpoint="coverage = 0.9")
        bundles.put(folder, {"model.onnx": screen}, name="watch")
        if starts:
            with houses.gateway(folder) as found:
                assert asked(found, [[0.0, 1.0, 0, 0]]) == 422
                assert asked(found, [[1.0, 0.0, 0, 0]]) == 200
        else:
            with pytest.raises(RedanError, match="another guard"):
                assemble(houses.read(folder))


def test_a_guard_that_cannot_be_asked_stops_the_start(tmp_path):
    """Not sealed, of other inputs, or of a score that may be anything."""
    keys = f'{bundles.REFERENCE}\nguard = "watch"'

    def project(name, data, more=SCREEN):
        folder = bundles.bundle(tmp_path / name, model=keys, more=more)
        bundles.put(folder, {"model.onnx": data}, name="watch")
        return houses.read(folder)

    with pytest.raises(RedanError, match="other inputs"):
        assemble(project("inputs", bundles.network(np.eye(5, 2))))
    with pytest.raises(RedanError, match="share"):
        assemble(project("score", bundles.network(np.eye(4, 1), output="y", last="Tanh", label=False)))
    with pytest.raises(RedanError, match="vouches"):
        project("unsealed", bundles.MODEL, SCREEN.replace('seal = "watch.seal"\n', ""))
    with pytest.raises(RedanError, match="of its own"):
        project("nested", bundles.MODEL, SCREEN + 'transformation = "bit-depth:4"\n')


def test_a_transformation_stands_before_the_model_and_after_the_envelope(tmp_path):
    """Two levels: what is below one half becomes zero; the reference must have been made with it."""
    keys = f'{bundles.REFERENCE}\ntransformation = "bit-depth:1"'
    held = bundles.reference(transformation="bit-depth:1")
    folder = bundles.bundle(tmp_path / "p", held=held, model=keys, endpoint='answers = "score"')
    with houses.gateway(folder) as made:
        values, _ = bundles.told(houses.asked(made.plane, body=bundles.body([[0.9, 0.4, 0.1, 0.6]]))[2])
    raised = np.exp([2.0, 0.0, 0.0])
    np.testing.assert_allclose(values["probabilities"][0], raised / raised.sum(), atol=1e-6)
    refused(tmp_path / "q", "made with the transformation", held=held)
    refused(tmp_path / "r", "made with the transformation", model=keys)
    for number, word in enumerate(("jpeg:75", "noise:0.1", "shift:2", "bit-depth:17", "bit-depth:1.5", "median:4")):
        known = bundles.reference(transformation=word)
        keys = f'{bundles.REFERENCE}\ntransformation = "{word}"'
        refused(tmp_path / f"s{number}", "gateway does not do|bit-depth", held=known, model=keys)
    known = bundles.reference(transformation="median:3")
    refused(tmp_path / "t", "pictures", held=known, model=f'{bundles.REFERENCE}\ntransformation = "median:3"')


def test_every_model_has_its_own_guards(tmp_path):
    """Two models behind one gateway: one has an envelope and gives labels, the other has neither."""
    more = """
[[model]]
name = "other"
path = "other/model.onnx"
bundle = "other"
seal = "other.seal"
key = "team.pub"

[[endpoint]]
name = "second"
model = "other"
gateway = true
authenticated = false
logged = false
"""
    folder = bundles.bundle(tmp_path / "p", more=more, endpoint='answers = "label"')
    bundles.put(folder, {"model.onnx": bundles.MODEL}, name="other")
    with houses.gateway(folder) as made:
        assert [asked(made, OUTSIDE, name) for name in ("churn", "other")] == [422, 200]
        shaped, plain = (
            bundles.told(houses.asked(made.plane, body=bundles.body(INSIDE), path=f"/v2/models/{name}/infer")[2])[0]
            for name in ("churn", "other")
        )
        assert set(shaped["probabilities"].ravel()) == {0.0, 1.0}
        assert 0 < plain["probabilities"][0, 0] < 1
        assert asked(made, INSIDE, "nothing") == 404


def test_a_server_behind_keeps_the_form_of_answers_and_nothing_that_a_seal_would_vouch_for(tmp_path):
    """Shaped by what it describes; references, guards and coverage stop the start."""
    gateway = 'upstream = "http://127.0.0.1:9"'
    for number, (says, endpoint, keys) in enumerate(
        [
            ("a reference is kept for sealed", "", bundles.REFERENCE),
            ("a guard is kept", "", 'guard = "watch"'),
            ("a transformation is kept", "", 'transformation = "bit-depth:2"'),
            ("a coverage is kept", "coverage = 0.9", ""),
        ]
    ):
        given = {"endpoint": endpoint, "model": keys, "gateway": gateway, "more": SCREEN}
        refused(tmp_path / str(number), says, **given)
    folder = bundles.bundle(tmp_path / "p", model="", endpoint='answers = "label"', gateway=gateway)
    back = bundles.bundle(tmp_path / "back", held=None)
    with houses.gateway(back) as server, houses.listening(server) as port:
        text = (folder / "redan.toml").read_text().replace("127.0.0.1:9", f"127.0.0.1:{port}")
        (folder / "redan.toml").write_text(text)
        with houses.gateway(folder) as made:
            import asyncio

            async def both():
                await made.models["churn"].describe()
                wish = bundles.body(INSIDE, outputs=[{"name": "probabilities"}])
                found = [await houses.ask(made.plane, body=body) for body in (bundles.body(INSIDE), wish)]
                made.client.close()
                await asyncio.sleep(0.01)
                return found

            for status, _, found in asyncio.run(both()):
                assert status == 200
                assert bundles.told(found)[0]["probabilities"].tolist() == [[0, 0, 1]]


def words():
    """ONNX bytes of a model that says what it was told."""
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Identity", ["plan"], ["same"])],
        "g",
        [helper.make_tensor_value_info("plan", TensorProto.STRING, ["n", 1])],
        [helper.make_tensor_value_info("same", TensorProto.STRING, ["n", 1])],
    )
    whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    whole.ir_version = 9
    return whole.SerializeToString()


def test_text_inputs_have_levels(tmp_path):
    """A text that no training row has is outside."""
    levels = {"plan": frozenset({b"a", "ü".encode()})}
    empty = {"input": "", "output": "", "bounds": {}, "columns": (), "calibration": None}
    held = bundles.reference(words(), **empty, levels=levels)
    with houses.gateway(bundles.bundle(tmp_path / "p", words(), held)) as made:
        for text, wanted in (("a", 200), ("ü", 200), ("b", 422), ("", 422)):
            assert said(made, [text])[0] == wanted


def said(made, texts):
    """Status and what the model said of texts."""
    tensor = {"name": "plan", "shape": [len(texts), 1], "datatype": "BYTES", "data": texts}
    status, _, found = houses.asked(made.plane, body=json.dumps({"inputs": [tensor]}).encode())
    return status, json.loads(found)["outputs"][0]["data"] if status == 200 else []


def test_a_model_is_told_texts_and_not_how_python_shows_bytes(tmp_path):
    """In JSON and as bytes; what is no text is refused."""
    texts = ["gold", "ü", "", "b'x'", "a b"]
    with houses.gateway(bundles.bundle(tmp_path / "p", words(), None)) as made:
        assert said(made, texts) == (200, texts)
        for data, wanted in ((b"gold", 200), (b"\xff\xfe", 400)):
            body = len(data).to_bytes(4, "little") + data
            tensor = {"name": "plan", "shape": [1, 1], "datatype": "BYTES"}
            tensor["parameters"] = {"binary_data_size": len(body)}
            head = json.dumps({"inputs": [tensor]}).encode()
            headers = [("inference-header-content-length", str(len(head)))]
            assert houses.asked(made.plane, body=head + body, headers=headers)[0] == wanted


def test_a_reference_without_columns_of_its_input_is_served(tmp_path):
    """Drift is what is not looked at then."""
    held = bundles.reference(columns=())
    with houses.gateway(bundles.bundle(tmp_path / "p", held=held)) as made:
        assert asked(made, INSIDE) == 200
        assert Column("a", np.zeros(0), np.zeros(1)) not in made.models["churn"].current.reference.columns
