"""Trains the churn model on data/train.csv, scores it on data/test.csv, exports model.onnx.

Its inputs are those that redan.toml names: the system is described once.
"""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import csv as arrow_csv
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, recall_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

HERE = Path(__file__).resolve().parent
NUMERIC = ["seniorcitizen", "tenure", "monthlycharges", "totalcharges"]


def prepared(frame: pd.DataFrame, features: list[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """Inputs and label; the eight blank total charges belong to customers in their first month: nothing billed yet."""
    frame["totalcharges"] = pd.to_numeric(frame["totalcharges"], errors="coerce").fillna(0.0)
    label = (frame["churn"] == "Yes").to_numpy().astype(np.int64)
    numeric = [name for name in features if name in NUMERIC]
    return frame[features].astype(dict.fromkeys(numeric, np.float32)), label


def pipeline(inputs: pd.DataFrame) -> Pipeline:
    """One-hot words, numbers as they are, a random forest on top."""
    numeric = [name for name in inputs.columns if name in NUMERIC]
    words = [name for name in inputs.columns if name not in NUMERIC]
    encode = ColumnTransformer(
        [("words", OneHotEncoder(handle_unknown="ignore"), words), ("numbers", "passthrough", numeric)]
    )
    forest = RandomForestClassifier(n_estimators=100, random_state=1, n_jobs=1)
    return Pipeline([("encode", encode), ("forest", forest)])


def main() -> None:
    """Trains, scores and exports."""
    description = tomllib.loads((HERE / "redan.toml").read_text(encoding="utf-8"))
    features = description["model"][0]["inputs"]
    x, y = prepared(pd.read_csv(HERE / "data" / "train.csv"), features)
    # Compiled code opens this one, which only a record of all files that are opened can see.
    x_test, y_test = prepared(arrow_csv.read_csv(HERE / "data" / "test.csv").to_pandas(), features)
    model = pipeline(x).fit(x, y)
    answer = model.predict(x_test)
    types = [
        (name, FloatTensorType([None, 1]) if name in NUMERIC else StringTensorType([None, 1])) for name in x.columns
    ]
    exported = to_onnx(model, initial_types=types, options={"zipmap": False}, target_opset=17)
    (HERE / "model.onnx").write_bytes(exported.SerializeToString())
    print(f"trained on {len(x):,} customers and {x.shape[1]} features")
    print(
        f"on {len(x_test):,} test customers: accuracy {accuracy_score(y_test, answer):.3f}, "
        f"churners found {recall_score(y_test, answer):.3f}"
    )


if __name__ == "__main__":
    main()
