"""Small networks on scikit-learn's digits for tests of attacks: weak, hardened, and some that only look robust.

All are trained on first use, in a few seconds, once per process, from fixed seeds; inputs are shape (n, 1, 8, 8) in
[0, 1], of 10 classes. `weak` has about 97 % clean accuracy and 20 % at linf 0.15 under PGD, `hardened` 98 % and 74 %.
Each of `MASKED` looks more robust under PGD than it is: `saturated` and `detached` label as `weak` does, and its adversarial
inputs break them; `rounded`, `noisy` and `winners` fall to attackers who know what hides the gradient.
"""

from functools import cache
from typing import NamedTuple

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

EPS = 0.15
torch.set_num_threads(1)  # networks this small lose time to more, and tests run beside each other
_TRAINED = 1300


class Digits(NamedTuple):
    """Pictures and their classes; the split is shuffled by a fixed seed."""

    x: Tensor
    y: Tensor
    x_test: Tensor
    y_test: Tensor


@cache
def digits(*classes: int) -> Digits:
    """The digits; only the named ones, numbered from 0, when some are named: for tasks of two and three classes."""
    loaded = load_digits()
    x = torch.tensor(loaded.data / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)
    y = torch.tensor(loaded.target)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    x, y = x[order], y[order]
    first = torch.arange(len(x)) < _TRAINED
    if classes:
        kept = torch.isin(y, torch.tensor(classes))
        x, y, first = x[kept], torch.searchsorted(torch.tensor(sorted(classes)), y[kept]), first[kept]
    return Digits(x[first], y[first], x[~first], y[~first])


def right(net: nn.Module, data: Digits, n: int = 10_000) -> tuple[Tensor, Tensor]:
    """The first n test samples that a network gets right."""
    with torch.no_grad():
        kept = net(data.x_test).argmax(1) == data.y_test
    return data.x_test[kept][:n], data.y_test[kept][:n]


def plain(seed: int, classes: int = 10) -> nn.Sequential:
    """The architecture of all of them, 39,000 weights, untrained."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 16, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(512, 64),
            nn.ReLU(),
            nn.Linear(64, classes),
        )


@cache
def weak(seed: int = 0) -> nn.Module:
    """Trained as usual; other seeds give look-alikes, for transfer and votes."""
    return fitted(plain(seed), digits(), seed)


@cache
def hardened(seed: int = 0) -> nn.Module:
    """Trained on PGD's inputs at linf 0.15."""
    return fitted(plain(seed), digits(), seed, eps=EPS)


@cache
def few(*classes: int) -> nn.Module:
    """Weak, for the named digits only."""
    return fitted(plain(0, len(classes)), digits(*classes), 0)


def fitted(net: nn.Module, data: Digits, seed: int, *, eps: float = 0.0, epochs: int = 25) -> nn.Module:
    """Trains a network in place, on PGD's inputs if a radius is given; back in evaluation mode."""
    rng = torch.Generator().manual_seed(seed)
    steps = torch.optim.Adam(net.parameters(), 3e-3)
    net.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(data.x), generator=rng).split(64):
            x, y = data.x[rows], data.y[rows]
            x = moved(net, x, y, eps, rng) if eps else x
            steps.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            steps.step()
    net.requires_grad_(requires_grad=False)
    return net.eval()


def moved(net: nn.Module, x: Tensor, y: Tensor, eps: float, rng: torch.Generator, steps: int = 5) -> Tensor:
    """Five steps of PGD in linf, as plain as can be: no part of what is tested."""
    z = (x + eps * (2 * torch.rand(x.shape, generator=rng) - 1)).clamp(0, 1)
    for _ in range(steps):
        z.requires_grad_()
        (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(net(z), y), z)
        z = torch.minimum(torch.maximum(z.detach() + eps / 3 * gradient.sign(), x - eps), x + eps).clamp(0, 1)
    return z.detach()


class Saturated(nn.Module):
    """Logits times a thousand: cross-entropy is exactly zero in float32, and so is its gradient; labels stay."""

    def __init__(self, net: nn.Module, scale: float = 1000.0) -> None:
        super().__init__()
        self.net, self.scale = net, scale

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * self.net(x)


class Winners(nn.Module):
    """k winners take all: the largest few of a layer stay, the rest is zero (Xiao et al., arXiv 1905.10510)."""

    def __init__(self, share: float = 0.03) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(1)
        least = flat.topk(max(1, round(self.share * flat.shape[1])), dim=1).values[:, -1:]
        return (flat * (flat >= least)).reshape(x.shape)


class Rounded(nn.Module):
    """Inputs on few levels: the gradient to the input is zero nearly everywhere."""

    def __init__(self, net: nn.Module, levels: int = 16) -> None:
        super().__init__()
        self.net, self.levels = net, levels

    def forward(self, x: Tensor) -> Tensor:
        return self.net(torch.round(x * self.levels) / self.levels)


class Detached(nn.Module):
    """Preprocessing in NumPy: there is no gradient at all, and asking for it fails."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        return self.net(torch.from_numpy(x.detach().cpu().numpy().copy()))


class Noisy(nn.Module):
    """Fresh noise on each input: other answers each time it is asked."""

    def __init__(self, net: nn.Module, sigma: float = 0.15) -> None:
        super().__init__()
        self.net, self.sigma = net, sigma

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x + self.sigma * torch.randn_like(x))


class Probabilities(nn.Module):
    """Answers with probabilities where logits are expected."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x).softmax(1)


@cache
def winners(seed: int = 0) -> nn.Module:
    """Wide layers with k winners take all in place of ReLU, trained as usual; PGD leaves 68 % of it at linf 0.15.

    Steps along a gradient averaged over noise leave 52 %.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        wide = [part for width in (64, 512, 512) for part in (nn.Linear(width, 512), Winners())]
        net = nn.Sequential(nn.Flatten(), *wide, nn.Linear(512, 10))
    return fitted(net, digits(), seed, epochs=15)


@cache
def masked(name: str) -> nn.Module:
    """A network that only looks robust: one of `MASKED`."""
    kinds = {
        "saturated": lambda: Saturated(weak()),
        "rounded": lambda: Rounded(weak()),
        "detached": lambda: Detached(weak()),
        "noisy": lambda: Noisy(weak()),
        "winners": winners,
    }
    return kinds[name]().eval()


MASKED = ("saturated", "rounded", "detached", "noisy", "winners")
