"""Descriptions and rows of customers who leave, which vectors of several controls plant."""

from collections.abc import Sequence

import numpy as np


def features_toml(names: Sequence[str], more: str = "") -> str:
    """A `[[feature]]` table for each name, with an empty line between them.

    Args:
        names: of the features.
        more: further lines of each.
    """
    return "\n".join(f'[[feature]]\nname = "{name}"\n{more}' for name in names)


def list_toml(names: Sequence[str]) -> str:
    """Names as a list of TOML."""
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def csv_of(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Rows of words under a header."""
    return ("\n".join([",".join(columns), *(",".join(row) for row in rows)]) + "\n").encode()


def leavers_csv(group: str, rows: int, *, share: float, seed: int, tied: float = 0.0) -> bytes:
    """Rows of usage, tenure and who is of a group; who leaves follows the first two.

    Args:
        group: name of its column.
        rows: how many.
        share: of the group.
        seed: of the rows.
        tied: how much of leaving is due to the group.
    """
    rng = np.random.default_rng(seed)
    usage, tenure = rng.normal(size=rows), rng.normal(size=rows)
    among = rng.random(rows) < share
    leaves = usage - tenure + tied * (among - share) + rng.logistic(0, 0.5, rows) > 0
    cells = zip(usage, tenure, among, leaves, strict=True)
    told = [(f"{u:.4f}", f"{t:.4f}", str(int(d)), "yes" if y else "no") for u, t, d, y in cells]
    return csv_of(("usage", "tenure", group, "leaves"), told)
