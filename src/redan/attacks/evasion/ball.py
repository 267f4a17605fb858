"""Projections and lengths of perturbations, one radius per sample, in the arithmetic of the network."""

import torch
from torch import Tensor

from redan.attacks.threat import Threat

_TINY = 1e-12


def rows(values: Tensor, like: Tensor) -> Tensor:
    """One value per sample, shaped so that it multiplies samples."""
    return values.reshape(-1, *[1] * (like.ndim - 1))


def length(moved: Tensor, norm: str) -> Tensor:
    """The norm of each perturbation, shape (n,), in float64 for sums."""
    flat = moved.flatten(1)
    if norm == "linf":
        return flat.abs().amax(dim=1)
    if norm == "l0":
        changed = moved != 0
        changed = changed.any(dim=1) if moved.ndim == 4 else changed  # noqa: PLR2004 -- pictures
        return changed.flatten(1).sum(dim=1).to(moved.dtype)
    return torch.linalg.vector_norm(flat.double(), ord=1.0 if norm == "l1" else 2.0, dim=1).to(moved.dtype)


def project(x: Tensor, x0: Tensor, eps: Tensor, threat: Threat) -> Tensor:
    """The nearest points in the ball and the box, for linf and l2; a point in both, for l1.

    Args:
        x: shape (n, ...).
        x0: centres, shape of `x`.
        eps: radii, shape (n,).
        threat: whose norm and box.

    Raises:
        ValueError: there is no projection for l0 here.
    """
    radius = rows(eps, x)
    if threat.norm == "linf":
        return torch.minimum(torch.maximum(x, x0 - radius), x0 + radius).clamp(threat.low, threat.high)
    if threat.norm == "l2":
        moved = (x.clamp(threat.low, threat.high)) - x0
        size = rows(length(moved, "l2"), x)
        return x0 + moved * torch.clamp(radius / (size + _TINY), max=1.0)
    if threat.norm == "l1":
        return project_l1(x, x0, eps, threat)
    raise ValueError(threat.norm)


def project_l1(x: Tensor, x0: Tensor, eps: Tensor, threat: Threat) -> Tensor:
    """The nearest point in the intersection of the l1 ball and the box.

    Source: Croce and Hein, Mind the Box, ICML 2021 (arXiv 2103.01208), proposition 2.1: moves are shrunk by a common
    amount and cut at the box; the amount is the zero of a falling, piecewise linear function, found by sorting its
    breakpoints.
    """
    moved, low, high = (x - x0).flatten(1).double(), (threat.low - x0).flatten(1), (threat.high - x0).flatten(1)
    sign = torch.where(moved >= 0, 1.0, -1.0).double()
    most = torch.where(moved >= 0, high, -low).double().clamp(min=0.0)
    size = moved.abs()
    ends = torch.cat([size, (size - most).clamp(min=0.0)], dim=1)
    slopes = torch.cat([torch.full_like(size, -1.0), torch.ones_like(size)], dim=1)
    order = ends.argsort(dim=1, descending=True)
    ends, slopes = ends.gather(1, order), slopes.gather(1, order)
    rising = (-slopes).cumsum(dim=1)
    steps = torch.diff(ends, dim=1).neg() * rising[:, :-1]
    sums = torch.cat([torch.zeros_like(ends[:, :1]), steps.cumsum(dim=1)], dim=1)
    radius = eps.double()[:, None]
    place = (sums < radius).sum(dim=1, keepdim=True).clamp(max=ends.shape[1] - 1)
    before = (place - 1).clamp(min=0)
    gap = (radius - sums.gather(1, before)) / rising.gather(1, before).clamp(min=_TINY)
    shrink = (ends.gather(1, before) - gap).clamp(min=0.0)
    inside = torch.minimum(size, most).sum(dim=1, keepdim=True) <= radius
    shrink = torch.where(inside, torch.zeros_like(shrink), shrink)
    kept = torch.minimum((size - shrink).clamp(min=0.0), most)
    return x0 + (sign * kept).to(x.dtype).reshape(x.shape)
