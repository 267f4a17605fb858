"""Writes the names that are safe in pickles, from the packages that are installed, with their versions.

Usage: python tools/pin_pickle_names.py; rewrites src/redan/scan/pickles/names.json. Run it where scikit-learn, torch,
pandas, SciPy and NumPy are installed; review the difference before it is committed.
"""

import importlib
import inspect
import json
import pickle
import pickletools
import pkgutil
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

Names = dict[str, dict[str, set[str]]]  # use, module, names
OUT = Path(__file__).parents[1] / "src" / "redan" / "scan" / "pickles" / "names.json"
PROTOCOLS = (0, 2, 4, 5)
# Modules of the standard libraries of 3.8 to 3.14 and of Python 2 that one interpreter does not have.
OTHER_STDLIB = """
    __builtin__ annotationlib asynchat asyncore audioop binhex BaseHTTPServer Bastion CGIHTTPServer Canvas ConfigParser
    Cookie Dialog DocXMLRPCServer
    FileDialog FixTk HTMLParser MimeWriter Queue ScrolledText SimpleDialog SimpleHTTPServer
    SimpleXMLRPCServer SocketServer StringIO Tix Tkinter UserDict UserList UserString __phello__ _aix_support
    _android_support _apple_support _bootsubprocess _colorize _dummy_thread _dummy_threading _hmac _interpchannels
    _interpqueues _interpreters _ios_support _opcode_metadata _osx_support _pyrepl _pydatetime _pylong _pytest_stub
    _remote_debugging _suggestions _sysconfig _testbuffer _testcapi _testclinic _testimportmultiple
    _testinternalcapi _testlimitedcapi _testmultiphase _testsinglephase _types _typing _winapi _wmi _xxinterpchannels
    _xxsubinterpreters _xxtestfuzz _zoneinfo _zstd anydbm asyncio cgi cgitb chunk commands compiler compression cPickle
    cProfile cStringIO copy_reg crypt dbhash dircache distutils dl dumbdbm dummy_thread dummy_threading exceptions
    fpformat formatter future_builtins gdbm hotshot htmlentitydefs htmllib httplib ihooks imageop imghdr imp imputil
    itertools lib2to3 linuxaudiodev macpath macurl2path markupbase md5 mhlib mimetools mimify msilib msvcrt multifile
    mutex new nis nntplib nt ntpath os2emxpath ossaudiodev parser pathlib pipes popen2 posixfile posixpath pydoc_data
    repr rexec rfc822 robotparser sets sgmllib sha smtpd sndhdr spwd sre statvfs string stringold strop sunau sunaudio
    symbol telnetlib test test_support this thread timing tkColorChooser tkCommonDialog tkFileDialog tkFont
    tkMessageBox tkSimpleDialog toaiff tomllib uu urllib2 urlparse user whichdb winreg winsound _winreg xdrlib xmllib
    xmlrpclib xx xxlimited xxlimited_35 xxsubtype idlelib turtledemo ensurepip venv zipapp antigravity __hello__
    sitecustomize usercustomize
"""
# Classes of scikit-learn from 0.17 on that the installed version has lost; none has a __setstate__.
OLDER_SKLEARN = """
    _Scorer _PredictScorer _ProbaScorer _ThresholdScorer _PassthroughScorer _BaseScorer _MultimetricScorer
    BinomialDeviance MultinomialDeviance LeastSquaresError LeastAbsoluteError HuberLossFunction QuantileLossFunction
    ExponentialLoss LogOddsEstimator ScaledLogOddsEstimator PriorProbabilityEstimator MeanEstimator QuantileEstimator
    ZeroEstimator LossFunction RegressionLossFunction ClassificationLossFunction Log SquaredLoss ModifiedHuber
    SquaredHinge Huber EpsilonInsensitive SquaredEpsilonInsensitive EuclideanDistance ManhattanDistance
    MinkowskiDistance ChebyshevDistance Imputer GMM VBGMM DPGMM LSHForest RandomizedLasso RandomizedLogisticRegression
    CategoricalEncoder _CalibratedClassifier _SigmoidCalibration _ConstantPredictor SplitRecord _CVIterableWrapper
    BinaryTree NeighborsHeap NodeData MSE FriedmanMSE MAE Gini Entropy Poisson Presort
"""


