"""Columns that identify are told by content; numbers that were measured never are, however different."""

import datetime as dt
import uuid

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.measures.identifying import identifying, is_called_identifier
from redan.tables import table_of

TODAY = dt.date(2026, 6, 1)
N = 600


def reason(values, name="c"):
    found = identifying(table_of(pa.table({name: values})), [name], today=TODAY, seed=0)
    return found[name].reason if name in found else None


def rng():
    return np.random.default_rng(42)


def days(first, span):
    return [first + dt.timedelta(days=int(d)) for d in rng().integers(0, span, N)]


IDENTIFYING = {
    "uuid": [str(uuid.UUID(int=int(v))) for v in rng().integers(0, 2**62, N)],
    "customer code": [f"{v:04d}-KLMNO"[::-1] for v in rng().permutation(9999)[:N]],
    "row number": list(range(1, N + 1)),
    "row number as text": [str(v) for v in rng().permutation(N)],
    "line": [48_500_000_000 + int(v) for v in rng().integers(0, 10**8, N)],
    "account": [int(v) for v in rng().integers(10**6, 10**7, N)],
    "account with gaps": [None if i % 9 == 0 else float(v) for i, v in enumerate(rng().integers(10**7, 10**8, N))],
    "birth": days(dt.date(1940, 1, 1), 23_000),
    "birth as text": [f"{d:%d.%m.%Y}" for d in days(dt.date(1940, 1, 1), 23_000)],
    "mail, recurring": [f"user{v}@example.org" for v in rng().integers(0, 200, N)],
}
MEASURED = {
    "fractions": rng().normal(size=N).tolist(),
    "fractions as text": [f"{v:.4f}" for v in rng().gamma(2, 900, N)],
    "counted things": rng().poisson(30, N).tolist(),
    "bytes": [int(v) for v in rng().lognormal(14, 2.5, N)],
    "amount in cents": [int(v) for v in rng().lognormal(9, 1, N)],
    "time in seconds": [int(v) for v in rng().integers(1_600_000_000, 1_780_000_000, N)],
    "category": rng().choice(["prepaid", "postpaid"], N).tolist(),
    "postcode": rng().choice([f"{v:05d}" for v in range(1000, 1080)], N).tolist(),
    "complaint": [f"my bill number {v} is wrong again" for v in range(N)],
    "contract start": days(dt.date(2019, 1, 1), 2_500),
    "flag": [bool(v) for v in rng().integers(0, 2, N)],
    "tenure": rng().integers(0, 72, N).tolist(),
    "empty": pa.array([None] * N, type=pa.string()),
}


@pytest.mark.parametrize("name", IDENTIFYING)
def test_identifying_columns_are_found_by_content(name):
    """The header says nothing here; the values do."""
    assert reason(IDENTIFYING[name])


@pytest.mark.parametrize("name", MEASURED)
def test_measured_columns_are_not_identifying(name):
    """Fractions, amounts, counts, times and sentences are no identifiers, even when nearly all differ."""
    assert reason(MEASURED[name]) is None


def test_a_name_helps_where_content_leaves_doubt():
    """Uneven numbers, of which a third repeats, are an identifier when the column is called one."""
    values = [int(v) for v in rng().lognormal(8, 0.6, N)]
    assert reason(values, "usage") is None
    assert reason(values, "customer_id") is not None


@pytest.mark.parametrize("name", ["customer_id", "CustomerID", "id", "accountno", "order-nr", "rowId", "IMSI", "ref"])
def test_names_of_identifiers(name):
    """Snake case, camel case and glued words are read."""
    assert is_called_identifier(name)


@pytest.mark.parametrize("name", ["paid", "humid", "number_of_calls", "keyboard", "", "covid", "grid"])
def test_names_that_only_end_alike(name):
    """A word that ends in the same letters is no identifier."""
    assert not is_called_identifier(name)


def test_few_rows_say_nothing():
    """Of 40 rows, all may differ by chance."""
    assert reason(list(range(40))) is None


def test_no_value_is_in_the_reason():
    """The reason of a telephone number names counts, never a number."""
    text = reason(IDENTIFYING["line"]) or ""
    assert not any(str(v) in text for v in IDENTIFYING["line"])


@settings(max_examples=12, deadline=None)
@given(st.lists(st.text(max_size=12), min_size=50, max_size=60))
def test_any_text_column_gets_an_answer(values):
    """No text column, however odd, raises."""
    reason(pa.array(values, type=pa.string()))


@settings(max_examples=12, deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=50, max_size=60))
def test_any_number_column_gets_an_answer(values):
    """Infinities, huge values and missing ones do not raise."""
    reason(pa.array(values, type=pa.float64()))
