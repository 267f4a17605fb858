"""A PyTorch network under attack: logits and gradients to the input, counted, in batches of one shape."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from redan.attacks.cost import Meter
from redan.errors import IncompleteError, InputError

Loss: TypeAlias = Callable[[Tensor, slice | Tensor], Tensor]
CHUNK, _ON_GPU = 64, 512
_LARGE = ((65_536, 16), (16_384, 32))  # values of a sample, and rows of a batch of more than those


def chunk_for(values: int) -> int | None:
    """Rows of a batch of samples of so many values, for the memory of a pass; None where they are small.

    Args:
        values: of one sample.
    """
    return next((rows for least, rows in _LARGE if values > least), None)


class Jacobian(NamedTuple):
    """One pass forward, and one backward for each class.

    Args:
        logits: shape (n, classes), float32.
        gradients: shape (n, classes, ...), of each logit to the sample's own input.
    """

    logits: Tensor
    gradients: Tensor


class Gradient(NamedTuple):
    """One pass forward and backward.

    Args:
        logits: shape (n, classes), float32, of the same pass.
        loss: shape (n,).
        gradient: shape of the input, of each sample's own loss.
    """

    logits: Tensor
    loss: Tensor
    gradient: Tensor


@dataclass(frozen=True, slots=True)
class Preprocess:
    """A normalisation that belongs to the model, so that the threat model stays in the unit of the inputs.

    Args:
        mean: one per channel, or one.
        std: likewise, none zero.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, x: Tensor) -> Tensor:
        """The normalised input."""
        shape = (1, -1, *[1] * (x.ndim - 2))
        mean = torch.tensor(self.mean, dtype=x.dtype, device=x.device).reshape(shape)
        return (x - mean) / torch.tensor(self.std, dtype=x.dtype, device=x.device).reshape(shape)


class Network:
    """A module in evaluation mode, asked in batches of one shape.

    Every batch that the module sees has `chunk` rows, the last one filled up, so that an answer does not depend on how
    many samples are in flight: kernels differ between shapes.
    """

    chunk: int = 1  # what asks somebody else fills up nothing

    def __init__(
        self,
        module: nn.Module,
        *,
        preprocess: Preprocess | None = None,
        device: str | None = None,
        chunk: int | None = None,
    ) -> None:
        """Checks that the module can be attacked.

        Args:
            module: from inputs, shape (n, ...), to logits, shape (n, classes).
            preprocess: applied before the module, inside of the gradient.
            device: where the module lies; its parameters' when None.
            chunk: rows of each batch that the module sees; 64 when None, 512 on a GPU.

        Raises:
            InputError: it is in training mode, or a weight is no number.
        """
        training = [name or "the module itself" for name, part in module.named_modules() if part.training]
        if training:
            raise InputError(f"the model is in training mode ({training[0]})", remedy="call model.eval() first")
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise InputError(f"the model's {name} holds values that are no numbers", remedy="train it again")
        first = next(module.parameters(), None)
        self.module = module
        self.preprocess = preprocess
        self.device = torch.device(device) if device else (torch.device("cpu") if first is None else first.device)
        self.chunk = chunk or (_ON_GPU if self.device.type == "cuda" else CHUNK)
        self.meter = Meter()

    def logits(self, x: Tensor) -> Tensor:
        """Logits without a gradient, shape (n, classes), float32."""
        with torch.no_grad():
            return torch.cat([self._ask(part)[: len(part)].float() for part in x.split(self.chunk)])

    def gradient(self, x: Tensor, loss: Loss) -> Gradient:
        """The gradient of each sample's loss to its input, and nothing of the weights.

        Args:
            x: shape (n, ...).
            loss: of logits and the rows of `x` that they are of; shape (rows,), differentiable.
        """
        logits, losses, gradients = [], [], []
        for start in range(0, len(x), self.chunk):
            rows = slice(start, min(start + self.chunk, len(x)))
            with torch.enable_grad():
                part = x[rows].detach().requires_grad_()
                told = self._ask(part)[: len(part)].float()
                value = loss(told, rows)
                found = _gradient(value, part, keep=False)
            self.meter.backward += self.chunk
            logits.append(told.detach())
            losses.append(value.detach())
            gradients.append(found)
        return Gradient(torch.cat(logits), torch.cat(losses), torch.cat(gradients))

    def jacobian(self, x: Tensor) -> Jacobian:
        """The gradient of every logit to its own input, at the price of one backward pass for each class.

        Args:
            x: shape (n, ...).
        """
        logits, gradients = [], []
        for part in x.split(self.chunk):
            with torch.enable_grad():
                asked = part.detach().requires_grad_()
                told = self._ask(asked)[: len(asked)].float()
                each = [_gradient(column, asked, keep=True) for column in told.unbind(1)]
            self.meter.backward += self.chunk * told.shape[1]
            logits.append(told.detach())
            gradients.append(torch.stack(each, dim=1))
        return Jacobian(torch.cat(logits), torch.cat(gradients))

    def labels(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """The class of each row of an array, shape (n,): what the judge asks."""
        if not len(x):
            return np.empty(0, dtype=np.int64)
        told = self.logits(torch.as_tensor(np.asarray(x, dtype=np.float32), device=self.device))
        return np.asarray(told.argmax(dim=1).cpu().numpy(), dtype=np.int64)

    def _ask(self, part: Tensor) -> Tensor:
        short = self.chunk - len(part)
        if short:
            part = torch.cat([part, part[-1:].detach().expand(short, *part.shape[1:])])
        self.meter.forward += len(part)
        try:
            found = self.module(part if self.preprocess is None else self.preprocess(part))
        except (RuntimeError, ValueError, TypeError, ArithmeticError, LookupError, OSError) as error:
            shape = tuple(part.shape)
            raise IncompleteError(
                f"the model raised {type(error).__name__} on a batch of shape {shape}: {str(error)[:200]}",
                remedy="see that it takes inputs of that shape, and try again",
            ) from error
        if found.ndim != 2:  # noqa: PLR2004 -- rows and classes
            raise InputError(
                f"the model answers in shape {tuple(found.shape)}", remedy="wrap it so that it gives (rows, classes)"
            )
        return found


def _gradient(values: Tensor, x: Tensor, *, keep: bool) -> Tensor:
    """Zero where the values do not depend on the input by any operation that has a gradient."""
    if not values.requires_grad:
        return torch.zeros_like(x)
    (found,) = torch.autograd.grad(values.sum(), x, retain_graph=keep, allow_unused=True)
    return torch.zeros_like(x) if found is None else found
