"""Real objects of real libraries, at every protocol and packing: clean, all of them."""

import collections
import datetime as dt
import decimal
import io
import pickle
import uuid
import warnings

import numpy as np
import pytest

from redan.scan import ScanVerdict, scan_bytes

PACKINGS = [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 1), ("lzma", 1)]
RNG = np.random.default_rng(0)
X = np.abs(RNG.normal(size=(40, 4)))
Y = (X[:, 0] > 0.7).astype(int)


def told(data: bytes, name: str):
    """Verdict, and what stands against it."""
    found = scan_bytes(data, name)
    return found.verdict, [d.what for d in found.detections]


CLEAN = (ScanVerdict.CLEAN, [])


def estimators():
    """One fitted estimator of many families of scikit-learn."""
    ensemble = pytest.importorskip("sklearn.ensemble")
    from sklearn.cluster import KMeans
    from sklearn.compose import ColumnTransformer
    from sklearn.decomposition import PCA
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    columns = ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", OneHotEncoder(handle_unknown="ignore"), [2])])
    plain = [
        ensemble.RandomForestClassifier(3), ensemble.GradientBoostingClassifier(n_estimators=3),
        ensemble.HistGradientBoostingClassifier(max_iter=3), KMeans(2), PCA(2), GaussianProcessRegressor(),
        GaussianNB(), KNeighborsClassifier(algorithm="kd_tree"), MLPClassifier(max_iter=2), SVC(probability=False),
        DecisionTreeClassifier(), GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2),
        make_pipeline(FunctionTransformer(np.log1p), columns, LogisticRegression()),
    ]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = [model.fit(X, Y) for model in plain]
    return [*fitted, TfidfVectorizer().fit(["a text", "another text"])]


def test_models_of_scikit_learn_are_clean():
    """Fitted models, pickled at four protocols and by joblib in six packings."""
    joblib = pytest.importorskip("joblib")
    for model in estimators():
        for protocol in (0, 2, 4, 5):
            assert told(pickle.dumps(model, protocol), "m.pkl") == CLEAN, model
        for packing in PACKINGS:
            file = io.BytesIO()
            joblib.dump(model, file, compress=packing)
            assert told(file.getvalue(), "m.joblib") == CLEAN, (model, packing)


def test_models_of_lightgbm_are_clean():
    """A booster and its wrapper."""
    lightgbm = pytest.importorskip("lightgbm")
    model = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(X, Y)
    for value in (model, model.booster_):
        assert told(pickle.dumps(value), "m.pkl") == CLEAN


def test_tables_of_pandas_are_clean():
    """Frames with every usual column, indexed by time, text and category."""
    pd = pytest.importorskip("pandas")
    times = pd.to_datetime(["2020-01-01", "2021-01-01"])
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"]), "t": times, "o": [None, 1.5]})
    for value in (frame, frame.set_index("t"), frame.set_index(["a", "b"]), frame["c"], frame.T, times[0]):
        for protocol in (2, 4, 5):
            assert told(pickle.dumps(value, protocol), "m.pkl") == CLEAN


def test_arrays_and_plain_objects_are_clean():
    """NumPy's containers and the standard library's value types, at every protocol."""
    sparse = pytest.importorskip("scipy.sparse")
    values = [
        X, np.asfortranarray(X), np.array([{"a": 1}, None], dtype=object), np.float32(1.5), np.ma.array([1], mask=[0]),
        np.zeros(2, dtype=[("a", "i4"), ("b", "f8", (2,))]), np.random.RandomState(0), np.random.default_rng(0),
        np.array(["2020-01-01"], dtype="M8[D]"), sparse.csr_matrix(X), sparse.coo_array(X), dt.datetime.now(dt.UTC),
        dt.timedelta(1), decimal.Decimal("1.5"), uuid.uuid4(), collections.OrderedDict(a=1), collections.deque([1]),
        collections.defaultdict(list, {1: [2]}), collections.Counter("abc"), range(3), slice(1, 2), {1, 2}, frozenset([3]),
        bytearray(b"x"), 2**200, 1 + 2j, type(None), np.log1p, "é" * 70_000,
    ]  # fmt: skip
    for value in values:
        for protocol in range(6):
            assert told(pickle.dumps(value, protocol), "m.pkl") == CLEAN, (value, protocol)


def test_arrays_in_joblib_are_clean():
    """Arrays beside the opcodes, at protocols with and without frames."""
    joblib = pytest.importorskip("joblib")
    for value in ({"a": X, "b": X[:, 0]}, np.array([None, "x"], dtype=object), np.zeros(3, dtype=[("a", "i4")])):
        for protocol in (2, 3, 4, 5):
            for packing in (0, 3):
                file = io.BytesIO()
                joblib.dump(value, file, compress=packing, protocol=protocol)
                assert told(file.getvalue(), "m.joblib") == CLEAN


def test_files_of_torch_are_clean():
    """State dictionaries, whole modules, optimisers and odd tensors, in the current form and the one before 1.6."""
    torch = pytest.importorskip("torch")
    from torch import nn

    torch.set_num_threads(1)
    module = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.LSTM(3, 2), nn.TransformerEncoderLayer(4, 2))
    tensors = [
        torch.zeros(2, dtype=kind) for kind in (torch.half, torch.bfloat16, torch.int8, torch.bool, torch.complex64)
    ]
    values = [
        module.state_dict(), module, torch.optim.Adam(module.parameters()).state_dict(), tensors, torch.zeros(0),
        [nn.Parameter(torch.zeros(2)), torch.eye(3).to_sparse(), torch.Size([1]), torch.device("cpu"), torch.float32],
        torch.zeros(4)[1:3],
    ]  # fmt: skip
    for value in values:
        for zipped in (True, False):
            file = io.BytesIO()
            torch.save(value, file, _use_new_zipfile_serialization=zipped)
            assert told(file.getvalue(), "m.pt") == CLEAN
    assert told(pickle.dumps(module.state_dict()), "m.pkl") == CLEAN
