"""Canaries in a table beside DP-SGD: the network of NumPy, with noise for epsilon 1 and 8, with none, and unclipped.

A canary that is planted once is one row, the unit of the claim; planted r times it is a group of r rows. The columns
are scaled by rows that no model is trained on, so that scaling tells nothing of those it is.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer

from redan.attacks.inference import losses_of_rows, plant_in_table, try_canaries
from redan.defences.private import Plan, PrivateModel, Shape, fit
from redan.measures.privacy import noise_for
from redan.models.model import model_of

RATE, DELTA, HIDDEN, ROWS = 0.1, 1e-4, 64, 380


class Way(NamedTuple):
    """How it is trained; fixed before the seeds that are shown."""

    name: str
    epsilon: float | None
    norm: float
    steps: int
    rate: float


WAYS = (
    Way("no clipping, no noise, to the end", None, 1e9, 3000, 0.5),
    Way("clipped, no noise", None, 1.0, 1000, 0.5),
    Way("epsilon 8", 8.0, 1.0, 1000, 0.5),
    Way("epsilon 1", 1.0, 1.0, 1000, 0.2),
)


@dataclass
class Scaled:
    """A network that scales its inputs."""

    model: PrivateModel
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    n_features_in_: int = 30

    @property
    def classes_(self) -> NDArray[np.int64]:
        """Labels in the order of its answers."""
        return np.arange(2)

    def predict_proba(self, x: Any) -> NDArray[np.float64]:
        """Shares of both labels."""
        return self.model.scores((np.asarray(x, dtype=np.float64) - self.centre) / self.scale)

    def predict(self, x: Any) -> NDArray[np.int64]:
        """The likelier label."""
        return self.predict_proba(x).argmax(axis=1)


def exposures(way: Way, repeats: list[int], seeds: range, references: int) -> dict[str, Any]:
    """Bits of every canary of every seed, the accuracy on rows that were not trained on, and what epsilon allows.

    Returns:
        `bits`, shape (seeds, canaries); `accuracy`, mean over seeds; `allowed`, the most that the mean exposure of a
        canary that was planted once can be: its rank is a random one's but for e^epsilon, so that its exposure is above
        t with a chance of e^epsilon 2^-t + delta at most, and the mean is the integral of that.
    """
    data, bits, right = load_breast_cancer(), [], []
    names = [name.replace(" ", "_") for name in data.feature_names]
    noise = 0.0 if way.epsilon is None else noise_for(way.epsilon, DELTA, steps=way.steps, rate=RATE)
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(len(data.data))
        kept, others = order[:ROWS], data.data[order[ROWS:]]
        rows = pa.table({**dict(zip(names, data.data[kept].T, strict=True)), "label": data.target[kept]})
        done = plant_in_table(rows, "label", repeats=repeats, seed=f"{seed:032x}")
        x, y = np.column_stack([done.rows[name].to_numpy() for name in names]), done.rows["label"].to_numpy()
        centre, scale = others.mean(axis=0), others.std(axis=0)
        plan = Plan(
            batch_size=RATE * len(x), steps=way.steps, noise_multiplier=noise, clipping_norm=way.norm, rate=way.rate,
            delta=DELTA,
        )  # fmt: skip
        shape, rng = Shape(inputs=30, outputs=2, hidden=HIDDEN), np.random.default_rng([seed, 1])
        model = Scaled(fit(shape, (x - centre) / scale, y, plan, rng=rng), centre, scale)
        right.append(float((model.predict(others) == data.target[order[ROWS:]]).mean()))
        losses = losses_of_rows(done.canaries, model_of(model), names)
        bits.append([one.bits for one in try_canaries(done.canaries, losses, references=references).exposures])
    most = np.log2(references)
    allowed = most if way.epsilon is None else (1.0 + way.epsilon) / np.log(2.0) + DELTA * most
    return {"bits": bits, "accuracy": float(np.mean(right)), "noise": noise, "allowed": float(min(most, allowed))}
