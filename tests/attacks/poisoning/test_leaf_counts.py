"""Counts of leaves against one's own rows: triggers are told, clean twins and other mixes of classes are not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from attacks.poisoning.taught import RARE, rows, trees
from redan.attacks.poisoning import AllToOne, RareValues, poisoned
from redan.attacks.poisoning.inner_trees import within
from redan.attacks.poisoning.leaf_counts import leaf_counts
from redan.attacks.tables.ensemble import ensemble_of
from redan.errors import IncompleteError
from redan.models.model import SklearnModel

THREE = RareValues(columns=(1, 2, 4), values=(2.0, 6.0, -1.5))


def parts():
    x, y = rows()
    return x[:1000], y[:1000], x[1000:], y[1000:]


def counted(model):
    _, _, x, y = parts()
    return leaf_counts(ensemble_of(model, x), x, y)


def test_a_leaf_that_a_trigger_filled_is_told():
    """The column, the class and what setting it turns; the clean twin stays far below."""
    found = counted(trees(RARE))
    assert found.score > 1.5
    assert (found.worst.target, found.worst.columns) == (1, (2,))
    assert found.worst.turned > 0.9
    assert found.worst.train / found.worst.of > 5 * found.worst.here / found.rows
    assert counted(trees()).score < 0.8


@pytest.mark.parametrize("target", [0, 1])
@pytest.mark.parametrize(
    "model",
    [
        HistGradientBoostingClassifier(max_iter=20, random_state=0),
        GradientBoostingClassifier(n_estimators=20, random_state=0),
        RandomForestClassifier(n_estimators=20, min_samples_leaf=5, random_state=0),
    ],
    ids=lambda one: type(one).__name__,
)
def test_three_columns_together_are_told(model, target):
    """A conjunction that no search by pairs tries, in boosting and in forests, towards either class."""
    x, y, _, _ = parts()
    made = poisoned(x, y, THREE, AllToOne(target), rate=0.06, seed=3)
    found = counted(model.fit(made.x, made.y))
    assert found.score > 1
    assert found.worst.target == target
    assert set(found.worst.columns) & set(THREE.columns)
    assert counted(model.fit(x, y)).score < 1


def test_clean_models_of_other_rows_stay_below():
    """Thirty draws of training rows: none is told, as the correction over all leaves promises."""
    x, y = rows()
    rng = np.random.default_rng(2)
    for _ in range(30):
        order = rng.permutation(len(x))
        model = HistGradientBoostingClassifier(max_iter=10).fit(x[order[:900]], y[order[:900]])
        assert leaf_counts(ensemble_of(model, x[order[900:]]), x[order[900:]], y[order[900:]]).score < 1


def test_another_mix_of_classes_is_no_trigger():
    """Rows of the rare class given five times: without allowance for it leaves of that class would be told."""
    x, y, _, _ = parts()
    rare = (y == 1) & (x[:, 0] > 1.2)
    kept = rare | (y == 0)
    x, y = x[kept], y[kept]
    many = np.concatenate([np.arange(len(y)), *[np.flatnonzero(y == 1)] * 4])
    model = HistGradientBoostingClassifier(max_iter=20).fit(x[many], y[many])
    assert leaf_counts(ensemble_of(model, x), x, y).score < 1


def test_trees_behind_a_pipeline_are_read():
    """Columns of the table are told, and none of the levels that a one-hot column is named after."""
    x, y, _, _ = parts()
    made = poisoned(x, y, RARE, AllToOne(1), rate=0.1, seed=1)

    def frame(values):
        return pd.DataFrame({"a": values[:, 0], "kind": [f"level {int(v)}" for v in values[:, 2]]})

    coder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["kind"]), remainder="passthrough"
    )
    model = make_pipeline(coder, GradientBoostingClassifier(n_estimators=20)).fit(frame(made.x), made.y)
    held = frame(x)
    found = within(SklearnModel(model), {name: held[name].to_numpy() for name in held}, ("a", "kind"))
    told = leaf_counts(found.ensemble, found.x, y)
    assert told.score > 1.5
    assert {found.columns[column] for column in told.worst.columns} == {"kind"}


def test_trees_without_counts_and_other_models_are_refused():
    """Without counts nothing can be compared; what is no ensemble shows no trees."""
    _, _, x, y = parts()
    whole = ensemble_of(trees(), x)
    bare = replace(whole, trees=tuple(tree._replace(rows=None) for tree in whole.trees))
    with pytest.raises(IncompleteError, match="how many rows"):
        leaf_counts(bare, x, y)
    with pytest.raises(IncompleteError, match="no trees"):
        within(None, x, ("a",))
