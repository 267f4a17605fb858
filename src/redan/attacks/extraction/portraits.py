"""What a generator shows of the classes of a model of pictures, learned from copies of it; needs the extra `torch`.

A generator is trained to make pictures of each class that copies are sure of, smooth and of more than one kind. How
much of that is the data's, and no accident, is told by the likeness to the means of real classes, beside a generator
that was trained in the same way on a model of the same pictures with labels in random order.

Source: the GAN threat of A-MLSG (reverse engineering of the training data); Fredrikson et al., Model Inversion Attacks,
CCS 2015, for means of classes as what is to be won back; Mahendran and Vedaldi, CVPR 2015, for the smoothness.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.convolution import Convolution, ConvolutionRecipe, planes
from redan.attacks.extraction.copies import Copy, shares
from redan.attacks.extraction.domain import Domain
from redan.attacks.extraction.generator import Pair, generator, inputs_of
from redan.errors import IncompleteError
from redan.measures.robustness import Rate, rate

Array: TypeAlias = NDArray[Any]
Tensor: TypeAlias = Any
EACH = 6
LEAST = 20  # pictures of a class, so that its mean shows nobody
_STEPS = 300
_NOISE = 32
_BATCH = 60
_SMOOTH = 0.3
_DIVERSE = 0.1
_SIDE = 28  # pixels of a picture that these weights are for
_SHIFT = 14  # pixels of a side for each one that pictures are moved by


class Likeness(NamedTuple):
    """How alike generated and real classes are.

    Args:
        correlations: with the mean of each one's own class, what all classes share taken off; shape (classes,).
        found: how often the own class is the one that is most alike.
    """

    correlations: NDArray[np.float64]
    found: Rate

    @property
    def mean(self) -> float:
        """Over the classes."""
        return float(self.correlations.mean())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Portraits:
    """Generated pictures of each class, and how they compare.

    Args:
        made: shape (classes, 6, ...).
        means: of real pictures, shape (classes, ...).
        twin: means of what the generator makes of a model with labels in random order, shape (classes, ...).
        sure: mean probability that the model itself gives the class, shape (classes,).
        own: likeness of what was made.
        baseline: likeness of the twin's.
        asked: questions to the model for `sure`.
    """

    made: Array
    means: Array
    twin: Array
    sure: NDArray[np.float64]
    own: Likeness
    baseline: Likeness
    asked: int


def portraits(
    copy: Copy,
    domain: Domain,
    scores: Callable[[Array], NDArray[np.float64]],
    x: Array,
    y: NDArray[np.int64],
    *,
    classes: int,
    seed: int = 0,
    steps: int = _STEPS,
) -> Portraits:
    """Pictures of each class out of a copy, beside real ones that the attacker never saw.

    Args:
        copy: of the model, by networks; see `redan.attacks.extraction.generator`.
        domain: of the inputs.
        scores: of the model itself, which is asked once about what was made.
        x: real pictures, shape (n, ...), to compare with.
        y: their classes, shape (n,).
        classes: how many.
        seed: of every draw.
        steps: of the generator.

    Raises:
        IncompleteError: the copy is no network, or a class has fewer than 20 real pictures.
    """
    counts = np.bincount(y, minlength=classes)
    if counts.min() < LEAST:
        raise IncompleteError(f"a class has {counts.min()} pictures, and {LEAST} are needed for a mean")
    means = np.stack([x[y == place].mean(axis=0) for place in range(classes)])
    made = imagined(copy, domain, classes, seed=seed, steps=steps)
    shuffled = np.random.default_rng([seed, 11]).permutation(y)
    other = ConvolutionRecipe().fitted(domain, x, np.eye(classes)[shuffled], seed)
    twin = imagined(other, domain, classes, seed=seed, steps=steps).mean(axis=1)
    told = shares(np.asarray(scores(made.reshape(-1, *domain.shape)), dtype=np.float64))
    sure = told.reshape(classes, EACH, -1)[np.arange(classes), :, np.arange(classes)].mean(axis=1)
    return Portraits(
        made=made,
        means=means,
        twin=twin,
        sure=np.asarray(sure),
        own=likeness(made.mean(axis=1), means),
        baseline=likeness(twin, means),
        asked=classes * EACH,
    )


def likeness(made: Array, means: Array) -> Likeness:
    """Correlation of each class with each mean, after the mean over classes is taken off both.

    Args:
        made: shape (classes, ...).
        means: shape (classes, ...).
    """
    one, other = (np.asarray(part, dtype=np.float64).reshape(len(part), -1) for part in (made, means))
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    norms = np.linalg.norm(one, axis=1)[:, None] * np.linalg.norm(other, axis=1)[None]
    table = np.divide(one @ other.T, norms, out=np.zeros_like(norms), where=norms > 0)
    own = np.diag(table)
    return Likeness(own.copy(), rate((table.argmax(axis=1) == np.arange(len(table))) & (own > 0)))


def imagined(copy: Copy, domain: Domain, classes: int, *, seed: int = 0, steps: int = _STEPS) -> Array:
    """Pictures of each class that a copy is sure of, shape (classes, 6, ...).

    Raises:
        IncompleteError: the copy is no network.
    """
    import torch

    nets = _nets(copy)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        maker = generator(planes(domain), _NOISE + classes)
    noise = torch.Generator().manual_seed(seed)
    adam = torch.optim.Adam(maker.parameters(), lr=2e-3, betas=(0.5, 0.99))
    smooth = _SMOOTH * min(1.0, min(planes(domain)[1:]) / _SIDE)  # neighbours are less alike where there are few
    for _ in range(steps):
        wanted = torch.arange(_BATCH) % classes
        made = maker(_seeds(wanted, classes, noise))
        told = sum(torch.log_softmax(net(_shifted(made, noise)), dim=1) for net in nets) / len(nets)
        loss = -told[torch.arange(_BATCH), wanted].mean() + smooth * _rough(made) - _DIVERSE * _apart(made, classes)
        adam.zero_grad()
        loss.backward()
        adam.step()
    with torch.no_grad():
        last = maker(_seeds(torch.arange(classes).repeat_interleave(EACH), classes, noise))
    return inputs_of(domain, last).reshape(classes, EACH, *domain.shape)


def _nets(copy: Copy) -> Sequence[Any]:
    if isinstance(copy, Pair):
        return copy.nets
    if isinstance(copy, Convolution):
        return (copy.net,)
    raise IncompleteError("a generator is trained on networks of pictures only")


def _seeds(wanted: Tensor, classes: int, noise: Any) -> Tensor:  # noqa: ANN401 -- a generator of PyTorch
    import torch

    hot = torch.nn.functional.one_hot(wanted, classes).float()
    return torch.cat([torch.randn(len(wanted), _NOISE, generator=noise), 3.0 * hot], dim=1)


def _shifted(made: Tensor, noise: Any) -> Tensor:  # noqa: ANN401 -- a generator of PyTorch
    """Moved by a pixel or two where there are many, so that no single pixel is what the copy is sure by."""
    import torch

    most = min(made.shape[2:]) // _SHIFT
    down, right = torch.randint(-most, most + 1, (2,), generator=noise).tolist()
    return torch.roll(made, (down, right), (2, 3))


def _rough(made: Tensor) -> Tensor:
    """Total variation."""
    down = (made[:, :, 1:] - made[:, :, :-1]).abs().mean()
    return down + (made[:, :, :, 1:] - made[:, :, :, :-1]).abs().mean()


def _apart(made: Tensor, classes: int) -> Tensor:
    """How much pictures of one class differ."""
    whole = len(made) // classes * classes
    return made[:whole].reshape(-1, classes, *made.shape[1:]).std(dim=0).mean()
