"""Operators that move values about, and those that compute with shapes."""

import math
from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional

from redan.errors import IncompleteError
from redan.models.torch_onnx.elementwise import Args, Operator, given, maybe
from redan.models.torch_onnx.graph import Node
from redan.models.torch_onnx.layers import whole

_PAD = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}
_MOST = 2**63 - 1
_LARGEST = 2**28  # values


def _bounded(sizes: list[int]) -> list[int]:
    """Sizes of what is made from nothing; a hostile model asks for more than there is memory.

    Raises:
        IncompleteError: it is too large.
    """
    if math.prod(max(1, size) for size in sizes) > _LARGEST:
        raise IncompleteError("the model makes a tensor that is too large")
    return sizes


def _reshape(node: Node, args: Args) -> Tensor:
    x, wanted = given(args, 0), whole(given(args, 1))
    if not node.attributes.get("allowzero", 0):
        wanted = [x.shape[axis] if size == 0 else size for axis, size in enumerate(wanted)]
    return x.reshape(wanted)


def _flatten(node: Node, args: Args) -> Tensor:
    x, axis = given(args, 0), int(node.attributes.get("axis", 1))
    axis = axis % (x.ndim + 1) if axis < 0 else axis
    rows = 1
    for size in x.shape[:axis]:
        rows *= size
    return x.reshape(rows, -1)


def _transpose(node: Node, args: Args) -> Tensor:
    x = given(args, 0)
    return x.permute(*(node.attributes.get("perm") or reversed(range(x.ndim))))


def _axes(node: Node, args: Args) -> list[int] | None:
    listed = maybe(args, 1)
    found = node.attributes.get("axes") if listed is None else whole(listed)
    return None if found is None else [int(axis) for axis in found]


def _squeeze(node: Node, args: Args) -> Tensor:
    x, axes = given(args, 0), _axes(node, args)
    return x.squeeze() if axes is None else x.squeeze(tuple(axes))


def _unsqueeze(node: Node, args: Args) -> Tensor:
    x, axes = given(args, 0), _axes(node, args) or []
    rank = x.ndim + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


def _concat(node: Node, args: Args) -> Tensor:
    return torch.cat([given(args, place) for place in range(len(args))], dim=int(node.attributes["axis"]))


