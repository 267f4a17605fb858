"""Layers of networks: convolutions, pools, normalisations, products, sums over axes."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional

from redan.errors import IncompleteError
from redan.models.torch_onnx.elementwise import Args, Operator, given, maybe
from redan.models.torch_onnx.graph import Node

_CONVOLVE = (functional.conv1d, functional.conv2d, functional.conv3d)
_TRANSPOSED = (functional.conv_transpose1d, functional.conv_transpose2d, functional.conv_transpose3d)
_MAX = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)


def whole(values: Tensor) -> list[int]:
    """A small tensor of whole numbers as a list."""
    return [int(value) for value in values.flatten().tolist()]


def _pads(node: Node, size: tuple[int, ...], kernel: list[int], steps: list[int], spread: list[int]) -> list[int]:
    """Padding before and after each axis, as torch's `pad` takes it: last axis first."""
    kind, axes = node.attributes.get("auto_pad", "NOTSET"), range(len(kernel))
    if kind == "VALID":
        pairs = [(0, 0)] * len(kernel)
    elif kind == "NOTSET":
        given_pads = node.attributes.get("pads") or [0] * (2 * len(kernel))
        pairs = [(given_pads[axis], given_pads[axis + len(kernel)]) for axis in axes]
    else:
        pairs = []
        for axis in axes:
            reach = (kernel[axis] - 1) * spread[axis] + 1
            missing = max(0, (-(-size[axis] // steps[axis]) - 1) * steps[axis] + reach - size[axis])
            small, large = missing // 2, missing - missing // 2
            pairs.append((small, large) if kind == "SAME_UPPER" else (large, small))
    return [int(side) for pair in reversed(pairs) for side in pair]


def _list(node: Node, name: str, n: int) -> list[int]:
    return [int(value) for value in node.attributes.get(name) or [1] * n]


def _conv(node: Node, args: Args) -> Tensor:
    x, weight = given(args, 0), given(args, 1)
    n = weight.ndim - 2
    kernel, steps, spread = list(weight.shape[2:]), _list(node, "strides", n), _list(node, "dilations", n)
    pads = _pads(node, tuple(x.shape[2:]), kernel, steps, spread)
    groups = int(node.attributes.get("group", 1))
    if pads[::2] == pads[1::2]:  # the kernel pads by itself, and faster
        return _CONVOLVE[n - 1](x, weight, maybe(args, 2), steps, list(reversed(pads[::2])), spread, groups)
    return _CONVOLVE[n - 1](functional.pad(x, pads), weight, maybe(args, 2), steps, 0, spread, groups)


def _conv_transpose(node: Node, args: Args) -> Tensor:
    x, weight = given(args, 0), given(args, 1)
    n = weight.ndim - 2
    if node.attributes.get("output_shape") or node.attributes.get("auto_pad", "NOTSET") != "NOTSET":
        raise IncompleteError("a transposed convolution pads in a way that is not converted")
    pads = node.attributes.get("pads") or [0] * (2 * n)
    if pads[:n] != pads[n:]:
        raise IncompleteError("a transposed convolution pads its two sides differently")
    more = node.attributes.get("output_padding") or [0] * n
    groups = int(node.attributes.get("group", 1))
    steps, spread = _list(node, "strides", n), _list(node, "dilations", n)
    return _TRANSPOSED[n - 1](x, weight, maybe(args, 2), steps, pads[:n], more, groups, spread)


def _max_pool(node: Node, args: Args) -> Tensor:
    x = given(args, 0)
    kernel = [int(k) for k in node.attributes["kernel_shape"]]
    n = len(kernel)
    steps, spread = _list(node, "strides", n), _list(node, "dilations", n)
    pads = _pads(node, tuple(x.shape[2:]), kernel, steps, spread)
    ceil = bool(node.attributes.get("ceil_mode", 0))
    return _MAX[n - 1](functional.pad(x, pads, value=-torch.inf), kernel, steps, 0, spread, ceil_mode=ceil)


def _average_pool(node: Node, args: Args) -> Tensor:
    """Sums over windows, divided by what is counted of each: the padding, or only what is inside."""
    x = given(args, 0)
    kernel = [int(k) for k in node.attributes["kernel_shape"]]
    n = len(kernel)
    steps, spread = _list(node, "strides", n), _list(node, "dilations", n)
    pads = _pads(node, tuple(x.shape[2:]), kernel, steps, spread)
    if node.attributes.get("ceil_mode", 0):
        raise IncompleteError("an average pool rounds its size up")
    ones = torch.ones_like(x[:1, :1])
    counted = functional.pad(ones, pads, value=1.0 if node.attributes.get("count_include_pad", 0) else 0.0)
    window = torch.ones((1, 1, *kernel), dtype=x.dtype, device=x.device)
    padded = functional.pad(x, pads)
    flat = padded.reshape(-1, 1, *padded.shape[2:])
    sums = _CONVOLVE[n - 1](flat, window, None, steps, 0, spread)
    counts = _CONVOLVE[n - 1](counted, window, None, steps, 0, spread)
    return (sums / counts).reshape(*x.shape[:2], *sums.shape[2:])


def _global(function: Callable[..., Tensor]) -> Operator:
    def run(_: Node, args: Args) -> Tensor:
        x = given(args, 0)
        return function(x, dim=tuple(range(2, x.ndim)), keepdim=True)

    return run


def _batch_norm(node: Node, args: Args) -> Tensor:
    if node.attributes.get("training_mode", 0):
        raise IncompleteError("a batch normalisation was exported in training mode")
    x, scale, shift, mean, variance = (given(args, place) for place in range(5))
    eps = float(node.attributes.get("epsilon", 1e-5))
    return functional.batch_norm(x, mean, variance, scale, shift, training=False, eps=eps)


def _instance_norm(node: Node, args: Args) -> Tensor:
    eps = float(node.attributes.get("epsilon", 1e-5))
    return functional.instance_norm(given(args, 0), None, None, given(args, 1), given(args, 2), eps=eps)


def _layer_norm(node: Node, args: Args) -> Tensor:
    x, scale = given(args, 0), given(args, 1)
    axis = int(node.attributes.get("axis", -1)) % x.ndim
    eps = float(node.attributes.get("epsilon", 1e-5))
    shift = maybe(args, 2)
    made = functional.layer_norm(x, x.shape[axis:], eps=eps) * scale
    return made if shift is None else made + shift


def _group_norm(node: Node, args: Args) -> Tensor:
    x, scale, shift = (given(args, place) for place in range(3))
    groups = int(node.attributes["num_groups"])
    if len(scale) != x.shape[1]:  # before opset 21, one for each group
        scale, shift = (one.repeat_interleave(x.shape[1] // groups) for one in (scale, shift))
    return functional.group_norm(x, groups, scale, shift, float(node.attributes.get("epsilon", 1e-5)))


def _local_norm(node: Node, args: Args) -> Tensor:
    found = node.attributes
    alpha, beta, bias = (float(found.get(k, v)) for k, v in (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0)))
    return functional.local_response_norm(given(args, 0), int(found["size"]), alpha, beta, bias)


def _gemm(node: Node, args: Args) -> Tensor:
    one, other, added = given(args, 0), given(args, 1), maybe(args, 2)
    one = one.mT if node.attributes.get("transA", 0) else one
    other = other.mT if node.attributes.get("transB", 0) else other
    made = one @ other
    alpha, beta = float(node.attributes.get("alpha", 1.0)), float(node.attributes.get("beta", 1.0))
    made = made if alpha == 1 else alpha * made
    return made if added is None else made + (added if beta == 1 else beta * added)


def _einsum(node: Node, args: Args) -> Tensor:
    return torch.einsum(node.attributes["equation"], *[given(args, place) for place in range(len(args))])


def _softmax(function: Callable[..., Tensor]) -> Operator:
    def run(node: Node, args: Args) -> Tensor:
        x = given(args, 0)
        if node.opset >= 13:  # noqa: PLR2004
            return function(x, dim=int(node.attributes.get("axis", -1)))
        flat = x.flatten(int(node.attributes.get("axis", 1)) % x.ndim)  # before, over all axes from one on
        return function(flat, dim=-1).reshape(x.shape)

    return run


def _reduced(function: Callable[[Tensor, tuple[int, ...], bool], Tensor]) -> Operator:
    def run(node: Node, args: Args) -> Tensor:
        x, listed = given(args, 0), maybe(args, 1)
        axes = node.attributes.get("axes") if listed is None else whole(listed)
        if not axes and node.attributes.get("noop_with_empty_axes", 0):
            return x
        over = tuple(int(axis) % x.ndim for axis in axes) if axes else tuple(range(x.ndim))
        return function(x, over, bool(node.attributes.get("keepdims", 1)))

    return run


def _product(x: Tensor, over: tuple[int, ...], keep: bool) -> Tensor:
    for axis in sorted(over, reverse=True):
        x = x.prod(dim=axis, keepdim=keep)
    return x


def _arg(function: Callable[..., Tensor]) -> Operator:
    def run(node: Node, args: Args) -> Tensor:
        if node.attributes.get("select_last_index", 0):
            raise IncompleteError("an argument of the largest value is asked for from behind")
        axis, keep = int(node.attributes.get("axis", 0)), bool(node.attributes.get("keepdims", 1))
        return function(given(args, 0), dim=axis, keepdim=keep)

    return run


LAYERS: Mapping[str, Operator] = MappingProxyType(
    {
        "ArgMax": _arg(torch.argmax),
        "ArgMin": _arg(torch.argmin),
        "AveragePool": _average_pool,
        "BatchNormalization": _batch_norm,
        "Conv": _conv,
        "ConvTranspose": _conv_transpose,
        "Einsum": _einsum,
        "Gemm": _gemm,
        "GlobalAveragePool": _global(torch.mean),
        "GlobalMaxPool": _global(torch.amax),
        "GroupNormalization": _group_norm,
        "InstanceNormalization": _instance_norm,
        "LRN": _local_norm,
        "LayerNormalization": _layer_norm,
        "LogSoftmax": _softmax(torch.log_softmax),
        "MaxPool": _max_pool,
        "ReduceL1": _reduced(lambda x, over, keep: x.abs().sum(dim=over, keepdim=keep)),
        "ReduceL2": _reduced(lambda x, over, keep: x.square().sum(dim=over, keepdim=keep).sqrt()),
        "ReduceLogSumExp": _reduced(lambda x, over, keep: torch.logsumexp(x, dim=over, keepdim=keep)),
        "ReduceMax": _reduced(lambda x, over, keep: x.amax(dim=over, keepdim=keep)),
        "ReduceMean": _reduced(lambda x, over, keep: x.mean(dim=over, keepdim=keep)),
        "ReduceMin": _reduced(lambda x, over, keep: x.amin(dim=over, keepdim=keep)),
        "ReduceProd": _reduced(_product),
        "ReduceSum": _reduced(lambda x, over, keep: x.sum(dim=over, keepdim=keep)),
        "ReduceSumSquare": _reduced(lambda x, over, keep: x.square().sum(dim=over, keepdim=keep)),
        "Softmax": _softmax(torch.softmax),
    }
)
