"""What an attack gives back: inputs, and nothing that the judge would have to believe."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redan.attacks.cost import Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Adversarial inputs as one attack proposes them.

    Args:
        attack: name of it, as the papers have it.
        x_adv: shape of the inputs; the input itself where nothing was found.
        broken: shape (n,), where the attack says it succeeded; the judge decides.
        step: shape (n,), iterations or queries until then, -1 where it failed.
        cost: of all of it.
    """

    attack: str
    x_adv: NDArray[Any]
    broken: NDArray[np.bool_]
    step: NDArray[np.int64]
    cost: Cost
