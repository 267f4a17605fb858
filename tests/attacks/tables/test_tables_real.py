"""Attacks on the churn and the Adult tables: rules suggested from the data, models that read the table as it is."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from measures.poison.real import read
from redan.attacks.tables import cascade, exact, parse_rules, rows_of, space_of, suggest_rules, written
from redan.attacks.tables.asked import Asked
from redan.attacks.tables.rules import Column, OneHot
from redan.attacks.tables.search import Order
from redan.attacks.tables.space import allowed
from redan.attacks.threat import Linf, parse


@pytest.fixture(scope="module", params=["churn", pytest.param("adult", marks=pytest.mark.slow)])
def table(request, tmp_path_factory):
    """A public table, its label, and 3,000 of its rows."""
    frame, label = read(request.param, tmp_path_factory.mktemp(request.param))
    if "totalcharges" in frame:
        frame["totalcharges"] = pd.to_numeric(frame["totalcharges"], errors="coerce")
    return frame.dropna().sample(3000, random_state=0, ignore_index=True), label


def pipeline(model):
    words = make_column_selector(dtype_include=["object", "string"])
    encoder = OneHotEncoder(sparse_output=False, handle_unknown="ignore")
    return make_pipeline(make_column_transformer((encoder, words), remainder=StandardScaler()), model)


@pytest.mark.parametrize("text", ["linf:0.1", "l0:1"])
@pytest.mark.parametrize("model", [LogisticRegression(max_iter=300), GradientBoostingClassifier(n_estimators=30)])
def test_pipelines_are_attacked_within_the_rules(table, model, text):
    """No proposal leaves the rules; a part of the rows breaks, and what breaks was changed as little as allowed."""
    frame, label = table
    rules = parse_rules(written(suggest_rules(frame, label).rules))
    train, rows = frame[:2000], rows_of(frame[2000:], label, rules, limit=120)
    fitted = pipeline(model).fit(train.drop(columns=label), train[label])
    asked = Asked(fitted, rows.space)
    donors = rows_of(train, label, rules, limit=300).x
    order = Order(space=rows.space, threat=parse(text), budget=400, donors=donors)
    found = cascade(asked, rows.x, rows.y, order)
    clean = (found.first != "clean").mean()
    assert 0.65 < clean < 0.95
    assert not found.judged.outside.any()
    assert allowed(rows.space, rows.x, found.x_adv).all()
    assert found.judged.broken.mean() > 1 - clean + 0.03
    if text == "l0:1":
        assert ((found.x_adv != rows.x).sum(axis=1) <= 1).all()


def test_a_forest_on_one_hot_columns_has_a_proved_figure(table):
    """Certified rows and broken rows add up on a forest of 20 trees; no search breaks a certified one."""
    frame, label = table
    words = [c for c in frame.columns if c != label and not pd.api.types.is_numeric_dtype(frame[c])]
    wide = pd.get_dummies(frame.drop(columns=label), columns=words, dtype=int)
    wide[label] = frame[label]
    rules = suggest_rules(frame, label).rules
    groups = [OneHot(columns=tuple(c for c in wide if c.startswith(f"{w}_")), cost=0.3) for w in words]
    columns = {
        c: (k if k.type == "bool" else Column(**{**k.model_dump(), "mutable": True}))
        for c, k in rules.columns.items()
        if c not in words
    }
    rules = rules.model_copy(update={"columns": columns, "one_hot": tuple(groups)})
    rows = rows_of(wide, label, rules, limit=1500)
    forest = RandomForestClassifier(20, max_depth=7, random_state=0).fit(rows.x[:1200], rows.y[:1200])
    x, y = rows.x[1200:1240], rows.y[1200:1240]
    space = space_of(rules, rows.space.columns)
    for eps in (0.02, 0.3):
        told = exact(forest, x, y, space=space, threat=Linf(eps), steps=5000)
        found = cascade(Asked(forest, space), x, y, Order(space=space, threat=Linf(eps), budget=300))
        assert not (found.judged.broken & told.certified).any()
        assert allowed(space, x, told.result.x_adv).all()
        assert told.unknown.mean() < 0.5
        assert np.array_equal(told.result.broken ^ told.certified ^ told.unknown, np.ones(len(x), dtype=bool))
        if eps < 0.1:
            assert told.certified.any()
