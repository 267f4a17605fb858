"""skops files: what skops trusts by itself is clean, everything else is told."""

import io
import json
import zipfile

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from redan.scan import scan_bytes
from scan_samples import rules, verdict

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 3)), RNG.integers(0, 2, 40)


TREE = {"sklearn.tree._tree.Tree"}


def packed(schema, **members):
    """A skops file with a schema of one's own."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, data in members.items():
            made.writestr(name, data)
        made.writestr("schema.json", json.dumps(schema))
    return buffer.getvalue()


def node(loader, module, cls, **more):
    return {
        "__class__": cls,
        "__module__": module,
        "__loader__": loader,
        "protocol": 2,
        "_skops_version": "0.16.0",
        **more,
    }


MODELS = {
    "logistic regression": LogisticRegression(),
    "forest": RandomForestClassifier(n_estimators=3, random_state=0),
    "tree": DecisionTreeClassifier(),
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
    "encoder": make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()),
}


@pytest.mark.parametrize("name", MODELS)
def test_models_that_skops_trusts_are_clean(name):
    """Real fitted models whose untrusted set is empty are clean, and the other way round."""
    data = skops.io.dumps(MODELS[name].fit(X, Y))
    # Trees are numbers that scikit-learn believes: no code; skops asks since 0.14, this scan does not, as in pickles.
    assert set(skops.io.get_untrusted_types(data=data)) <= TREE
    found = scan_bytes(data, "m.skops")
    assert (found.format, found.verdict.value) == ("skops", "clean"), found.detections


@pytest.mark.parametrize(
    "model",
    [
        FunctionTransformer(np.load),
        GradientBoostingClassifier(n_estimators=2),
        SGDClassifier(),
        make_pipeline(FunctionTransformer(np.fromfile)),
    ],
)
def test_a_model_that_skops_does_not_trust_is_never_clean(model):
    """Where skops asks for `trusted=`, the file is not clean."""
    data = skops.io.dumps(model.fit(X, Y) if hasattr(model, "fit") else model)
    if set(skops.io.get_untrusted_types(data=data)) - TREE:
        assert verdict(data, "m.skops") != "clean"


HOSTILE = {
    "CVE-2024-37065": node("ObjectNode", "os", "system", content=None),
    "type of a module": node("TypeNode", "subprocess", "Popen"),
    "function of a module": node("FunctionNode", "os", "system"),
    "constructor of anything": node(
        "ConstructorFromReduceNode", "subprocess", "Popen", content=node("TupleNode", "builtins", "tuple", content=[])
    ),
    "CVE-2025-54412": node(
        "OperatorFuncNode", "operator", "methodcaller", attrs=node("TupleNode", "builtins", "tuple", content=[])
    ),
    "CVE-2025-54412 elsewhere": node(
        "OperatorFuncNode", "builtins", "eval", attrs=node("TupleNode", "builtins", "tuple", content=[])
    ),
    "CVE-2025-54413": node(
        "MethodNode",
        "sklearn.linear_model",
        "LogisticRegression",
        content={"func": "__class__", "obj": node("ObjectNode", "sklearn.linear_model", "LogisticRegression")},
    ),
    "CVE-2025-54413 other owner": node(
        "MethodNode", "builtins", "str", content={"func": "format", "obj": node("TypeNode", "os", "system")}
    ),
    "member outside": node("NdArrayNode", "numpy", "ndarray", type="numpy", file="../../x.npy"),
    "deep": node(
        "ListNode",
        "builtins",
        "list",
        content=[node("DictNode", "builtins", "dict", content={"a": node("FunctionNode", "builtins", "eval")})],
    ),
}
UNKNOWN = {
    "custom class": node("ObjectNode", "my_package", "Mine"),
    "custom function": node("FunctionNode", "my_package", "mine"),
    "function that reads": node("FunctionNode", "numpy", "load"),
    "bound method": node(
        "MethodNode",
        "sklearn.linear_model",
        "LogisticRegression",
        content={"func": "predict", "obj": node("ObjectNode", "sklearn.linear_model", "LogisticRegression")},
    ),
    "getter": node(
        "OperatorFuncNode", "operator", "attrgetter", attrs=node("TupleNode", "builtins", "tuple", content=[])
    ),
    "partial": node("PartialNode", "functools", "partial", content={}),
    "kind of node that is new": node("NewNode", "builtins", "list"),
    "class of another node": node("ListNode", "collections", "deque", content=[]),
    "predictor with raw indices": node(
        "ObjectNode", "sklearn.ensemble._hist_gradient_boosting.predictor", "TreePredictor"
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_schemas_are_malicious(name):
    """CVE-2024-37065, CVE-2025-54412, CVE-2025-54413, inert, alone and inside a list."""
    assert verdict(packed(HOSTILE[name]), "m.skops") == "malicious"
    inside = node("ListNode", "builtins", "list", content=[{k: v for k, v in HOSTILE[name].items() if k != "protocol"}])
    assert verdict(packed(inside), "m.skops") == "malicious"


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_types_are_not_understood(name):
    """What needs `trusted=` is not understood."""
    assert verdict(packed(UNKNOWN[name]), "m.skops") == "not-understood"


def test_members_are_read():
    """An object array beside the schema is a pickle, whatever the schema says of it."""
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}], dtype=object), allow_pickle=True)
    schema = node("NdArrayNode", "numpy", "ndarray", type="numpy", file="1.npy")
    plain = io.BytesIO()
    np.save(plain, np.ones(3))
    assert rules(packed(schema, **{"1.npy": plain.getvalue()})) == set()
    bad = buffer.getvalue().replace(b"\x80", b"cos\nsystem\n(S'true'\ntR.\x80", 1)
    assert verdict(packed(schema, **{"1.npy": bad})) == "malicious"


def test_cve_2025_54886_another_format_under_the_name_is_read():
    """CVE-2025-54886: a pickle that is called .skops is read as a pickle."""
    assert verdict(b"cos\nsystem\n(S'true'\ntR.", "m.skops") == "malicious"
