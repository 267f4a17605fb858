"""Questions about two tables at once."""

from collections.abc import Sequence

import narwhals.stable.v2 as nw

from redan.tables.table import Shared, Table


def shared_keys(left: Table, right: Table, on: Sequence[str]) -> Shared:
    """Keys that both tables hold; see `Table.shared_keys`."""
    raise NotImplementedError
