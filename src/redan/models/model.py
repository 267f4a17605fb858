"""One interface over what predicts: arrays in, probabilities or values out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

from redan.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]
    Inputs: TypeAlias = Array | Mapping[str, Array]

# Names by which exporters call the output that holds one number per class.
_CLASS_SCORES = ("probabilities", "output_probability", "probability", "probs", "scores", "logits")
_SHOWN = 5
_DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(int16)": "int16",
    "tensor(int8)": "int8",
    "tensor(uint64)": "uint64",
    "tensor(uint32)": "uint32",
    "tensor(uint16)": "uint16",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
    "tensor(string)": "object",
}


class Port(NamedTuple):
    """One input or output.

    Args:
        name: the empty string when the model gives none.
        dtype: NumPy's name of it; the empty string when it is not one array type.
        shape: None for a length that is free.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@runtime_checkable
class Model(Protocol):
    """Something that predicts."""

    @property
    def inputs(self) -> tuple[Port, ...]:
        """What it reads, in order."""
        ...

    def predict(self, x: "Inputs") -> "Array":
        """Probabilities per class, or values, one row per row of the input.

        Args:
            x: one array of shape (rows, ...), or one array per input by name.

        Raises:
            InputError: the arrays do not fit the model.
        """
        ...


def misfit(inputs: tuple[Port, ...], x: "Inputs") -> InputError:
    """The error of arrays that a model cannot take: what it reads, and what it was given.

    Args:
        inputs: what it reads.
        x: what it was given.
    """
    given = x.items() if isinstance(x, Mapping) else [("", x)]
    reads = ", ".join(_shown(port.name, port.shape) for port in inputs[:_SHOWN])
    got = ", ".join(_shown(str(name), _shape(array)) + _text(array) for name, array in list(given)[:_SHOWN])
    return InputError(
        f"the arrays do not fit the model's inputs: it reads {reads} and is given {got}",
        remedy="give it rows of the shape that it reads",
    )


def _text(array: object) -> str:
    """Says so where an array holds words, as a column of a table does that has one among its numbers."""
    return " of text" if getattr(getattr(array, "dtype", None), "kind", "") in {"O", "U", "S"} else ""


def _shape(array: object) -> tuple[int | None, ...]:
    """The shape of an array; empty for what has none."""
    return tuple(getattr(array, "shape", ()))


def _shown(name: str, shape: tuple[int | None, ...]) -> str:
    sizes = " x ".join("any" if size is None else str(size) for size in shape)
    return f"{name[:40]} ({sizes})".strip()


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """A session of onnxruntime.

    Args:
        session: an `onnxruntime.InferenceSession`.
    """

    session: Any

    @property
    def inputs(self) -> tuple[Port, ...]:
        """What it reads, in order."""
        return tuple(_port(found) for found in self.session.get_inputs())

    @property
    def outputs(self) -> tuple[Port, ...]:
        """What it answers, in order."""
        return tuple(_port(found) for found in self.session.get_outputs())

    def predict(self, x: "Inputs") -> "Array":
        """Probabilities per class where the model has such an output, else its first output.

        A single array for a model with several inputs of one column each is taken apart by columns, in order.
        """
        return self.output(x, self.answer)

    def output(self, x: "Inputs", name: str) -> "Array":
        """One output by its name, such as the labels beside the probabilities.

        Raises:
            InputError: the arrays do not fit the model.
        """
        from redan.models.onnx_session import faults

        try:
            found = self.session.run([name], self._feed(x))[0]
        except faults() as error:
            raise misfit(self.inputs, x) from error
        return _as_array(found)

    @property
    def answer(self) -> str:
        """The name of the output that `predict` gives."""
        names = [str(found.name) for found in self.session.get_outputs()]
        lower = {name.lower(): name for name in names}
        return next((lower[word] for word in _CLASS_SCORES if word in lower), names[0])

    def _feed(self, x: "Inputs") -> "dict[str, Array]":
        import numpy as np

        ports = self.inputs
        if isinstance(x, Mapping):
            parts = dict(x)
        elif len(ports) == 1:
            parts = {ports[0].name: x}
        elif x.ndim == 2 and x.shape[1] == len(ports):  # noqa: PLR2004 -- rows and columns
            parts = {port.name: x[:, i : i + 1] for i, port in enumerate(ports)}
        else:
            raise InputError(f"the model has {len(ports)} inputs", remedy="give one array per input, by name")
        if parts.keys() != {port.name for port in ports}:
            raise InputError("the arrays are not named like the model's inputs", remedy="see Model.inputs")
        try:
            return {p.name: np.asarray(parts[p.name], dtype=p.dtype or None) for p in ports}
        except (TypeError, ValueError) as error:
            wanted = ", ".join(f"{port.name} ({port.dtype})" for port in ports[:3]) + (" ..." if len(ports) > 3 else "")  # noqa: PLR2004
            raise InputError(
                "the arrays cannot be turned into the types of the model's inputs", remedy=f"it reads {wanted}"
            ) from error


