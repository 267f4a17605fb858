"""MixMatch: a copy learnt from few answers and many inputs that were never asked; needs the extra `torch`.

What was not asked is shown to the copy several times, changed a little each time; the mean of its answers, made
sharper, is what it is taught there. Asked and unasked inputs are mixed pair by pair, and the squared error of the
unasked ones counts more and more.

Source: Berthelot et al., MixMatch: A Holistic Approach to Semi-Supervised Learning, NeurIPS 2019 (arXiv 1905.02249),
algorithm 1 and section 3; Jagielski et al., High Accuracy and High Fidelity Extraction of Neural Networks, USENIX
Security 2020 (arXiv 1909.01838), section 4.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.extraction.changing import Changed, changed
from redan.attacks.extraction.contract import Known, Supply, towards
from redan.attacks.extraction.convolution import network, planes
from redan.attacks.extraction.copies import Copy, shares
from redan.attacks.extraction.domain import Domain
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.recipes import is_picture
from redan.errors import MissingExtraError
from redan.extras import missing_import

Array: TypeAlias = NDArray[Any]
_BATCH = 64
_ASKED = 500
_LAST = 10  # in how many parts of its steps the mean of weights forgets: 0.995 is kept of it in each of 2,000
_HIDDEN = 64


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """A network of PyTorch over the features of a domain, as a picture where inputs are one.

    Args:
        domain: of the inputs.
        net: what reads them.
    """

    domain: Domain
    net: Any

    def scores(self, x: Array) -> NDArray[np.float64]:
        """Logits, shape (n, classes)."""
        import torch

        with torch.no_grad():
            told = [self.net(given(self.domain, x[start : start + _ASKED])) for start in range(0, len(x), _ASKED)]
        return np.asarray(torch.cat(told).numpy(), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class MixMatch:
    """Natural inputs in random order; those that are left over teach, too.

    Args:
        steps: of Adam.
        rate: of learning.
        guesses: changed views of an unasked input, whose mean answer it is taught.
        heat: below 1, sharpens that mean.
        alpha: of the Beta distribution that shares of mixing are drawn from.
        weight: of the unasked inputs' error; 0 learns from the asked ones alone, changed and mixed alike.
        ramp: steps over which that weight rises from nothing, however few steps there are in all.
        name: of the attack.
    """

    steps: int = 2_000
    rate: float = 2e-3
    guesses: int = 2
    heat: float = 0.5
    alpha: float = 0.75
    weight: float = 75.0
    ramp: int = 16_000
    name: str = "semi-supervised, MixMatch"

    def copies(self, oracle: Oracle, known: Known, marks: Sequence[int]) -> Iterator[Copy]:
        """A copy at each mark, learnt by a network of its own and not by the recipe.

        Raises:
            MissingExtraError: PyTorch is not there.
        """
        if missing_import("torch") is not None:
            raise MissingExtraError("torch", "torch")
        supply = Supply(known)
        for wanted in towards(oracle, marks):
            oracle.ask(supply.next(wanted))
            if not oracle.asked:
                return
            x, y = oracle.held
            yield self.learnt(known.domain, x, shares(y), supply.left, known.seed)

    def learnt(self, domain: Domain, x: Array, y: NDArray[np.float64], unasked: Array, seed: int) -> Net:
        """Learns from answers and from inputs without.

        Args:
            domain: of the inputs.
            x: shape (n, ...).
            y: probabilities, shape (n, classes).
            unasked: shape (m, ...); may be none.
            seed: of every draw.
        """
        import torch

        rng, weight = np.random.default_rng([seed, 7]), self.weight if len(unasked) else 0.0
        asked, wanted = given(domain, x), torch.as_tensor(y, dtype=torch.float32)
        free = given(domain, unasked) if len(unasked) else asked[:0]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            net = _fresh(domain, y.shape[1])
        adam = torch.optim.AdamW(net.parameters(), lr=self.rate, weight_decay=0.02)
        averaged = torch.optim.swa_utils.get_ema_multi_avg_fn(max(0.0, 1 - _LAST / self.steps))
        mean = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=averaged)
        for step in range(self.steps):
            views = changed(asked, _BATCH, 1, rng)
            inputs, told = views.inputs[0], wanted[views.places]
            if weight:
                more = changed(free, _BATCH, self.guesses, rng)
                guess = self._guessed(net, more)
                inputs = torch.cat([inputs, *more.inputs])
                told = torch.cat([told, *[guess] * self.guesses])
            loss = self._loss(net, inputs, told, weight * min(1.0, (step + 1) / self.ramp), rng)
            adam.zero_grad()
            loss.backward()
            adam.step()
            mean.update_parameters(net)
        return Net(domain, mean.module.eval())

    def _guessed(self, net: Any, views: Changed) -> Any:  # noqa: ANN401 -- a module, a tensor
        """The sharpened mean of what the copy answers to the views, shape (batch, classes)."""
        import torch

        with torch.no_grad():
            told = torch.stack([torch.softmax(net(view), dim=1) for view in views.inputs]).mean(dim=0)
            sharp = told ** (1.0 / self.heat)
        return sharp / sharp.sum(dim=1, keepdim=True)

    def _loss(
        self,
        net: Any,  # noqa: ANN401 -- a module
        inputs: Any,  # noqa: ANN401 -- a tensor
        told: Any,  # noqa: ANN401 -- a tensor
        weight: float,
        rng: np.random.Generator,
    ) -> Any:  # noqa: ANN401 -- a tensor
        """Cross-entropy of what was asked, squared error of what was not, both mixed with any of both."""
        import torch

        share = rng.beta(self.alpha, self.alpha, len(inputs))
        share = torch.as_tensor(np.maximum(share, 1 - share), dtype=torch.float32)
        other = torch.as_tensor(rng.permutation(len(inputs)))
        wide = share.reshape(-1, *[1] * (inputs.ndim - 1))
        logits = net(wide * inputs + (1 - wide) * inputs[other])
        mixed = share[:, None] * told + (1 - share[:, None]) * told[other]
        sure = -(mixed[:_BATCH] * torch.log_softmax(logits[:_BATCH], dim=1)).sum(dim=1).mean()
        if len(inputs) == _BATCH:
            return sure
        return sure + weight * ((torch.softmax(logits[_BATCH:], dim=1) - mixed[_BATCH:]) ** 2).mean()


def given(domain: Domain, x: Array) -> Any:  # noqa: ANN401 -- a tensor
    """Features in [-1, 1], as pictures where they are large enough."""
    import torch

    made = torch.as_tensor(domain.features(x), dtype=torch.float32)
    return made.reshape(len(x), *planes(domain)) if is_picture(domain) else made


def _fresh(domain: Domain, classes: int) -> Any:  # noqa: ANN401 -- a module of PyTorch
    from torch import nn

    if is_picture(domain):
        return network(planes(domain), classes)
    return nn.Sequential(nn.Linear(domain.width, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, classes))
