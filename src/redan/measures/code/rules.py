"""What must not be loaded from data: functions, options and methods, each with the reason and the remedy.

Sources: CWE-502 (deserialisation of untrusted data), CWE-95 (evaluated code); CVE-2025-9905 (`.h5` ignores safe mode),
CVE-2025-1550 (Keras configuration); the documentation of the libraries named.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Rule(NamedTuple):
    """Why something is dangerous and what to use instead.

    Args:
        id: short, stable name.
        why: a clause that follows the name of the function.
        fix: one sentence.
    """

    id: str
    why: str
    fix: str


_SAFE = "Keep weights as safetensors or ONNX, tables as Parquet and settings as JSON"
PICKLE = Rule("pickle", "runs whatever code the data holds", f"{_SAFE}; load models through redan.models.")
MARSHAL = Rule("marshal", "reads byte code and may crash on forged data", f"{_SAFE}.")
TORCH = Rule(
    "torch-load", "is not told weights_only=True, so it may unpickle", "Pass weights_only=True, or use safetensors."
)
WEIGHTS = Rule(
    "weights-only", "is told weights_only=False, so it unpickles", "Pass weights_only=True, or use safetensors."
)
PROGRAM = Rule("model-program", "loads a program with the model", "Load weights into a model class of your own.")
NUMPY = Rule(
    "numpy-pickle", "is told allow_pickle, so it unpickles", "Keep arrays of numbers, and leave allow_pickle at False."
)
HDF = Rule("hdf-pickle", "unpickles the objects of the file", "Keep tables as Parquet.")
KERAS = Rule("keras-unsafe", "is told to run code that the model brings", "Leave safe_mode on and custom_objects out.")
KERAS_H5 = Rule("keras-h5", "reads a format for which safe mode is not in force", "Save the model as .keras.")
YAML = Rule("yaml", "may build any Python object from the text", "Use yaml.safe_load.")
EVAL = Rule("evaluated-code", "runs text as code", "Parse the text, for instance with json or ast.literal_eval.")
IMPORT = Rule("computed-import", "runs a module that data may name", "Choose from a fixed table of modules.")
FILE_CODE = Rule("code-from-file", "runs code from a place that is not fixed", "Import modules of the project.")
REMOTE = Rule("remote-code", "runs code that comes with the model", "Leave trust_remote_code out and vendor the class.")
HUB = Rule("hub-code", "fetches code and runs it", "Vendor the model class and load its weights.")
TENSORS = Rule("no-safetensors", "is told to read pickled weights", "Leave use_safetensors at its default or True.")
NATIVE = Rule("native-code", "loads machine code that is not fixed", "Load libraries of installed packages only.")
SKOPS = Rule("skops-trusted", "trusts whatever types the file names", "List the trusted types by name.")
MLFLOW = Rule("mlflow", "unpickles the model or imports its code", "Load the model's own safe format.")
REDAN = Rule("unsafe-option", "is told to skip the verification", "Leave the unsafe_ option out.")
HIDDEN = Rule("hidden-name", "is fetched by a name that is computed", "Call the function by its name.")

# Other places of the same modules; the longest prefix counts.
SAME: Mapping[str, str] = MappingProxyType(
    {
        "_pickle": "pickle",
        "cPickle": "pickle",
        "pickle5": "pickle",
        "six.moves.cPickle": "pickle",
        "pandas.io.pickle": "pandas",
        "pandas.io.pytables": "pandas",
        "numpy.lib.npyio": "numpy",
        "numpy.lib._npyio_impl": "numpy",
        "jax.numpy": "numpy",
        "sklearn.externals.joblib": "joblib",
        "sklearn.utils._joblib": "joblib",
        "joblib.numpy_pickle": "joblib",
        "torch.serialization": "torch",
        "tensorflow.keras": "keras",
        "tensorflow.python.keras": "keras",
        "tf_keras": "keras",
        "keras.src": "keras",
        "keras.saving": "keras.models",
        "keras.saving.save": "keras.models",
        "keras.saving.saving_api": "keras.models",
        "keras.saving.saving_lib": "keras.models",
        "keras.api.models": "keras.models",
        "yaml.loader": "yaml",
        "yaml.cyaml": "yaml",
        "dill._dill": "dill",
        "cloudpickle.cloudpickle": "cloudpickle",
        "jsonpickle.unpickler": "jsonpickle",
        "skops.io._persist": "skops.io",
        "skops.io._visualize": "skops.io",
    }
)

# Dangerous however they are called: a mere reference is enough.
ALWAYS: Mapping[str, Rule] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "pickle.load",
                "pickle.loads",
                "pickle.Unpickler",
                "pickle._load",
                "pickle._loads",
                "pickle._Unpickler",
                "dill.load",
                "dill.loads",
                "dill.load_session",
                "dill.load_module",
                "dill.load_module_asdict",
                "dill.Unpickler",
                "cloudpickle.load",
                "cloudpickle.loads",
                "joblib.load",
                "shelve.open",
                "shelve.Shelf",
                "shelve.DbfilenameShelf",
                "pandas.read_pickle",
                "pandas.compat.pickle_compat.load",
                "jsonpickle.decode",
                "jsonpickle.loads",
                "jsonpickle.Unpickler",
                "hickle.load",
                "compress_pickle.load",
                "compress_pickle.loads",
                "srsly.pickle_loads",
                "pyarrow.deserialize",
                "multiprocessing.reduction.ForkingPickler.loads",
                "statsmodels.api.load",
                "statsmodels.iolib.smpickle.load_pickle",
                "pycaret.classification.load_model",
                "pycaret.regression.load_model",
            ),
            PICKLE,
        ),
        **dict.fromkeys(("marshal.load", "marshal.loads"), MARSHAL),
        **dict.fromkeys(("pandas.read_hdf", "pandas.HDFStore"), HDF),
        **dict.fromkeys(("torch.jit.load", "torch.package.PackageImporter"), PROGRAM),
        **dict.fromkeys(("torch.hub.load", "torch.hub.help"), HUB),
        **dict.fromkeys(("keras.models.model_from_yaml", "keras.config.enable_unsafe_deserialization"), KERAS),
        **dict.fromkeys(
            ("yaml.unsafe_load", "yaml.unsafe_load_all", "yaml.full_load", "yaml.full_load_all", "yaml.UnsafeLoader"),
            YAML,
        ),
        **dict.fromkeys(
            (
                "tensorflow.load_op_library",
                "tensorflow.load_library",
                "torch.ops.load_library",
                "torch.classes.load_library",
            ),
            NATIVE,
        ),
        **dict.fromkeys(("imp.load_source", "imp.load_compiled"), FILE_CODE),
    }
)
# (first part, last part) of dotted names whose middle varies between versions.
FAMILIES: Mapping[tuple[str, str], Rule] = MappingProxyType(
    {
        ("mlflow", "load_model"): MLFLOW,
        ("mlflow", "load_pyfunc"): MLFLOW,
        ("mlflow", "spark_udf"): MLFLOW,
        ("fastai", "load_learner"): PICKLE,
        ("pycaret", "load_model"): PICKLE,
        ("keras", "enable_unsafe_deserialization"): KERAS,
    }
)
# Modules of which a computed attribute may be anything.
LOADERS = frozenset({"pickle", "dill", "cloudpickle", "marshal", "joblib", "builtins", "yaml", "torch", "jsonpickle"})
# Methods that are dangerous whatever they are called on.
METHODS: Mapping[str, Rule] = MappingProxyType(
    {
        "register_custom_ops_library": NATIVE,
        "pickleFile": PICKLE,
        "enable_unsafe_deserialization": KERAS,
    }
)
# Fine when the first argument is a fixed text.
FIXED_TEXT: Mapping[str, Rule] = MappingProxyType(
    {
        "builtins.eval": EVAL,
        "builtins.exec": EVAL,
        "builtins.compile": EVAL,
        "pandas.eval": EVAL,
        "importlib.import_module": IMPORT,
        "importlib.__import__": IMPORT,
        "builtins.__import__": IMPORT,
        "pkgutil.resolve_name": IMPORT,
        "runpy.run_path": FILE_CODE,
        "runpy.run_module": FILE_CODE,
        "ctypes.CDLL": NATIVE,
        "ctypes.PyDLL": NATIVE,
        "ctypes.cdll.LoadLibrary": NATIVE,
    }
)
# Fine when the second argument is a fixed text.
FIXED_PATH = frozenset({"importlib.util.spec_from_file_location", "importlib.machinery.SourceFileLoader"})
SAFE_LOADERS = frozenset({"yaml.SafeLoader", "yaml.CSafeLoader", "yaml.BaseLoader", "yaml.CBaseLoader"})
