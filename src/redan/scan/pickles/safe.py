"""Names that are safe to import and, each in its own way, to use; kept by hand, with the reason beside each group.

`class`: may be instantiated and given a state. `call`: a function that may be called. `value`: may only be held.
"""

from collections.abc import Iterator

from redan.scan.pickles.values import Standing

# Builtin types and constants; each builds plain data of its arguments.
_BUILTIN_CLASSES = (
    "object bool int float complex str bytes bytearray list tuple dict set frozenset slice range"
    " Exception ValueError TypeError KeyError IndexError RuntimeError AttributeError NotImplementedError"
    " ArithmeticError OverflowError ZeroDivisionError StopIteration"
)
_BUILTIN_VALUES = "Ellipsis NotImplemented len abs min max sum round"
# Protocol machinery; `rules.py` looks at the arguments.
_MACHINERY = (
    ("builtins", "type"),
    ("copyreg", "_reconstructor __newobj__ __newobj_ex__"),
    ("_codecs", "encode"),
    ("functools", "partial"),
)
_STDLIB_CLASSES = (
    ("collections", "OrderedDict defaultdict Counter deque"),
    ("datetime", "date time datetime timedelta timezone"),
    ("decimal", "Decimal"),
    ("fractions", "Fraction"),
    ("uuid", "UUID SafeUUID"),
    ("pathlib", "PurePath PurePosixPath PureWindowsPath Path PosixPath WindowsPath"),
    ("pathlib._local", "PurePath PurePosixPath PureWindowsPath Path PosixPath WindowsPath"),
    ("argparse", "Namespace"),
    ("types", "SimpleNamespace"),
    ("random", "Random"),
    ("ipaddress", "IPv4Address IPv6Address IPv4Network IPv6Network"),
    ("array", "array"),
    ("zoneinfo", "ZoneInfo"),
)
_STDLIB_CALLS = (
    ("array", "_array_reconstructor"),
    ("zoneinfo", "ZoneInfo._unpickle"),
    ("re", "_compile"),
    ("logging", "getLogger"),  # makes or finds a logger by name; handlers are not touched
    ("itertools", "count"),
    ("pytz", "_UTC _p"),
)
# Functions that are safe with some arguments alone; handed to another function, nobody sees what they are called with.
GUARDED = frozenset(
    {
        "_codecs.encode",
        "_pickle.loads",
        "builtins.getattr",
        "builtins.type",
        "copyreg.__newobj__",
        "copyreg.__newobj_ex__",
        "copyreg._reconstructor",
        "functools.partial",
        "numpy._core._ufunc_reconstruct",
        "numpy._core.multiarray._reconstruct",
        "numpy.core._internal._reconstruct",
        "numpy.core._ufunc_reconstruct",
        "numpy.core.multiarray._reconstruct",
        "numpy.random.__RandomState_ctor",
        "numpy.random._pickle.__generator_ctor",
        "numpy.random._pickle.__randomstate_ctor",
        "pickle.loads",
        "torch._tensor._rebuild_from_type",
        "torch._tensor._rebuild_from_type_v2",
        "torch.storage._load_from_bytes",
        "torch.tensor._rebuild_from_type",
        "torch.tensor._rebuild_from_type_v2",
    }
)
# Rebuild arrays, scalars, dtypes and random states; memory safety is NumPy's own.
_NUMPY_CALLS = (
    ("numpy.core.multiarray", "_reconstruct scalar"),
    ("numpy._core.multiarray", "_reconstruct scalar"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy.core._internal", "_reconstruct"),
    ("numpy.core", "_ufunc_reconstruct"),
    ("numpy._core", "_ufunc_reconstruct"),
    ("numpy.core._internal", "_convert_to_stringdtype_kwargs"),
    ("numpy._core._internal", "_convert_to_stringdtype_kwargs"),
    ("numpy.ma.core", "_mareconstruct"),
    ("numpy.random", "__RandomState_ctor"),
    ("numpy.random._pickle", "__randomstate_ctor __generator_ctor __bit_generator_ctor"),
    ("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence __pyx_unpickle_SeedlessSeedSequence"),
)
_NUMPY_CLASSES = (
    ("numpy", "ndarray dtype matrix recarray record poly1d"),
    ("numpy.ma.core", "MaskedArray mvoid MaskedConstant"),
    ("numpy.ma", "MaskedArray"),
    ("numpy.matrixlib.defmatrix", "matrix"),
    ("numpy.rec", "recarray record"),
    ("numpy.core.records", "recarray record"),
    ("numpy._core.records", "recarray record"),
    ("numpy.random._mt19937", "MT19937"),
    ("numpy.random._pcg64", "PCG64 PCG64DXSM"),
    ("numpy.random._philox", "Philox"),
    ("numpy.random._sfc64", "SFC64"),
    ("numpy.random.bit_generator", "SeedSequence SeedlessSeedSequence"),
    ("numpy.random.mtrand", "RandomState"),
    ("numpy.random._generator", "Generator"),
    ("numpy.polynomial.polynomial", "Polynomial"),
    ("numpy.polynomial.chebyshev", "Chebyshev"),
    ("numpy.polynomial.hermite", "Hermite"),
    ("numpy.polynomial.hermite_e", "HermiteE"),
    ("numpy.polynomial.laguerre", "Laguerre"),
    ("numpy.polynomial.legendre", "Legendre"),
)
# Joblib writes arrays beside the pickle; joblib_arrays.py follows them.
_JOBLIB_CLASSES = (
    ("joblib.numpy_pickle", "NumpyArrayWrapper"),
    ("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper"),
    ("dateutil.tz.tz", "tzutc tzoffset"),
)
# What weights_only of torch refuses or renames, but full checkpoints hold.
_TORCH_CALLS = (
    ("torch.storage", "_load_from_bytes"),  # rules.py: its bytes are read as a file of torch
    ("torch._utils", "_rebuild_xla_tensor _rebuild_mlc_tensor _rebuild_device_tensor_from_numpy"),
    ("torch.jit._pickle", "build_intlist build_tensorlist build_doublelist build_boollist build_tensor_from_id"),
    ("torch.jit._pickle", "restore_type_tag"),
    ("torch", "device Size dtype"),
    ("torch._tensor", "_rebuild_from_type_v2 _rebuild_from_type"),
    ("torch.tensor", "_rebuild_from_type_v2 _rebuild_from_type"),
)
# Columns of text are kept by Arrow in current pandas.
_ARROW_CALLS = (("pyarrow.lib", "_restore_array type_for_alias py_buffer chunked_array"),)
_SCIPY_CLASSES = (
    ("scipy.interpolate._bsplines", "BSpline"),
    ("scipy.interpolate._cubic", "CubicSpline PchipInterpolator Akima1DInterpolator CubicHermiteSpline"),
    ("scipy.interpolate._interpolate", "PPoly BPoly"),
    ("scipy.spatial.transform._rotation", "Rotation"),
    ("scipy.stats._kde", "gaussian_kde"),
)
# Frequencies of dates; what is left out takes functions or calendars of others.
_PANDAS_CLASSES = (
    (
        "pandas._libs.tslibs.offsets",
        "Day Hour Minute Second Milli Micro Nano BusinessDay BusinessHour MonthBegin MonthEnd BusinessMonthBegin"
        " BusinessMonthEnd SemiMonthBegin SemiMonthEnd QuarterBegin QuarterEnd BQuarterBegin BQuarterEnd HalfYearBegin"
        " HalfYearEnd BHalfYearBegin BHalfYearEnd YearBegin YearEnd BYearBegin BYearEnd Week WeekOfMonth"
        " LastWeekOfMonth Easter FY5253 FY5253Quarter",
    ),
    ("pandas", "IntervalIndex PeriodIndex TimedeltaIndex Timedelta Timestamp"),
)
_MORE_CALLS = (
    ("pandas.core.indexes.timedeltas", "_new_TimedeltaIndex"),
    ("sklearn._loss._loss", "__pyx_unpickle_CyHalfMultinomialLoss"),
    ("sklearn.linear_model._sgd_fast", "__pyx_unpickle_Classification __pyx_unpickle_Regression"),
)
_VALUES = (
    ("numpy", "mean median sum std var max min average amax amin prod ptp log1p expm1 nan_to_num ravel squeeze"),
    ("scipy._lib.array_api_compat.numpy._aliases", "asarray"),
)
# Boosters hand their bytes to a native parser; nothing in them is Python.
_BOOSTER_CLASSES = (
    ("lightgbm.basic", "Booster Dataset"),
    ("lightgbm.sklearn", "LGBMModel LGBMClassifier LGBMRegressor LGBMRanker"),
    ("xgboost.core", "Booster"),
    ("xgboost.sklearn", "XGBModel XGBClassifier XGBRegressor XGBRanker XGBRFClassifier XGBRFRegressor"),
    ("catboost.core", "CatBoost CatBoostClassifier CatBoostRegressor CatBoostRanker"),
)


def entries() -> Iterator[tuple[str, str, Standing]]:
    """Module, name and use of every name of this list."""
    yield from _spread((("builtins", _BUILTIN_CLASSES),), Standing.CLASS)
    yield from _spread((("builtins", _BUILTIN_VALUES),), Standing.VALUE)
    yield from _spread(_VALUES, Standing.VALUE)
    calls = (*_MACHINERY, *_STDLIB_CALLS, *_NUMPY_CALLS, *_TORCH_CALLS, *_ARROW_CALLS, *_MORE_CALLS)
    yield from _spread(calls, Standing.CALL)
    classes = (*_STDLIB_CLASSES, *_NUMPY_CLASSES, *_JOBLIB_CLASSES, *_BOOSTER_CLASSES, *_SCIPY_CLASSES)
    yield from _spread((*classes, *_PANDAS_CLASSES), Standing.CLASS)


def _spread(group: tuple[tuple[str, str], ...], use: Standing) -> Iterator[tuple[str, str, Standing]]:
    for module, names in group:
        for name in names.split():
            yield module, name, use
