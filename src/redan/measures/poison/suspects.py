"""The suspected rows themselves, for the people who are to look at them: written where the user asks, shown nowhere."""

from typing import TYPE_CHECKING

import numpy as np

from redan.measures.poison.labels import ChangedLabels

if TYPE_CHECKING:
    import pyarrow as pa

WHY = "redan: suspected"
LIKELIER = "redan: likelier class"


def suspected_rows(found: ChangedLabels, drawn: "pa.Table") -> "pa.Table":
    """Suspected rows with why they are suspected, and the class that the other rows speak for.

    Args:
        found: of a search through `drawn`.
        drawn: the rows that were searched.

    Returns:
        The columns of `drawn` and two more; no row when none is suspected.
    """
    import pyarrow as pa

    data = found.data
    where = np.flatnonzero(found.suspect)
    rows = where if data.source is None else data.source[where]
    people = [s.code for s in found.suspected]
    given = np.full(data.rows, -1) if data.contributor is None else data.contributor
    why = ["its contributor" if given[i] in people else "its label" for i in where]
    likelier = [data.classes[found.likeliest[i]] for i in where]
    chosen = drawn.take(pa.array(rows, type=pa.int64()))
    names = [*chosen.column_names, _free(WHY, chosen), _free(LIKELIER, chosen)]
    columns = [*chosen.columns, pa.array(why, type=pa.string()), pa.array(likelier, type=pa.string())]
    return pa.Table.from_arrays([*columns], names=names)


def _free(name: str, table: "pa.Table") -> str:
    while name in table.column_names:
        name = f"{name}_"
    return name
