"""What a trigger may do to inputs, with its size and the way gradients of inputs become those of its parameters."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Parameters: TypeAlias = dict[str, Tensor]
_START = -2.0  # of a mask before the logistic function


class Change(Protocol):
    """One change for each of several classes; inputs come class by class, as many for each."""

    name: str

    def start(self) -> Parameters:
        """Parameters, of each class the first length."""
        ...

    def on(self, now: Parameters, x: Tensor) -> Tensor:
        """Inputs with the change of their class."""
        ...

    def sizes(self, now: Parameters) -> Tensor:
        """Shape (classes,)."""
        ...

    def gradient(self, now: Parameters, x: Tensor, slope: Tensor, weight: Tensor) -> Parameters:
        """Of the loss, given its gradient to the changed inputs, and of the weighted size."""
        ...

    def pace(self, name: str) -> float:
        """The step of a parameter, as a share of the step size."""
        ...

    def size(self, now: Parameters, place: int) -> float:
        """The size for people."""
        ...

    def arrays(self, now: Parameters, place: int) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """Mask and pattern, or None and what is added."""
        ...


class Mask:
    """A pattern replaces the input where a mask says so; channels share the mask."""

    name = "mask"

    def __init__(self, classes: int, shape: Any, box: tuple[float, float], device: Any) -> None:  # noqa: ANN401
        """Takes over the shape of inputs."""
        self._low, self._width = box[0], box[1] - box[0]
        self._shape, self._classes, self._device = tuple(shape), classes, device
        self._masked = (1, *self._shape[1:]) if len(self._shape) > 1 else self._shape

    def start(self) -> Parameters:
        """A faint mask of grey."""
        return {
            "mask": torch.full((self._classes, *self._masked), _START, device=self._device),
            "pattern": torch.zeros((self._classes, *self._shape), device=self._device),
        }

    def _parts(self, now: Parameters) -> tuple[Tensor, Tensor]:
        return torch.sigmoid(now["mask"])[:, None], (self._low + self._width * torch.sigmoid(now["pattern"]))[:, None]

    def on(self, now: Parameters, x: Tensor) -> Tensor:
        """The mixture."""
        mask, pattern = self._parts(now)
        given = x.reshape(self._classes, -1, *self._shape)
        return (given + mask * (pattern - given)).reshape(x.shape)

    def sizes(self, now: Parameters) -> Tensor:
        """The sum of the mask."""
        return torch.sigmoid(now["mask"]).flatten(1).sum(1)

    def gradient(self, now: Parameters, x: Tensor, slope: Tensor, weight: Tensor) -> Parameters:
        """By the chain rule."""
        mask, pattern = self._parts(now)
        given, slopes = (v.reshape(self._classes, -1, *self._shape) for v in (x, slope))
        to_mask = (slopes * (pattern - given)).sum(1)
        if len(self._shape) > 1:
            to_mask = to_mask.sum(1, keepdim=True)
        to_mask = to_mask + weight.reshape(-1, *[1] * len(self._shape))
        share = (pattern[:, 0] - self._low) / self._width
        return {
            "mask": to_mask * mask[:, 0] * (1 - mask[:, 0]),
            "pattern": (slopes * mask).sum(1) * self._width * share * (1 - share),
        }

    def pace(self, name: str) -> float:
        """Both go alike."""
        return 1.0 if name else 0.0

    def size(self, now: Parameters, place: int) -> float:
        """Share of positions."""
        return float(torch.sigmoid(now["mask"][place]).mean())

    def arrays(self, now: Parameters, place: int) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """Both in the unit of the input."""
        mask, pattern = self._parts(now)
        return mask[place, 0].cpu().numpy(), pattern[place, 0].cpu().numpy()


class Shift:
    """Something is added to each value."""

    name = "shift"

    def __init__(self, classes: int, shape: Any, box: tuple[float, float], device: Any) -> None:  # noqa: ANN401
        """Takes over the shape of inputs."""
        self._box, self._width = box, box[1] - box[0]
        self._shape, self._classes, self._device = tuple(shape), classes, device

    def start(self) -> Parameters:
        """Nothing is added."""
        return {"shift": torch.zeros((self._classes, *self._shape), device=self._device)}

    def on(self, now: Parameters, x: Tensor) -> Tensor:
        """The sum, kept in the box."""
        given = x.reshape(self._classes, -1, *self._shape)
        return (given + now["shift"][:, None]).clamp(*self._box).reshape(x.shape)

    def sizes(self, now: Parameters) -> Tensor:
        """Euclidean length."""
        return now["shift"].flatten(1).norm(dim=1) / self._width

    def gradient(self, now: Parameters, x: Tensor, slope: Tensor, weight: Tensor) -> Parameters:
        """By the chain rule; values that left the box do not count."""
        given = x.reshape(self._classes, -1, *self._shape) + now["shift"][:, None]
        inside = (given >= self._box[0]) & (given <= self._box[1])
        to_shift = (slope.reshape(given.shape) * inside).sum(1)
        length = now["shift"].flatten(1).norm(dim=1).clamp_min(1e-6).reshape(-1, *[1] * len(self._shape))
        pull = weight.reshape(length.shape) * now["shift"] / length / self._width
        return {"shift": to_shift + pull}

    def pace(self, name: str) -> float:
        """Values move by little."""
        return 0.1 * self._width if name else 0.0

    def size(self, now: Parameters, place: int) -> float:
        """Root mean square as a share of the box."""
        return float(now["shift"][place].square().mean().sqrt()) / self._width

    def arrays(self, now: Parameters, place: int) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """No mask."""
        return None, now["shift"][place].cpu().numpy()


CHANGES: Mapping[str, Callable[[int, Any, tuple[float, float], Any], Change]] = MappingProxyType(
    {"mask": Mask, "shift": Shift}
)
