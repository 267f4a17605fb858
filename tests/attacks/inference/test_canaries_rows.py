"""Canaries in tables: overfitted models give them away, regularised ones do not."""

import warnings

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("sklearn")

from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from redan.attacks.inference.canaries import CanarySet
from redan.attacks.inference.canaries_losses import (
    losses_of_rows,
    losses_of_text,
    sane_of_rows,
    shares_of,
    try_canaries,
)
from redan.attacks.inference.canaries_planting import plant_in_table, plant_in_text
from redan.attacks.inference.exposure import CanaryTest
from redan.errors import IncompleteError, InputError
from redan.models.model import model_of

_NAMES = [f"c{i}" for i in range(8)]


@pytest.fixture(scope="module", params=["numbers", "texts"])
def planted(request: pytest.FixtureRequest) -> tuple[pa.Table, CanarySet]:
    """Rows of which two columns decide the label, with canaries; labels are numbers or words."""
    rng = np.random.default_rng(4)
    x = np.round(rng.normal(size=(700, 8)), 2)
    y = (x[:, 0] + 0.5 * x[:, 1] > 0.3).astype(int)
    label = np.array(["stays", "leaves"])[y] if request.param == "texts" else y
    rows = pa.table({**dict(zip(_NAMES, x.T, strict=True)), "label": label})
    done = plant_in_table(rows, "label", repeats=(1, 4, 16), seed="9" * 32)
    return done.rows, done.canaries


def _tested(estimator: object, planted: tuple[pa.Table, CanarySet]) -> CanaryTest:
    rows, canaries = planted
    x, y = np.column_stack([rows[name].to_numpy() for name in _NAMES]), np.array(rows["label"].to_pylist())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(x, y)  # type: ignore[attr-defined]
    return try_canaries(canaries, losses_of_rows(canaries, model_of(estimator), _NAMES))


def test_columns_that_decide_the_label_are_not_drawn(planted: tuple[pa.Table, CanarySet]) -> None:
    """The two that do stay as they are in the row that a canary was made of."""
    table = planted[1].table
    assert table is not None
    assert not {"c0", "c1"} & {column.name for column in table.columns}


def test_an_overfitted_forest_gives_them_away(planted: tuple[pa.Table, CanarySet]) -> None:
    """Trees grown to the end remember rows that contradict all others."""
    test = _tested(RandomForestClassifier(60, random_state=0), planted)
    assert test.verdict == "exposed"
    assert sum(test.memorised) >= 2


def test_an_overfitted_network_gives_them_away(planted: tuple[pa.Table, CanarySet]) -> None:
    """A network trained to the end does so, too."""
    net = MLPClassifier((64, 64), max_iter=250, alpha=0, random_state=0, tol=0, n_iter_no_change=10**6)
    test = _tested(make_pipeline(StandardScaler(), net), planted)
    assert test.verdict == "exposed"


def test_regularised_twins_do_not(planted: tuple[pa.Table, CanarySet]) -> None:
    """A linear model, and a small network that stops early."""
    for estimator in (
        LogisticRegression(),
        make_pipeline(StandardScaler(), MLPClassifier((4,), max_iter=30, alpha=1, random_state=0)),
    ):
        test = _tested(estimator, planted)
        assert test.verdict == "bounded"
        assert not any(test.memorised)


def test_equal_answers_tell_little(planted: tuple[pa.Table, CanarySet]) -> None:
    """A tree of eight leaves gives equal losses to large parts of the space, and the rank says so."""
    test = _tested(DecisionTreeClassifier(max_depth=3, random_state=0), planted)
    assert test.worst.tied > 1000
    assert test.verdict == "bounded"


def test_a_model_that_does_not_fit_is_refused(planted: tuple[pa.Table, CanarySet]) -> None:
    """Columns that the rows lack, more classes than the label has, and rows against text."""
    rows, canaries = planted
    x, y = np.column_stack([rows[name].to_numpy() for name in _NAMES]), 5 + np.arange(rows.num_rows) % 3
    model = model_of(LogisticRegression().fit(x, y))
    with pytest.raises(InputError, match="no column"):
        losses_of_rows(canaries, model, ["other"])
    with pytest.raises(InputError, match="classes"):
        try_canaries(canaries, losses_of_rows(canaries, model, _NAMES))
    with pytest.raises(InputError, match="text"):
        losses_of_text(canaries, lambda tokens: tokens)
    with pytest.raises(InputError, match="lines"):
        losses_of_rows(plant_in_text("a", "no ##").canaries, model, _NAMES)


def test_a_space_that_is_too_small_is_refused_before_the_model_is_asked() -> None:
    """Two digits cannot exceed the bound."""
    canaries = plant_in_text("a", "no ##").canaries
    with pytest.raises(IncompleteError, match="no rank exceeds"):
        try_canaries(canaries, lambda place, secrets: 1 / 0)


def test_answers_become_shares() -> None:
    """Shares stay, logits are lifted, one column is the second of two classes."""
    assert shares_of(np.array([[0.2, 0.8]])).tolist() == [[0.2, 0.8]]
    assert shares_of(np.array([[0.0, 0.0]])).tolist() == [[0.5, 0.5]]
    assert shares_of(np.array([[0.3]])).tolist() == [[0.7, 0.3]]
    assert shares_of(np.array([[0.0], [-800.0]]))[:, 1] == pytest.approx([0.5, 0.0])


def test_a_model_that_counts_its_classes_otherwise_is_noticed(planted: tuple[pa.Table, CanarySet]) -> None:
    """Answers that go with the labels pass, in whatever words they are; answers that go against them do not."""
    rows, canaries = planted
    x, words = np.column_stack([rows[name].to_numpy() for name in _NAMES]), np.array(rows["label"].to_pylist())
    codes = np.unique(words, return_inverse=True)[1]
    sane_of_rows(canaries, model_of(LogisticRegression().fit(x, words)), _NAMES, rows)
    if words.dtype.kind == "U":
        sane_of_rows(canaries, model_of(LogisticRegression().fit(x, codes)), _NAMES, rows)
    with pytest.raises(IncompleteError, match="another order"):
        sane_of_rows(canaries, model_of(LogisticRegression().fit(x, 5 - codes)), _NAMES, rows)


def test_classes_without_known_names_are_taken_in_order(planted: tuple[pa.Table, CanarySet]) -> None:
    """A model of codes says of words what the model of words says."""
    rows, canaries = planted
    x, words = np.column_stack([rows[name].to_numpy() for name in _NAMES]), np.array(rows["label"].to_pylist())
    codes = 7 + np.unique(words, return_inverse=True)[1]
    tests = []
    for label in (words, codes):
        model = model_of(LogisticRegression().fit(x, label))
        tests.append(try_canaries(canaries, losses_of_rows(canaries, model, _NAMES), references=500))
    assert tests[0] == tests[1]