def names_in(value: object) -> set[tuple[str, str]]:
    """Module and name of every import in pickles of a value, over all protocols."""
    found = set()
    for protocol in PROTOCOLS:
        try:
            data = pickle.dumps(value, protocol)
        except Exception as error:  # noqa: BLE001 -- an object of a third package that cannot be pickled is left out
            print(f"left out: {type(value).__name__}: {type(error).__name__}", file=sys.stderr)
            return found
        found |= imports_of(data)
    return found


def imports_of(data: bytes) -> set[tuple[str, str]]:
    """Module and name of every import of a stream that this tool's own process wrote."""
    found: set[tuple[str, str]] = set()
    texts: list[Any] = []
    memo: dict[int, Any] = {}
    for op, argument, _ in pickletools.genops(data):
        if op.name in {"GLOBAL", "INST"}:
            found.add(tuple(argument.split(" ", 1)))
        elif op.name == "STACK_GLOBAL":
            found.add((texts[-2], texts[-1]))
        elif op.name == "MEMOIZE":
            memo[len(memo)] = texts[-1] if texts else None
            continue
        elif op.name in {"BINGET", "LONG_BINGET"} and isinstance(memo.get(argument), str):
            texts.append(memo[argument])
            continue
        if op.name in {"SHORT_BINUNICODE", "BINUNICODE"}:
            texts.append(argument)
        elif op.name not in {"BINGET", "LONG_BINGET"}:
            texts.append(None)
    return found


def sklearn_names() -> dict[str, list[str]]:
    """Classes of scikit-learn's estimators and of what they keep when they are fitted, and its rebuilding functions."""
    import numpy as np
    from sklearn.utils import all_estimators

    rng = np.random.default_rng(0)
    x = np.abs(rng.normal(size=(40, 4)))
    y = (x[:, 0] > x[:, 1]).astype(int)
    uses = {"class": set(), "call": set(), "value": set()}
    for name, cls in all_estimators():
        uses["class"].add(name)
        for value in fitted(cls, x, y):
            for module, part in names_in(value):
                if module.split(".")[0] == "sklearn":
                    uses[use_of(module, part)].add(part)
    for module in walk_modules("sklearn"):
        for part, value in vars(module).items():
            own = getattr(value, "__module__", "") or ""
            if inspect.isclass(value) and own.startswith("sklearn") and is_data_class(value):
                uses["class"].add(part)
    for home in ("sklearn.metrics", "sklearn.feature_selection"):
        module = importlib.import_module(home)
        uses["value"] |= {name for name in module.__all__ if inspect.isfunction(getattr(module, name))}
    uses["class"] |= set(OLDER_SKLEARN.split())
    return {use: sorted(names) for use, names in uses.items()}


def is_data_class(cls: type) -> bool:
    """Whether a class of scikit-learn holds data: estimators, kernels, losses, trees, splitters, containers."""
    from sklearn.base import BaseEstimator
    from sklearn.gaussian_process.kernels import Kernel
    from sklearn.utils import Bunch

    if issubclass(cls, (BaseEstimator, Kernel, Bunch)):
        return True
    home = cls.__module__
    parts = (
        "_loss",
        "_tree",
        "_kd_tree",
        "_ball_tree",
        "_dist_metrics",
        "_hist_gradient_boosting",
        "_split",
        "_partition_nodes",
    )
    return any(part in home for part in parts) and not issubclass(cls, BaseException)


def use_of(module: str, name: str) -> str:
    """How a name of a module is used: as a class, by a call, or only as a value."""
    value = importlib.import_module(module)
    for part in name.split("."):
        value = getattr(value, part)
    if inspect.isclass(value):
        return "class"
    rebuilds = "unpickle" in name or name.startswith(("newObj", "_rebuild", "_new_"))
    return "call" if rebuilds else "value"


