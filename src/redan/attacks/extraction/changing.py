"""Views of inputs that most models answer alike: pictures moved a little, rows with noise and some numbers of others.

Source: Berthelot et al., MixMatch, NeurIPS 2019 (arXiv 1905.02249), section 3.1; for rows Yoon et al., VIME, NeurIPS
2020, section 4 (numbers of other rows in the place of some).
"""

from typing import Any, NamedTuple

import numpy as np

_MOVED = 14  # pictures are moved by up to one in so many of their rows
_NOISE = 0.05
_TAKEN = 0.1
_PICTURE = 4


class Changed(NamedTuple):
    """Some inputs, several times.

    Args:
        places: of the inputs, shape (batch,).
        inputs: a tensor for each time, shape (batch, ...).
    """

    places: Any
    inputs: tuple[Any, ...]


def changed(x: Any, n: int, times: int, rng: np.random.Generator) -> Changed:  # noqa: ANN401 -- a tensor
    """Draws inputs, with repetition, and changes each of them so many times.

    Args:
        x: a tensor, of pictures (m, channels, rows, columns) or of rows (m, width).
        n: to draw.
        times: to change each.
        rng: of both.
    """
    import torch

    places = torch.as_tensor(rng.integers(len(x), size=n))
    change = _moved if x.ndim == _PICTURE else _noisy
    return Changed(places, tuple(change(x, places, rng) for _ in range(times)))


def _moved(x: Any, places: Any, rng: np.random.Generator) -> Any:  # noqa: ANN401 -- tensors
    """Moved by some rows and columns; the edge goes on where nothing comes after."""
    import torch

    most = max(1, x.shape[2] // _MOVED)
    down, right = (torch.as_tensor(rng.integers(-most, most + 1, len(places))) for _ in range(2))
    rows = (torch.arange(x.shape[2]) + down[:, None]).clamp(0, x.shape[2] - 1)
    columns = (torch.arange(x.shape[3]) + right[:, None]).clamp(0, x.shape[3] - 1)
    at = places[:, None, None, None], torch.arange(x.shape[1])[:, None, None]
    return x[at[0], at[1], rows[:, None, :, None], columns[:, None, None]]


def _noisy(x: Any, places: Any, rng: np.random.Generator) -> Any:  # noqa: ANN401 -- tensors
    """With noise, and a tenth of the numbers taken from other rows."""
    import torch

    own = x[places]
    others = x[torch.as_tensor(rng.integers(len(x), size=len(places)))]
    taken = torch.as_tensor(rng.random(tuple(own.shape)) < _TAKEN)
    noise = torch.as_tensor(rng.normal(0, _NOISE, tuple(own.shape)), dtype=own.dtype)
    return torch.where(taken, others, own + noise)
