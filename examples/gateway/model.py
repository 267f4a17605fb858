"""A small churn model for the walk-through: four columns in, two probabilities out, as ONNX.

Beside it lie rows with labels: those that it was trained on (train.npz), and others (held.npz).

python model.py [--seed 0] [-o model.onnx]
"""

import argparse
from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

COLUMNS = ("months", "fee", "calls", "complaints")


def rows(rng, count):
    """Customers, and whether they left."""
    months = rng.uniform(1, 72, count)
    fee = rng.normal(40, 12, count).clip(10, 90)
    calls = rng.poisson(9, count)
    complaints = rng.poisson(0.4, count)
    left = 0.03 * fee + 0.9 * complaints - 0.06 * months + rng.logistic(size=count) > 0
    return np.column_stack([months, fee, calls, complaints]).astype(np.float32), left.astype(np.int64)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("-o", "--output", type=Path, default=Path("model.onnx"))
    chosen = options.parse_args()
    x, y = rows(np.random.default_rng(chosen.seed), 4000)
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
    made = to_onnx(fitted, x[:1], options={"zipmap": False}, target_opset=17)
    chosen.output.write_bytes(made.SerializeToString())
    np.savez(chosen.output.with_name("train.npz"), x=x, y=y)
    held, left = rows(np.random.default_rng(chosen.seed + 1000), 2000)
    np.savez(chosen.output.with_name("held.npz"), x=held, y=left)
    print(f"{chosen.output}: {made.graph.input[0].name} of {', '.join(COLUMNS)}; accuracy {fitted.score(x, y):.3f}")


if __name__ == "__main__":
    main()