def fitted(cls: Any, x: Any, y: Any) -> Iterator[object]:  # noqa: ANN401 -- classes of a package without types
    """An estimator of a class, fitted where its defaults allow."""
    from sklearn.linear_model import LogisticRegression

    try:
        made = cls()
    except TypeError:
        try:
            made = cls(LogisticRegression())
        except Exception:  # noqa: BLE001 -- some classes need more than a test can guess
            return
    yield made
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made.fit(x, y)
    except Exception:  # noqa: BLE001 -- not every estimator takes this data
        return
    yield made


def walk_modules(package: str) -> Iterator[ModuleType]:
    """The modules of a package, tests left out, that can be imported."""
    root = importlib.import_module(package)
    for found in pkgutil.walk_packages(root.__path__, f"{package}."):
        if ".tests" in found.name or "conftest" in found.name or "experimental" in found.name:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield importlib.import_module(found.name)
        except Exception:  # noqa: BLE001 -- modules for absent packages
            continue


def torch_names() -> Names:
    """What `weights_only` of torch allows, and the classes of its layers and optimisers."""
    import torch
    from torch._weights_only_unpickler import _get_allowed_globals

    exact = empty()
    for path, value in _get_allowed_globals().items():
        module, _, name = path.rpartition(".")
        is_class = inspect.isclass(value) or name.endswith("Storage") or name == "Size"
        use = "class" if is_class else "call" if callable(value) and not isinstance(value, torch.dtype) else "value"
        if module:
            exact[use][module].add(name)
    for module in [*walk_modules("torch.nn.modules"), *walk_modules("torch.optim")]:
        for name, value in vars(module).items():
            if inspect.isclass(value) and value.__module__ == module.__name__ and is_layer(value):
                exact["class"][module.__name__].add(name)
    functions = [name for name in dir(torch.nn.functional) if name.islower() and not name.startswith("_")]
    known = {"relu", "gelu", "silu", "elu", "selu", "leaky_relu", "tanh", "sigmoid", "softmax", "mish", "hardswish"}
    exact["value"]["torch.nn.functional"] |= known & set(functions)
    exact["value"]["torch._C._nn"] |= {"gelu", "silu", "leaky_relu"}
    exact["value"]["torch"] |= {"relu", "tanh", "sigmoid", "float32", "float64", "strided"}
    return exact


def is_layer(cls: type) -> bool:
    """Whether a class is a layer, an optimiser or a schedule."""
    import torch
    from torch.optim.lr_scheduler import LRScheduler

    return issubclass(cls, (torch.nn.Module, torch.optim.Optimizer, LRScheduler)) or cls.__name__ == "Parameter"


def array_names() -> Names:
    """NumPy's scalar types, dtype classes and universal functions, SciPy's sparse containers."""
    import numpy as np
    from scipy import sparse

    exact = empty()
    for name in dir(np):
        value = getattr(np, name)
        if inspect.isclass(value) and issubclass(value, np.generic):
            exact["class"]["numpy"].add(name)
        elif isinstance(value, np.ufunc):
            exact["value"]["numpy"].add(name)
    exact["class"]["numpy"] |= {"bool8", "float_", "complex_", "unicode_", "string_", "object_", "int_", "uint"}
    exact["class"]["numpy.dtypes"] |= {name for name in dir(np.dtypes) if name.endswith("DType")}
    for name in dir(sparse):
        value = getattr(sparse, name)
        if inspect.isclass(value) and name.endswith(("_matrix", "_array")) and name not in {"spmatrix", "sparray"}:
            kind = name.rpartition("_")[0]
            for module in (f"scipy.sparse._{kind}", f"scipy.sparse.{kind}", "scipy.sparse"):
                exact["class"][module].add(name)
    return exact


