"""The file of suspected rows: which rows, why, and the class that the others speak for; never a column of another name."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from redan.measures.poison import changed_labels
from redan.measures.poison.rows import labelled_sample
from redan.measures.poison.suspects import LIKELIER, WHY, suspected_rows

LINES = 600


def search(bad=(), unnamed=(), people=6):
    """Rows of two classes far apart, some labels changed, some of nobody; what was drawn, and what was found."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, LINES)
    frame = pd.DataFrame({f"x{i}": rng.normal(size=LINES) + 5 * y for i in range(3)})
    who = np.array([f"site {i % people}" for i in range(LINES)], dtype=object)
    who[list(unnamed)] = None
    y[list(bad)] = 1 - y[list(bad)]
    frame = frame.assign(line=np.arange(LINES), who=who, y=np.where(y == 1, "yes", "no"))
    drawn = pa.Table.from_pandas(frame, preserve_index=False)
    data = labelled_sample(drawn, "y", contributor="who", leave_out=["line"], total=LINES)
    return drawn, changed_labels(data, np.random.default_rng(0))


@pytest.mark.parametrize("unnamed", [(), range(0, LINES, 25)])
def test_rows_of_a_contributor_are_there_for_it(unnamed):
    """One who changed 70 % of its labels: the changed rows, nobody else's, with the class that the others speak for."""
    mine = [i for i in range(2, LINES, 6) if i not in unnamed]
    bad = mine[: int(0.7 * len(mine))]
    drawn, found = search(bad, unnamed)
    rows = suspected_rows(found, drawn).to_pandas()
    assert set(rows[WHY]) == {"its contributor"}
    assert set(rows.who) == {"site 2"}
    assert set(bad) <= set(rows.line)
    assert len(rows) <= len(bad) + 5
    assert (rows[LIKELIER] != rows.y).mean() > 0.95
    assert (rows.drop(columns=[WHY, LIKELIER]) == drawn.take(rows.line.tolist()).to_pandas()).all(axis=None)


def test_rows_of_nobody_in_particular_are_there_for_their_label():
    """Changes spread over all: the changed rows, none as somebody's."""
    bad = list(range(0, LINES, 19))
    drawn, found = search(bad)
    rows = suspected_rows(found, drawn).to_pandas()
    assert set(rows[WHY]) == {"its label"}
    assert np.isin(bad, rows.line).mean() >= 0.8
    assert (rows[LIKELIER] != rows.y).all()


def test_clean_rows_make_an_empty_file_with_its_head():
    """No suspect, no row, all columns."""
    drawn, found = search()
    rows = suspected_rows(found, drawn)
    assert rows.num_rows == 0
    assert rows.column_names == [*drawn.column_names, WHY, LIKELIER]


def test_columns_of_the_data_keep_their_names_and_values():
    """A table that has columns of these names already loses neither."""
    drawn, found = search(range(2, LINES, 6))
    taken = drawn.append_column(WHY, drawn["line"]).append_column(f"{WHY}_", drawn["line"])
    rows = suspected_rows(found, taken)
    assert rows.column_names == [*taken.column_names, f"{WHY}__", LIKELIER]
    assert rows[WHY].to_pylist() == rows["line"].to_pylist()
