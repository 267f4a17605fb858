"""How a network is trained, and what came of it."""

from dataclasses import dataclass
from typing import Any

from redan.errors import InputError
from redan.measures.robustness import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What all recipes share.

    Args:
        epochs: passes over the rows, at most.
        batch: rows of a step.
        rate: highest learning rate of Adam; it rises over the first two fifths of the steps and falls to zero.
        decay: weight decay.
        held: share of the rows that is kept out of training; weights are chosen by what an attack leaves of them.
        steps: of the attack inside of training, where the recipe has one of many steps.
        share: length of such a step, as a share of the radius.
        measured: steps of PGD on the rows that are kept out, after each epoch.
        drop: fall of their accuracy under PGD below its best, at which training stops; so does half of it.

    Raises:
        InputError: a value is out of its range.
    """

    epochs: int = 20
    batch: int = 128
    rate: float = 3e-3
    decay: float = 0.0
    held: float = 0.1
    steps: int = 7
    share: float = 0.3
    measured: int = 20
    drop: float = 0.2

    def __post_init__(self) -> None:
        """Refuses what cannot be trained with."""
        counts = {"epochs": self.epochs, "batch": self.batch, "steps": self.steps, "measured": self.measured}
        for name, value in counts.items():
            if value < 1:
                raise InputError(f"the plan has {name} = {value}", remedy="give 1 or more")
        for name, share in {"held": self.held, "drop": self.drop}.items():
            if not 0.0 < share < 1.0:
                raise InputError(f"the plan has {name} = {share}", remedy="give a share between 0 and 1")
        if not (self.rate > 0.0 and self.decay >= 0.0 and self.share > 0.0):
            raise InputError(
                "the plan has a rate, a decay or a share that is not positive", remedy="see their defaults"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One pass over the rows.

    Args:
        number: from 1.
        loss: mean over its steps.
        clean: accuracy on the rows kept out.
        robust: of the same rows under PGD, or under noise where noise was trained on.
    """

    number: int
    loss: float
    clean: Rate
    robust: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A network and its way there; what is said of it is said of rows that chose the weights: measure it on others.

    Args:
        recipe: name, as the papers have it.
        module: with the weights of the chosen epoch, in evaluation mode; the module that was given stays as it was.
        epochs: all that were trained.
        chosen: number of the epoch whose weights these are: the most robust one.
        stopped: why training ended before its time; None when it did not.
    """

    recipe: str
    module: Any
    epochs: tuple[Epoch, ...]
    chosen: int
    stopped: str | None