@dataclass(frozen=True, slots=True)
class SklearnModel:
    """An estimator with the interface of scikit-learn.

    Args:
        estimator: with `predict_proba` or `predict`.
    """

    estimator: Any

    @property
    def inputs(self) -> tuple[Port, ...]:
        """One table of as many columns as it was fitted on, or one column per name where names are known."""
        names = getattr(self.estimator, "feature_names_in_", None)
        if names is not None:
            return tuple(Port(str(name), "", (None,)) for name in names)
        return (Port("", "", (None, getattr(self.estimator, "n_features_in_", None))),)

    def predict(self, x: "Inputs") -> "Array":
        """Probabilities per class where the estimator gives them, else its prediction."""
        import numpy as np

        ask = getattr(self.estimator, "predict_proba", None) or self.estimator.predict
        try:
            return np.asarray(ask(self._table(x)))
        except (TypeError, ValueError, KeyError, IndexError) as error:
            raise misfit(self.inputs, x) from error

    def _table(self, x: "Inputs") -> Any:  # noqa: ANN401 -- a frame of pandas where the estimator asks by name
        import numpy as np

        names = [port.name for port in self.inputs]
        named = bool(names[0])
        if isinstance(x, Mapping):
            if not named or x.keys() != set(names):
                raise InputError("the arrays are not named like the model's inputs", remedy="see Model.inputs")
            columns = {name: x[name] for name in names}
        elif not named or x.ndim != 2 or x.shape[1] != len(names):  # noqa: PLR2004 -- rows and columns
            return x
        else:
            columns = {name: x[:, i] for i, name in enumerate(names)}
        if find_spec("pandas") is None:
            return np.column_stack(list(columns.values()))
        import pandas as pd

        return pd.DataFrame(columns)


def model_of(runtime: object) -> Model:
    """The one interface over a session or an estimator.

    Raises:
        InputError: the object does not predict, such as a dictionary of tensors.
    """
    if hasattr(runtime, "get_inputs") and hasattr(runtime, "run"):
        return OnnxModel(runtime)
    if hasattr(runtime, "predict"):
        return SklearnModel(runtime)
    raise InputError(
        "what was loaded holds numbers but predicts nothing by itself",
        remedy="load the numbers into a network, or export the model to ONNX",
    )


def _port(found: Any) -> Port:  # noqa: ANN401 -- onnxruntime ships no types
    shape = tuple(size if isinstance(size, int) else None for size in found.shape or ())
    return Port(str(found.name), _DTYPES.get(str(found.type), ""), shape)


def _as_array(found: "Array | Sequence[Mapping[Any, float]]") -> "Array":
    """An output as an array; exporters of scikit-learn write probabilities as one map per row."""
    import numpy as np

    if isinstance(found, list) and found and isinstance(found[0], dict):
        classes = sorted(found[0], key=lambda name: (isinstance(name, str), name))
        return np.array([[row[name] for name in classes] for row in found])
    return np.asarray(found)
