"""Names in free text: a missing model is a reason, never a download; counts become findings only beyond doubt."""

import sys
from types import SimpleNamespace

import pytest

from redan.errors import MissingExtraError
from redan.measures.personal import names
from redan.measures.personal.names import Named, named_columns, told_names
from redan.stats.binomial import clopper_pearson
from redan.tables import table_of
from redan.terms import Outcome

TEXTS = [f"{who} asked for a cheaper plan {i}" for i, who in enumerate(["Kim Lee", "somebody"] * 30)]


def table():
    import polars as pl

    return table_of(pl.DataFrame({"note": TEXTS, "code": [f"x{i}" for i in range(60)], "n": list(range(60))}))


def test_a_missing_pipeline_is_a_reason(monkeypatch):
    """Without the spaCy pipeline nothing is fetched, and the finding says what to install."""
    pytest.importorskip("presidio_analyzer")
    monkeypatch.setattr("socket.socket", None)
    found = named_columns(table(), ["note"], model="no_such_pipeline")
    assert "not installed" in found
    (finding,) = told_names("c/x", "d", found)
    assert finding.outcome is Outcome.NOT_RUN


def test_a_missing_extra_is_a_reason(monkeypatch):
    """Without Presidio the answer is the install line."""
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    assert "redan[text]" in named_columns(table(), ["note"])
    with pytest.raises(MissingExtraError):
        names._engine(names.MODEL)


def test_only_free_text_is_read(monkeypatch):
    """Codes and numbers are passed over; texts are counted."""
    engine = SimpleNamespace(analyze=lambda text, **_: [1] if "Kim Lee" in text else [])
    monkeypatch.setattr(names, "_engine", lambda _: engine)
    assert named_columns(table(), ["note", "code", "n"]) == (Named("note", 30, 60, clopper_pearson(30, 60)),)


@pytest.mark.parametrize(("hits", "told"), [(0, 0), (1, 0), (3, 0), (20, 1)])
def test_few_names_are_not_told(hits, told):
    """A model takes capitalised words for names; a few of two hundred say nothing."""
    found = (Named("note", hits, 200, clopper_pearson(hits, 200)),)
    assert [f.outcome for f in told_names("c/x", "d", found)] == [Outcome.BROKEN] * told
