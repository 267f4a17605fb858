"""Operators that treat each value by itself, and those of classical models of `ai.onnx.ml`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from redan.errors import IncompleteError
from redan.models.torch_onnx.graph import Node

Args: TypeAlias = list[Tensor | None]
Operator: TypeAlias = Callable[[Node, Args], Tensor | tuple[Tensor, ...]]
# TensorProto.DataType to torch.
DTYPES: Mapping[int, torch.dtype] = MappingProxyType(
    {
        1: torch.float32,
        2: torch.uint8,
        3: torch.int8,
        5: torch.int16,
        6: torch.int32,
        7: torch.int64,
        9: torch.bool,
        10: torch.float16,
        11: torch.float64,
        16: torch.bfloat16,
    }
)
_GELU_TANH = "tanh"


def given(args: Args, place: int) -> Tensor:
    """An input that must be there.

    Raises:
        IncompleteError: it is not.
    """
    found = args[place] if place < len(args) else None
    if found is None:
        raise IncompleteError("an operator lacks an input")
    return found


def maybe(args: Args, place: int) -> Tensor | None:
    """An input that may be left out."""
    return args[place] if place < len(args) else None


def plain(function: Callable[..., Tensor]) -> Operator:
    """An operator that is one function of its inputs."""

    def run(_: Node, args: Args) -> Tensor:
        return function(*[given(args, place) for place in range(len(args))])

    return run


def _with(function: Callable[..., Tensor], **defaults: float) -> Operator:
    """An operator of one input, with numbers as attributes in the order of the function."""

    def run(node: Node, args: Args) -> Tensor:
        return function(given(args, 0), *[float(node.attributes.get(k, v)) for k, v in defaults.items()])

    return run


def _clip(node: Node, args: Args) -> Tensor:
    x, found = given(args, 0), node.attributes
    if node.opset < 11:  # noqa: PLR2004 -- limits were attributes
        return x.clamp(float(found.get("min", -torch.inf)), float(found.get("max", torch.inf)))
    low, high = (_limit(maybe(args, place), x) for place in (1, 2))
    return x if low is None and high is None else x.clamp(low, high)


def _limit(one: Tensor | None, x: Tensor) -> Tensor | float | None:
    """A limit as a plain number where reading it waits for no device: several times faster than as a tensor."""
    if one is None or one.device.type != "cpu" or one.numel() != 1:
        return None if one is None else one.to(x)
    return one.item()


def _many(function: Callable[[Tensor, Tensor], Tensor]) -> Operator:
    def run(_: Node, args: Args) -> Tensor:
        found = given(args, 0)
        for place in range(1, len(args)):
            found = function(found, given(args, place))
        return found

    return run


def _divide(_: Node, args: Args) -> Tensor:
    one, other = given(args, 0), given(args, 1)
    whole = not (one.is_floating_point() or other.is_floating_point())
    return torch.div(one, other, rounding_mode="trunc") if whole else one / other


def _remainder(node: Node, args: Args) -> Tensor:
    return (torch.fmod if node.attributes.get("fmod") else torch.remainder)(given(args, 0), given(args, 1))


def _cast(node: Node, args: Args) -> Tensor:
    kind = DTYPES.get(int(node.attributes["to"]))
    if kind is None:
        raise IncompleteError("a cast goes to a type that is not converted")
    return given(args, 0).to(kind)


def _gelu(node: Node, args: Args) -> Tensor:
    mode = "tanh" if node.attributes.get("approximate") == _GELU_TANH else "none"
    return functional.gelu(given(args, 0), approximate=mode)


def _hard_sigmoid(x: Tensor, alpha: float, beta: float) -> Tensor:
    return (alpha * x + beta).clamp(0, 1)


def _prelu(_: Node, args: Args) -> Tensor:
    x, slope = given(args, 0), given(args, 1)
    return torch.where(x < 0, x * slope, x)


def _pow(_: Node, args: Args) -> Tensor:
    base, power = given(args, 0), given(args, 1)
    return torch.pow(base, power.to(base.dtype) if base.is_floating_point() else power)


def _linear_classifier(node: Node, args: Args) -> tuple[Tensor, Tensor]:
    """Labels are not computed: what is attacked are scores."""
    found = node.attributes
    x = given(args, 0).float().flatten(1)
    weights = torch.tensor(found["coefficients"], dtype=x.dtype, device=x.device).reshape(-1, x.shape[1])
    scores = x @ weights.T
    if found.get("intercepts"):
        scores = scores + torch.tensor(found["intercepts"], dtype=x.dtype, device=x.device)
    classes = len(found.get("classlabels_ints") or found.get("classlabels_strings") or ())
    kind = found.get("post_transform", "NONE")
    if scores.shape[1] == 1 and classes == 2:  # noqa: PLR2004 -- one score for two classes
        scores = torch.cat([-scores, scores], dim=1)
    if kind not in _TRANSFORMS:
        raise IncompleteError(f"the transformation {kind} of a linear classifier is not converted")
    return scores.new_zeros(len(x)), _TRANSFORMS[kind](scores)


def _softmax_rows(scores: Tensor) -> Tensor:
    return scores.softmax(dim=1)


_TRANSFORMS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {"NONE": lambda scores: scores, "LOGISTIC": torch.sigmoid, "SOFTMAX": _softmax_rows}
)


def _normalizer(node: Node, args: Args) -> Tensor:
    x, kind = given(args, 0), node.attributes.get("norm", "MAX")
    size = {"L1": x.abs().sum(1, keepdim=True), "L2": x.norm(dim=1, keepdim=True), "MAX": x.amax(1, keepdim=True)}[kind]
    return x / torch.where(size == 0, torch.ones_like(size), size)


def _scaler(node: Node, args: Args) -> Tensor:
    x = given(args, 0)
    offset, scale = (torch.tensor(node.attributes[k], dtype=x.dtype, device=x.device) for k in ("offset", "scale"))
    return (x - offset) * scale


def _first(_: Node, args: Args) -> Tensor:
    return given(args, 0)


def _swish(x: Tensor) -> Tensor:
    return x * _hard_sigmoid(x, 1 / 6, 0.5)


_SAME: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "Abs": torch.abs,
        "Add": torch.add,
        "And": torch.logical_and,
        "Ceil": torch.ceil,
        "Cos": torch.cos,
        "Equal": torch.eq,
        "Erf": torch.erf,
        "Exp": torch.exp,
        "Floor": torch.floor,
        "Greater": torch.gt,
        "GreaterOrEqual": torch.ge,
        "HardSwish": _swish,
        "IsNaN": torch.isnan,
        "Less": torch.lt,
        "LessOrEqual": torch.le,
        "Log": torch.log,
        "MatMul": torch.matmul,
        "Mish": functional.mish,
        "Mul": torch.mul,
        "Neg": torch.neg,
        "Not": torch.logical_not,
        "Or": torch.logical_or,
        "Reciprocal": torch.reciprocal,
        "Relu": torch.relu,
        "Round": torch.round,
        "Sigmoid": torch.sigmoid,
        "Sign": torch.sign,
        "Sin": torch.sin,
        "Softplus": functional.softplus,
        "Softsign": functional.softsign,
        "Sqrt": torch.sqrt,
        "Sub": torch.sub,
        "Tan": torch.tan,
        "Tanh": torch.tanh,
        "Where": torch.where,
        "Xor": torch.logical_xor,
    }
)

ELEMENTWISE: Mapping[str, Operator] = MappingProxyType(
    {name: plain(function) for name, function in _SAME.items()}
    | {
        "Cast": _cast,
        "Celu": _with(functional.celu, alpha=1.0),
        "Clip": _clip,
        "Div": _divide,
        "Dropout": _first,
        "Elu": _with(functional.elu, alpha=1.0),
        "Gelu": _gelu,
        "HardSigmoid": _with(_hard_sigmoid, alpha=0.2, beta=0.5),
        "Identity": _first,
        "LeakyRelu": _with(functional.leaky_relu, alpha=0.01),
        "LinearClassifier": _linear_classifier,
        "Max": _many(torch.maximum),
        "Min": _many(torch.minimum),
        "Mod": _remainder,
        "Normalizer": _normalizer,
        "PRelu": _prelu,
        "Pow": _pow,
        "Scaler": _scaler,
        "Selu": _with(
            lambda x, alpha, gamma: gamma * torch.where(x > 0, x, alpha * (x.exp() - 1)),
            alpha=1.6732632423543772,
            gamma=1.0507009873554805,
        ),
        "Sum": _many(torch.add),
        "ZipMap": _first,
    }
)
