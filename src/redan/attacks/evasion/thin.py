"""A convolution over few channels, with a gradient to its input that is quicker on a processor.

Kernels for the gradient are made for many channels and take several times as long as the pass forward where there are
one or three, as in the first layer of most networks. Spreading the gradient over all windows and adding up what falls
on the same pixel is the same sum in another order.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_FEW = 4


def is_thin(part: nn.Module) -> bool:
    """Whether it is a plain convolution of pictures with at most four channels."""
    return (
        type(part) is nn.Conv2d
        and part.in_channels <= _FEW
        and part.groups == 1
        and part.padding_mode == "zeros"
        and not isinstance(part.padding, str)
    )


class ThinConv(nn.Module):  # type: ignore[misc]
    """A convolution whose weights are not trained."""

    def __init__(self, conv: nn.Conv2d) -> None:
        """Takes its weights."""
        super().__init__()
        self.conv = conv
        self.columns = nn.Buffer(conv.weight.detach().flatten(1).t().contiguous())

    def forward(self, x: Tensor) -> Tensor:
        """As the convolution has it."""
        if not torch.is_grad_enabled() or not x.requires_grad:
            found: Tensor = self.conv(x)
            return found
        told: Tensor = _Thin.apply(x, self.conv, self.columns)
        return told


class _Thin(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, x: Tensor, conv: nn.Conv2d, columns: Tensor) -> Tensor:  # noqa: ANN401 -- torch has no type
        ctx.conv, ctx.size = conv, x.shape[2:]
        ctx.save_for_backward(columns)
        found: Tensor = conv(x)
        return found

    @staticmethod
    def backward(ctx: Any, grown: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401 -- torch has no type
        (columns,) = ctx.saved_tensors
        conv = ctx.conv
        spread = torch.matmul(columns, grown.contiguous().flatten(2))
        back = functional.fold(
            spread, ctx.size, conv.kernel_size, dilation=conv.dilation, padding=conv.padding, stride=conv.stride
        )
        return back, None, None
