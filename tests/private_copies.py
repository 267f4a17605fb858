"""DP-SGD written plainly, one row at a time, with one planted bug where a test asks for it; never shipped."""

import numpy as np


def released(rows, targets, *, q, sigma, steps, norm, rng, bug=None, batch=None, microbatch=None):
    """The noisy gradients of squared loss at weights zero, scaled to sums, one a step; what a guarantee is about.

    The gradient of a row is -target * row: training hardly moves the weights, so that it stays.
    """
    each = -targets[:, None] * rows
    n, d = each.shape
    batch = q * n if batch is None else batch
    if bug == "bounds-from-data":
        norm = max(np.linalg.norm(g) for g in each)
    out = []
    for step in range(steps):
        if bug == "fixed-order":
            size = int(batch)
            drawn = np.arange(step * size, (step + 1) * size) % n
        else:
            drawn = np.flatnonzero(rng.random(n) < q)
        if bug == "empty-dropped" and not len(drawn):
            out.append(np.zeros(d))
            continue
        total = np.zeros(d)
        groups = [drawn[i : i + microbatch] for i in range(0, len(drawn), microbatch)] if microbatch else drawn[:, None]
        for group in groups:
            g = each[group].mean(axis=0)
            total += g if bug == "no-clipping" else g * min(1.0, norm / max(np.linalg.norm(g), 1e-300))
        std = sigma * norm / (batch if bug == "noise-over-batch" else 1.0)
        noisy = total + rng.normal(size=d) * std
        out.append(noisy * (batch / max(1, len(drawn))) if bug == "actual-size" else noisy)
    return np.array(out)