def pandas_names() -> Names:
    """What pickles of pandas' containers name."""
    import datetime as dt

    import numpy as np
    import pandas as pd

    frame = pd.DataFrame(
        {
            "i": [1, 2],
            "f": [0.5, None],
            "s": ["a", "b"],
            "o": [None, "x"],
            "c": pd.Categorical(["u", "v"]),
            "t": pd.to_datetime(["2020-01-01", "2021-01-01"]),
            "z": pd.to_datetime(["2020-01-01", "2021-01-01"], utc=True),
            "d": pd.to_timedelta([1, 2], unit="s"),
            "b": pd.array([True, None], dtype="boolean"),
            "n": pd.array([1, None], dtype="Int64"),
            "g": pd.array([1.0, None], dtype="Float64"),
            "p": pd.period_range("2020", periods=2, freq="Y"),
            "v": pd.interval_range(0, 2),
        }
    )
    values = [
        frame, frame["s"], frame.set_index(["s", "i"]), frame.set_index("t"), frame.set_index("c"), frame.T,
        pd.Index([1, 2]), pd.Index(["a"]), pd.RangeIndex(3), pd.Timestamp("2020-01-01", tz="UTC"), pd.Timedelta(1, "s"),
        pd.NaT, pd.NA, pd.Period("2020", "M"), pd.Interval(0, 1), pd.CategoricalDtype(["a"]), pd.Int64Dtype(),
        pd.StringDtype(), pd.DatetimeTZDtype(tz="UTC"), pd.offsets.Day(2), pd.offsets.MonthEnd(),
        pd.MultiIndex.from_tuples([(1, "a")]), pd.arrays.SparseArray([0, 1]), dt.timedelta(1), np.float64(1.0),
        pd.Series([1.0], dtype="float32"), pd.Series(["a"], dtype="string"), pd.Series(["a"], dtype=object),
    ]  # fmt: skip
    exact = empty()
    for value in values:
        for module, name in names_in(value):
            if module.split(".")[0] == "pandas":
                exact[use_of(module, name)][module].add(name)
    older = {
        "class": {
            "pandas.core.internals.managers": "BlockManager SingleBlockManager",
            "pandas.core.indexes.numeric": "Int64Index Float64Index UInt64Index",
            "pandas.core.indexes.base": "Index",
            "pandas.core.indexes.range": "RangeIndex",
            "pandas.core.frame": "DataFrame",
            "pandas.core.series": "Series",
        },
        "call": {
            "pandas._libs.internals": "_unpickle_block",
            "pandas.core.internals.blocks": "new_block",
            "pandas.core.indexes.base": "_new_Index",
            "pandas.core.indexes.datetimes": "_new_DatetimeIndex",
            "pandas.core.indexes.period": "_new_PeriodIndex",
        },
    }
    for use, modules in older.items():
        for module, names in modules.items():
            exact[use][module] |= set(names.split())
    return exact


def booster_names() -> Names:
    """What fitted models of LightGBM name."""
    import lightgbm
    import numpy as np

    x = np.arange(80.0).reshape(40, 2)
    model = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(x, x[:, 0] > x.mean())
    exact = empty()
    for module, name in names_in(model):
        if module.split(".")[0] == "lightgbm":
            exact[use_of(module, name)][module].add(name)
    return exact


def empty() -> Names:
    """No names yet."""
    return {"class": defaultdict(set), "call": defaultdict(set), "value": defaultdict(set)}


def merged(*parts: Names) -> Mapping[str, Mapping[str, list[str]]]:
    """Exact names of several packages, sorted."""
    whole = empty()
    for part in parts:
        for use, modules in part.items():
            for module, names in modules.items():
                whole[use][module] |= names
    return {use: {m: sorted(names) for m, names in sorted(modules.items())} for use, modules in whole.items()}


def main() -> None:
    """Writes the list."""
    versions = {
        name: importlib.import_module(name).__version__
        for name in ("sklearn", "torch", "numpy", "scipy", "pandas", "lightgbm")
    }
    families = {"sklearn": sklearn_names()}
    pinned = {
        "versions": versions,
        "exact": merged(torch_names(), array_names(), pandas_names(), booster_names()),
        "families": families,
        "stdlib": sorted(set(sys.stdlib_module_names) | set(OTHER_STDLIB.split())),
    }
    OUT.write_text(json.dumps(pinned, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(
        f"{OUT.name}: {sum(len(v) for v in pinned['exact']['class'].values())} exact classes, "
        f"{len(families['sklearn']['class'])} of scikit-learn, {len(pinned['stdlib'])} standard modules"
    )


if __name__ == "__main__":
    main()
