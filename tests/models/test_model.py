"""One interface over sessions and estimators, with what each needs to be asked."""

import numpy as np
import pytest

from models import model_files as made
from redan.controls.planted import tiny_onnx
from redan.errors import InputError
from redan.models import Model, OnnxModel, SklearnModel, model_of


def session(data):
    """A session straight from onnxruntime."""
    from onnxruntime import InferenceSession

    return InferenceSession(data, providers=["CPUExecutionProvider"])


def exported(**options):
    """The classifier as skl2onnx exports it, and the same from scikit-learn."""
    from skl2onnx import to_onnx

    estimator, x = made.fitted()
    data = to_onnx(estimator, x[:1].astype(np.float32), **options).SerializeToString()
    return session(data), estimator, x.astype(np.float32)


@pytest.mark.parametrize("zipmap", [True, False])
def test_probabilities_of_an_exported_classifier_are_those_of_the_classifier(zipmap):
    """Whether the exporter writes one array or one map per row."""
    found, estimator, x = exported(options={"zipmap": zipmap})
    model = model_of(found)
    assert isinstance(model, OnnxModel)
    assert isinstance(model, Model)
    np.testing.assert_allclose(model.predict(x), estimator.predict_proba(x), atol=1e-5)
    assert model.inputs[0].shape == (None, 3)
    assert model.inputs[0].dtype == "float32"
    assert len(model.outputs) == 2


def test_a_mapping_of_arrays_is_taken_by_name():
    """Other names are refused."""
    model = model_of(session(tiny_onnx((2.0, 3.0))))
    np.testing.assert_allclose(model.predict({"x": np.ones(2)}), [2, 3])
    with pytest.raises(InputError, match="not named like"):
        model.predict({"y": np.ones(2)})


def test_a_table_is_taken_apart_for_a_model_with_one_input_per_column():
    """As exporters of pipelines over data frames make them."""
    from onnx import TensorProto, helper

    columns = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [None, 1]) for n in "ab"]
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph([helper.make_node("Sub", ["a", "b"], ["y"])], "g", columns, [y])
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    model = model_of(session(data))
    np.testing.assert_allclose(model.predict(np.array([[5.0, 2.0], [1.0, 1.0]])), [[3], [0]])
    with pytest.raises(InputError, match="2 inputs"):
        model.predict(np.ones((2, 3)))


@pytest.mark.parametrize("x", [np.ones((1, 2, 3, 4)), np.array(["a", "b"]), np.ones(7)])
def test_arrays_that_do_not_fit_are_refused(x):
    """With one error, whatever the runtime raises."""
    with pytest.raises(InputError):
        model_of(session(tiny_onnx())).predict(x)


def test_an_estimator_gives_probabilities_or_values():
    """A classifier and a regressor."""
    from sklearn.linear_model import LinearRegression

    estimator, x = made.fitted()
    model = model_of(estimator)
    assert isinstance(model, SklearnModel)
    np.testing.assert_allclose(model.predict(x), estimator.predict_proba(x))
    assert model.inputs[0].shape == (None, 3)
    line = LinearRegression().fit(x, x[:, 0])
    np.testing.assert_allclose(model_of(line).predict(x), x[:, 0], atol=1e-9)
    with pytest.raises(InputError, match="do not fit"):
        model.predict(np.ones((2, 5)))


def test_an_estimator_fitted_on_names_takes_columns_by_name():
    """In the order in which it was fitted, whatever the order of the mapping."""
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    frame = pd.DataFrame({"b": [1.0, 2.0, 4.0], "a": [0.0, 1.0, 0.0]})
    model = SklearnModel(LinearRegression().fit(frame, frame["b"]))
    assert [port.name for port in model.inputs] == ["b", "a"]
    found = model.predict({"a": np.array([9.0]), "b": np.array([3.0])})
    np.testing.assert_allclose(found, [3.0])
    with pytest.raises(InputError, match="not named like"):
        model.predict({"a": np.ones(1)})


def test_numbers_alone_predict_nothing():
    """A dictionary of tensors needs its network."""
    with pytest.raises(InputError, match="predicts nothing"):
        model_of({"w": np.ones(2)})