def _split(node: Node, args: Args) -> tuple[Tensor, ...]:
    x, axis, listed = given(args, 0), int(node.attributes.get("axis", 0)), maybe(args, 1)
    sizes = node.attributes.get("split") if listed is None else whole(listed)
    if sizes is not None:
        return tuple(torch.split(x, sizes, dim=axis))
    parts = int(node.attributes.get("num_outputs", len(node.outputs)))
    return tuple(torch.split(x, -(-x.shape[axis] // parts), dim=axis))


def _slice(node: Node, args: Args) -> Tensor:
    x, found = given(args, 0), node.attributes
    listed, stepped = maybe(args, 3), maybe(args, 4)
    starts = found["starts"] if node.opset < 10 else whole(given(args, 1))  # noqa: PLR2004 -- they were attributes
    ends = found["ends"] if node.opset < 10 else whole(given(args, 2))  # noqa: PLR2004
    axes = found.get("axes", list(range(len(starts)))) if listed is None else whole(listed)
    steps = [1] * len(starts) if stepped is None else whole(stepped)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        places = range(x.shape[axis])[start : (None if abs(end) >= _MOST // 2 else end) : step]
        x = x.index_select(axis, torch.tensor([*places], dtype=torch.int64, device=x.device))
    return x


def _gather(node: Node, args: Args) -> Tensor:
    x, places, axis = given(args, 0), given(args, 1), int(node.attributes.get("axis", 0))
    axis %= x.ndim
    flat = places.flatten().to(x.device, torch.int64)
    chosen = x.index_select(axis, torch.where(flat < 0, flat + x.shape[axis], flat))
    return chosen.reshape((*x.shape[:axis], *places.shape, *x.shape[axis + 1 :]))


def _gather_elements(node: Node, args: Args) -> Tensor:
    x, places, axis = given(args, 0), given(args, 1), int(node.attributes.get("axis", 0))
    return x.gather(axis, torch.where(places < 0, places + x.shape[axis], places))


def _extract(_: Node, args: Args) -> Tensor:
    return given(args, 0).index_select(-1, given(args, 1).flatten().to(torch.int64))


def _expand(_: Node, args: Args) -> Tensor:
    x, wanted = given(args, 0), whole(given(args, 1))
    return x.expand(torch.broadcast_shapes(tuple(x.shape), tuple(wanted)))


def _tile(_: Node, args: Args) -> Tensor:
    x, times = given(args, 0), whole(given(args, 1))
    _bounded([x.numel(), *times])
    return x.tile(times)


def _shape(node: Node, args: Args) -> Tensor:
    x = given(args, 0)
    start, end = node.attributes.get("start", 0), node.attributes.get("end")
    return torch.tensor([*x.shape][start:end], dtype=torch.int64)


def _filled(node: Node, args: Args) -> Tensor:
    value = node.attributes.get("value")
    one = torch.zeros(1) if value is None else torch.from_numpy(value)
    return one.expand(1).reshape(()).expand(_bounded(whole(given(args, 0)))).clone()


def _range(_: Node, args: Args) -> Tensor:
    start, end, step = (given(args, place) for place in range(3))
    _bounded([int(abs((end - start) / step))])
    return torch.arange(start.item(), end.item(), step.item(), dtype=start.dtype)


def _pad(node: Node, args: Args) -> Tensor:
    x, value, listed = given(args, 0), maybe(args, 2), maybe(args, 3)
    old = node.opset < 11  # noqa: PLR2004 -- they were attributes
    pads = node.attributes["pads"] if old else whole(given(args, 1))
    filling = float(node.attributes.get("value", 0.0)) if value is None else float(value.item())
    axes = list(range(x.ndim)) if listed is None else [axis % x.ndim for axis in whole(listed)]
    sides = {axis: (pads[i], pads[i + len(axes)]) for i, axis in enumerate(axes)}
    kind = _PAD.get(node.attributes.get("mode", "constant"), "")
    _bounded([size + sum(map(abs, sides.get(axis, (0, 0)))) for axis, size in enumerate(x.shape)])
    if kind == "constant":
        flat = [side for axis in reversed(range(x.ndim)) for side in sides.get(axis, (0, 0))]
        return functional.pad(x, flat, value=filling)
    if not kind or any(sides.get(axis, (0, 0)) != (0, 0) for axis in (0, 1)):
        raise IncompleteError("a padding is of a kind that is not converted")
    flat = [side for axis in reversed(range(2, x.ndim)) for side in sides.get(axis, (0, 0))]
    return functional.pad(x, flat, mode=kind)


def _resize(node: Node, args: Args) -> Tensor:
    x, sizes = given(args, 0), maybe(args, 3)
    mode, where = node.attributes.get("mode", "nearest"), node.attributes.get("coordinate_transformation_mode")
    rounding = node.attributes.get("nearest_mode", "round_prefer_floor")
    if sizes is not None:
        wanted = whole(sizes)[2:]
    else:
        wanted = [int(n * s) for n, s in zip(x.shape[2:], given(args, 2).flatten().tolist()[2:], strict=True)]
    if mode == "nearest" and where == "asymmetric" and rounding == "floor":
        return functional.interpolate(x, wanted, mode="nearest")
    linear = {1: "linear", 2: "bilinear", 3: "trilinear"}.get(x.ndim - 2)
    if mode == "linear" and linear and where in (None, "half_pixel", "align_corners", "pytorch_half_pixel"):
        return functional.interpolate(x, wanted, mode=linear, align_corners=where == "align_corners")
    raise IncompleteError(f"a resize of mode {mode}, {where} is not converted")


def _depth_to_space(node: Node, args: Args) -> Tensor:
    x, block = given(args, 0), int(node.attributes["blocksize"])
    if node.attributes.get("mode", "DCR") == "CRD":
        return functional.pixel_shuffle(x, block)
    n, channels, height, width = x.shape
    cut = x.reshape(n, block, block, channels // block**2, height, width).permute(0, 3, 4, 1, 5, 2)
    return cut.reshape(n, channels // block**2, height * block, width * block)


def _space_to_depth(node: Node, args: Args) -> Tensor:
    x, block = given(args, 0), int(node.attributes["blocksize"])
    n, channels, height, width = x.shape
    cut = x.reshape(n, channels, height // block, block, width // block, block).permute(0, 3, 5, 1, 2, 4)
    return cut.reshape(n, channels * block**2, height // block, width // block)


def _constant(node: Node, _: Args) -> Tensor:
    found = node.attributes
    for name, kind in (("value_float", torch.float32), ("value_int", torch.int64)):
        for key in (name, f"{name}s"):
            if key in found:
                return torch.tensor(found[key], dtype=kind)
    if "value" not in found:
        raise IncompleteError("a constant is of a kind that is not converted")
    return torch.from_numpy(found["value"].copy())


def _cumulated(node: Node, args: Args) -> Tensor:
    if node.attributes.get("exclusive", 0) or node.attributes.get("reverse", 0):
        raise IncompleteError("a running sum is of a kind that is not converted")
    return given(args, 0).cumsum(int(given(args, 1).item()))


def _size(_: Node, args: Args) -> Tensor:
    return torch.tensor(given(args, 0).numel(), dtype=torch.int64)


SHAPES: Mapping[str, Operator] = MappingProxyType(
    {
        "ArrayFeatureExtractor": _extract,
        "Concat": _concat,
        "Constant": _constant,
        "ConstantOfShape": _filled,
        "CumSum": _cumulated,
        "DepthToSpace": _depth_to_space,
        "Expand": _expand,
        "Flatten": _flatten,
        "Gather": _gather,
        "GatherElements": _gather_elements,
        "Pad": _pad,
        "Range": _range,
        "Reshape": _reshape,
        "Resize": _resize,
        "Shape": _shape,
        "Size": _size,
        "Slice": _slice,
        "SpaceToDepth": _space_to_depth,
        "Split": _split,
        "Squeeze": _squeeze,
        "Tile": _tile,
        "Transpose": _transpose,
        "Unsqueeze": _unsqueeze,
    }
)
