"""A generator of pictures, and the two students that it is trained against; needs the extra `torch`.

Source: Truong et al., Data-Free Model Extraction, CVPR 2021 (arXiv 2011.14779), section 3: the generator looks for
pictures that student and victim answer differently, the student learns what the victim answers there, by the
distance of logits that are won back from probabilities; forward differences of section 3.4.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.contract import Known
from redan.attacks.extraction.convolution import Convolution, network, planes, tensor
from redan.attacks.extraction.copies import Copy, shares
from redan.attacks.extraction.domain import Domain
from redan.attacks.extraction.oracle import Oracle

Array: TypeAlias = NDArray[Any]
Tensor: TypeAlias = Any
_BATCH = 64
_NOISE = 64
_TEACH = 12  # steps of the students for each batch that was asked
_INVENT = 2  # steps of the generator
_SETTLE = 200  # steps of the students before they are judged, fewer of few answers
_FLOOR = 1e-4
_APART = 1e-3
_DIVERSE = 0.2
_EXPLORED = 0.25
_GRIDS = (2, 3, 4, 6, 9)
_BLACK = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The mean of two students.

    Args:
        domain: of the inputs.
        nets: both of them.
    """

    domain: Domain
    nets: tuple[Any, ...]

    def scores(self, x: Array) -> NDArray[np.float64]:
        """Mean logits, shape (n, classes)."""
        told = [Convolution(self.domain, net).scores(x) for net in self.nets]
        return np.asarray(np.mean(told, axis=0))

    def slope(self, x: Array, classes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Gradient of each one's log-probability of its class, the mean of both; shape (n, width)."""
        told = [Convolution(self.domain, net).slope(x, classes) for net in self.nets]
        return np.asarray(np.mean(told, axis=0))


class _Taught(NamedTuple):
    """What learns, with its optimiser."""

    net: Any
    adam: Any


def students(oracle: Oracle, known: Known, marks: Sequence[int], *, directions: int = 0) -> Iterator[Copy]:
    """Copies of a model of pictures that were made without any picture.

    Args:
        oracle: that is asked until each mark.
        known: domain and seed.
        marks: numbers of questions, ascending.
        directions: of forward differences through the victim, for each picture; 0 for none.
    """
    made: _School | None = None
    for mark in marks:
        while oracle.ended is None and oracle.asked < mark:
            left = mark - oracle.asked
            if made is None:
                oracle.ask(blots(known.domain, min(2 * _BATCH, left), known.rng(9)))
                made = _School(known, oracle.classes) if oracle.asked else None
            else:
                made.round(oracle, left, directions)
            if made is not None:
                made.taught(oracle)
        if made is None:
            return
        made.settled(oracle)
        yield made.copy()
        if oracle.ended is not None:
            return


class _School:
    """A generator and two students."""

    def __init__(self, known: Known, classes: int) -> None:
        """With weights that the seed draws."""
        import torch

        self._domain, self._rng = known.domain, known.rng(10)
        self._noise = torch.Generator().manual_seed(known.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(known.seed)
            shape = planes(known.domain)
            maker = generator(shape)
            self._maker = _Taught(maker, torch.optim.Adam(maker.parameters(), lr=1e-3, betas=(0.5, 0.99)))
            nets = [network(shape, classes) for _ in range(2)]
        self._nets = [_Taught(net, torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-5)) for net in nets]
        self._told: list[tuple[Tensor, Tensor]] = []
        self._held = 0

    def round(self, oracle: Oracle, left: int, directions: int) -> None:
        """Trains the generator, and asks a batch of what it makes; questions go to forward differences first."""
        for _ in range(_INVENT):
            self._invent()
        if directions and left >= 2 * _BATCH * (directions + 1):
            self._differences(oracle, directions)
            return
        n = min(_BATCH, left)
        made = inputs_of(self._domain, self._pictures(n).detach())
        some = int(n * _EXPLORED)
        oracle.ask(np.concatenate([made[some:], blots(self._domain, some, self._rng)]))

    def taught(self, oracle: Oracle, steps: int = _TEACH) -> None:
        """Teaches both students what was answered, now and before."""
        import torch

        x, y = self._memory(oracle)
        for student in self._nets:
            for _ in range(steps):
                some = torch.as_tensor(self._picked(len(x)))
                loss = _distance(student.net(x[some]), y[some])
                student.adam.zero_grad()
                loss.backward()
                student.adam.step()

    def settled(self, oracle: Oracle) -> None:
        """Teaches them once more, at a smaller rate, before they are judged."""
        for student in self._nets:
            for group in student.adam.param_groups:
                group["lr"] = 3e-4
        self.taught(oracle, min(_SETTLE, oracle.asked // _TEACH))
        for student in self._nets:
            for group in student.adam.param_groups:
                group["lr"] = 1e-3

    def copy(self) -> Pair:
        """As they are now."""
        from copy import deepcopy

        return Pair(self._domain, tuple(deepcopy(one.net).eval() for one in self._nets))

    def _memory(self, oracle: Oracle) -> tuple[Tensor, Tensor]:
        import torch

        if oracle.asked != self._held:
            x, y = oracle.held
            self._told = [(tensor(self._domain, x), torch.as_tensor(centred(y), dtype=torch.float32))]
            self._held = oracle.asked
        return self._told[0]

    def _picked(self, n: int) -> NDArray[np.int64]:
        """Half of a batch from what came last."""
        recent = self._rng.integers(max(0, n - 4 * _BATCH), n, size=_BATCH // 2)
        return np.concatenate([recent, self._rng.integers(n, size=_BATCH // 2)])

    def _pictures(self, n: int) -> Tensor:
        import torch

        return self._maker.net(torch.randn(n, _NOISE, generator=self._noise))

    def _invent(self) -> None:
        """The generator's step: where students differ, in classes of all kinds."""
        import torch

        made = self._pictures(_BATCH)
        told = torch.stack([torch.softmax(one.net(made), dim=1) for one in self._nets])
        apart = told.std(dim=0).sum(dim=1).mean()
        mean = told.mean(dim=(0, 1))
        diverse = -(mean * torch.log(mean + 1e-9)).sum()
        loss = -apart - _DIVERSE * diverse
        self._maker.adam.zero_grad()
        loss.backward()
        self._maker.adam.step()

    def _differences(self, oracle: Oracle, directions: int) -> None:
        """One step of the generator along the victim's own slope, measured by questions."""
        import torch

        made = self._pictures(_BATCH)
        still = made.detach()
        size = still[0].numel()
        turns = torch.randn(directions, *still.shape, generator=self._noise)
        turns /= turns.flatten(2).norm(dim=2)[..., None, None, None]
        rows = [still, *(still + _APART * size**0.5 * turn for turn in turns)]
        told = [self._gap(oracle, row) for row in rows]
        gaps = [gap for gap in told if gap is not None]
        if len(gaps) < len(rows):
            return
        risen = zip(gaps[1:], turns, strict=True)
        slope = sum((gap - gaps[0])[:, None, None, None] * turn for gap, turn in risen)
        norm = slope.flatten(1).norm(dim=1).clamp_min(1e-9)[:, None, None, None]
        self._maker.adam.zero_grad()
        made.backward(-slope / norm / _BATCH)
        self._maker.adam.step()

    def _gap(self, oracle: Oracle, made: Tensor) -> Tensor | None:
        """How far the students are from the victim, picture by picture; None once it does not answer."""
        import torch

        asked = inputs_of(self._domain, made)
        x, y = oracle.ask(asked)
        if len(x) < len(asked):
            return None
        with torch.no_grad():
            given = tensor(self._domain, x)
            told = sum(one.net(given) for one in self._nets) / len(self._nets)
            found = told - told.mean(dim=1, keepdim=True) - torch.as_tensor(centred(y), dtype=torch.float32)
        return found.abs().sum(dim=1)


def generator(shape: tuple[int, int, int], inputs: int = _NOISE) -> Any:  # noqa: ANN401 -- a module of PyTorch
    """Noise in, pictures in [-1, 1] out.

    Args:
        shape: channels, rows, columns.
        inputs: numbers of the noise.
    """
    from torch import nn

    channels, rows, columns = shape
    low = -(-rows // 4), -(-columns // 4)
    return nn.Sequential(
        nn.Linear(inputs, 64 * low[0] * low[1]),
        nn.Unflatten(1, (64, *low)),
        nn.BatchNorm2d(64),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(64, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.LeakyReLU(0.2),
        nn.Upsample(size=(rows, columns)),
        nn.Conv2d(32, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.LeakyReLU(0.2),
        nn.Conv2d(16, channels, 3, padding=1),
        nn.Tanh(),
    )


def inputs_of(domain: Domain, made: Any) -> Array:  # noqa: ANN401 -- a tensor
    """Pictures of a generator as the model reads them, shape (n, ...)."""
    flat = made.detach().flatten(1).numpy().astype(np.float64)
    return domain.inside((domain.low + (flat + 1) / 2 * (domain.high - domain.low)).reshape(-1, *domain.shape))


def blots(domain: Domain, n: int, rng: np.random.Generator) -> Array:
    """Smooth pictures of chance, half of them with nothing beside the blot, shape (n, ...).

    Noise without neighbours that are alike looks to most models as one class; these look as several.

    Args:
        domain: of the inputs.
        n: how many.
        rng: of the draws.
    """
    import torch

    channels, rows, columns = planes(domain)
    made = np.empty((n, channels, rows, columns))
    for place in range(n):
        grid = int(rng.choice(_GRIDS))
        coarse = torch.as_tensor(rng.uniform(-1, 1, (1, channels + 1, grid, grid)), dtype=torch.float32)
        fine = torch.nn.functional.interpolate(coarse, (rows, columns), mode="bilinear", align_corners=False)[0].numpy()
        blank = (fine[-1] < rng.uniform(-_BLACK, _BLACK)) if rng.random() < _BLACK else np.zeros((rows, columns), bool)
        made[place] = np.where(blank, -1.0, np.clip(2.0 * fine[:-1], -1, 1))
    return inputs_of(domain, torch.as_tensor(made))


def centred(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits less their mean, from logits or from probabilities; shape (n, classes)."""
    told = y if (y < 0).any() or (y > 1 + _FLOOR).any() else np.log(np.maximum(shares(y), _FLOOR))
    return np.asarray(told - told.mean(axis=1, keepdims=True))


def _distance(told: Tensor, wanted: Tensor) -> Tensor:
    return (told - told.mean(dim=1, keepdim=True) - wanted).abs().mean()
