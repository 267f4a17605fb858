"""The schema of a skops file: which objects it builds, by which kind of node.

Source: skops 0.16 `skops.io` (kinds of nodes and trusted types); CVE-2024-37065, CVE-2025-54412, CVE-2025-54413,
CVE-2025-54886. skops refuses what it does not trust; here those types are not understood, except objects of
scikit-learn that only hold data, which old versions of skops ask about, too.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from redan.scan.contract import Context, Format
from redan.scan.formats import strict_json
from redan.scan.formats.gadgets import dangerous
from redan.scan.pickles.names import judge
from redan.scan.pickles.values import Standing
from redan.scan.records import Detection
from redan.scan.region import Region
from redan.scan.say import Voice, shown, words

if TYPE_CHECKING:
    from redan.canon import Json

_ARRAYS = (
    r"numpy\.(?:ndarray|matrix|memmap|recarray|dtype|bool_?|[a-z]+\d+|str_|bytes_|intc|uintc|longlong|ulonglong|"
    r"longdouble|clongdouble|datetime64|timedelta64)"
)
# What each kind of node may build without being asked about.
_PLAIN = {
    "DictNode": r"builtins\.dict|collections\.OrderedDict",
    "DefaultDictNode": r"collections\.defaultdict",
    "ListNode": r"builtins\.list",
    "SetNode": r"builtins\.set",
    "TupleNode": r"builtins\.tuple",
    "BytesNode": r"builtins\.bytes",
    "BytearrayNode": r"builtins\.bytearray",
    "SliceNode": r"builtins\.slice",
    "JsonNode": r"builtins\.(?:str|int|float|bool|NoneType|list|dict|tuple)",
    "NdArrayNode": _ARRAYS,
    "MaskedArrayNode": r"numpy\.ma(?:\.core)?\.MaskedArray",
    "DTypeNode": r"numpy(?:\.dtypes?)?\.[A-Za-z]*[dD][tT]ype(?:\[.*\])?|numpy\.dtype",
    "RandomStateNode": r"numpy\.random(?:\.mtrand)?\.RandomState",
    "RandomGeneratorNode": r"numpy\.random(?:\._generator)?\.Generator",
    "SparseMatrixNode": r"scipy\.sparse(?:\._[a-z]+)?\.(?:bsr|coo|csc|csr|dia|dok|lil|sp)(?:_matrix|_array|matrix)",
    "TreeNode": r"sklearn\.tree\._tree\.Tree",
    "TypeNode": rf"builtins\.(?:int|float|str|bool|list|set|map|tuple)|{_ARRAYS}",
    "FunctionNode": r"numpy\.[a-z][a-z0-9_]*|scipy\.special(?:\._[a-z_]+)?\.[a-z][a-z0-9_]*",
    "ObjectNode": (
        r"sklearn\.(?:base|calibration|cluster|compose|covariance|cross_decomposition|decomposition|discriminant_analysis|"
        r"dummy|ensemble|feature_extraction|feature_selection|gaussian_process|impute|isotonic|kernel_approximation|"
        r"kernel_ridge|linear_model|manifold|mixture|model_selection|multiclass|multioutput|naive_bayes|neighbors|"
        r"neural_network|pipeline|preprocessing|random_projection|semi_supervised|svm|tree|_loss|experimental)"
        r"(?:\.[a-z_]+)*\.[A-Z]\w*|sklearn\.ensemble\._hist_gradient_boosting\.binning\._BinMapper"
    ),
    "ConstructorFromReduceNode": r"sklearn\._loss\._loss\.Cy\w+|sklearn\.linear_model\._sgd_fast\.\w+",
}
_SGD = r"sklearn\.(?:linear_model\._sgd_fast|_loss\._loss|_loss\.loss)\.\w+"
_PLAIN["SGDNode"] = _PLAIN["ReduceNode"] = _PLAIN["LossNode"] = _SGD
_LEADING = words("CachedNode")
_NOT_PLAIN = words("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor")
_USES = {"ObjectNode": Standing.CLASS, "DictNode": Standing.CLASS, "FunctionNode": Standing.VALUE}
# Names of numpy that are functions with effects: they read files or evaluate text.
_NUMPY_EFFECTS = words(
    "load save fromfile tofile memmap loadtxt savetxt genfromtxt fromregex savez info test show_config lookfor "
    "source who apply_along_axis vectorize frompyfunc fromfunction piecewise"
)
_REMEDY = "Load it with skops 0.13 or later, and name in trusted= only types whose code you have read."


def looks_like(value: "Json") -> bool:
    """Whether a JSON value is the schema of a skops file."""
    return isinstance(value, dict) and "__loader__" in value and "__class__" in value and "__module__" in value


def examine(value: "Json", say: Voice) -> Iterator[Detection]:
    """Detections of every node of a schema."""
    seen: set[tuple[str, str, str]] = set()
    for path, here in strict_json.walk(value):
        if isinstance(here, dict) and "__loader__" in here:
            node = tuple(str(here.get(key)) for key in ("__loader__", "__module__", "__class__"))
            kind, module, cls = node
            if (kind, module, cls) not in seen or kind in {"MethodNode", "NdArrayNode"}:
                seen.add((kind, module, cls))
                yield from _node(kind, f"{module}.{cls}", here, path, say)


def _node(kind: str, name: str, here: "dict[str, Json]", path: str, say: Voice) -> Iterator[Detection]:
    where = f"at {shown(path)}"
    file = here.get("file")
    if isinstance(file, str) and not re.fullmatch(r"[\w\-.]{1,200}", file):
        yield say.bad(
            "skops-member", f"The node {where} reads a member whose name leaves the archive.", reference="CWE-22"
        )
    if kind in _LEADING:
        return
    if kind == "OperatorFuncNode":
        yield _operator(name, where, say)
    elif kind == "MethodNode":
        yield _method(here, where, say)
    elif kind == "PartialNode" and name == "functools.partial":
        yield say.unclear("skops-type", f"A PartialNode {where} binds arguments to a function.", remedy=_REMEDY)
    elif kind != "FunctionNode" and _is_plain(kind, name):  # types of builtins are data here, its functions never
        return
    elif dangerous(name) or ".." in name or name.count("__") > 1:
        yield say.bad(
            "skops-type", f"A {shown(kind)} {where} builds `{shown(name)}`.", reference="CVE-2024-37065", remedy=_REMEDY
        )
    elif not _is_plain(kind, name):
        yield say.unclear(
            "skops-type",
            f"A {shown(kind)} {where} builds `{shown(name)}`, which is not on the list of types that only hold data.",
            reference="CWE-502",
            remedy=_REMEDY,
        )


def _is_plain(kind: str, name: str) -> bool:
    pattern = _PLAIN.get(kind)
    if name in _NOT_PLAIN:
        return False
    if pattern is None or not re.fullmatch(pattern, name):
        return _as_in_pickles(kind, name)
    return kind != "FunctionNode" or name.rpartition(".")[2] not in _NUMPY_EFFECTS


def _as_in_pickles(kind: str, name: str) -> bool:
    """Whether a pickle of the same object would be clean: skops makes and fills it in the same way."""
    module, _, cls = name.rpartition(".")
    use = _USES.get(kind)
    return use is not None and module.startswith(("sklearn.", "scipy.")) and judge(module, cls).standing is use


def _operator(name: str, where: str, say: Voice) -> Detection:
    if name.startswith(("operator.", "_operator.")) and name.rpartition(".")[2] in {"attrgetter", "itemgetter"}:
        return say.unclear(
            "skops-operator", f"The node {where} builds `{name}`.", reference="CVE-2025-54412", remedy=_REMEDY
        )
    return say.bad(
        "skops-operator",
        f"An OperatorFuncNode {where} calls `{shown(name)}` with arguments of the file.",
        reference="CVE-2025-54412",
        remedy=_REMEDY,
    )


def _method(here: "dict[str, Json]", where: str, say: Voice) -> Detection:
    content = here.get("content")
    name = content.get("func") if isinstance(content, dict) else None
    owner = content.get("obj") if isinstance(content, dict) else None
    same = isinstance(owner, dict) and all(owner.get(k) == here.get(k) for k in ("__module__", "__class__"))
    if not isinstance(name, str) or name.startswith("_") or not same:
        return say.bad(
            "skops-method",
            f"A MethodNode {where} reaches an attribute that its stated type does not explain.",
            reference="CVE-2025-54413",
            remedy=_REMEDY,
        )
    return say.unclear(
        "skops-method",
        f"A MethodNode {where} binds the method `{shown(name)}`.",
        reference="CVE-2025-54413",
        remedy=_REMEDY,
    )


def recognise(region: Region, name: str) -> bool:  # noqa: ARG001 -- content decides, as Format asks
    """Whether a zip file names `schema.json` in its directory, at its end."""
    return region.upto(0, 2) == b"PK" and b"schema.json" in region.upto(max(0, region.size - (1 << 20)), 1 << 20)


def read(_region: Region, _context: Context) -> Iterator[Detection]:
    """Nothing more than the reader of zip files finds: the reader of JSON gets `schema.json` and calls `examine`."""
    return iter(())


FORMAT = Format(name="skops", recognise=recognise, read=read, refines="zip")
