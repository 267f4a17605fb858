"""Every way by which a dangerous function gets called is found, and harmless code is left alone."""

import ast
import importlib.util
import sysconfig
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.measures.code import rules
from redan.measures.code.loading import canonical_name, loading
from redan.measures.code.names import names_of
from redan.measures.code.source import read_source

FUZZ = Path(__file__).resolve().parents[3] / "fuzz" / "fuzz_pipeline_code.py"
BAD = """\
import pickle; pickle.load(f)
from pickle import load as ld; ld(f)
import _pickle as x; x.loads(b)
import six.moves.cPickle as c; c.loads(b)
import dill as d; d.load(f)
import joblib; m = joblib.load("m")
from sklearn.externals import joblib as j; j.load("m")
import shelve; shelve.open("x")
import marshal; marshal.loads(b)
import torch; torch.load("m.pt")
import torch; torch.load("m.pt", weights_only=False)
import torch; torch.load("m.pt", weights_only=flag)
import torch; torch.load("m.pt", **options)
import torch; list(map(torch.load, ps))
import torch as t; f = t.load; f("x")
from torch.serialization import load; load("x")
import torch; torch.jit.load("m.ts")
import torch; torch.package.PackageImporter("p")
import numpy as np; np.load("x", allow_pickle=True)
import numpy as np; np.load("x", allow_pickle=flag)
import numpy as np; np.load("x", None, True)
import numpy as np; np.load("x", **kw)
import numpy; numpy.lib.format.read_array(f, allow_pickle=True)
import keras; keras.models.load_model("m.keras", safe_mode=False)
import keras; keras.saving.load_model("m.keras", custom_objects=objects)
from tensorflow import keras; keras.models.load_model("m.h5")
import tensorflow as tf; tf.keras.models.load_model(p, custom_objects={"A": A})
import keras; keras.config.enable_unsafe_deserialization()
import yaml; yaml.load(f)
import yaml; yaml.load(f, Loader=yaml.FullLoader)
import yaml; yaml.load(f, yaml.Loader)
import yaml; yaml.load(f, Loader=loader)
import yaml; yaml.full_load(f)
import yaml; yaml.unsafe_load(f)
import pandas as pd; pd.read_pickle("x")
import pandas; pandas.read_hdf("x")
eval(row)
exec(open("x").read())
list(map(eval, rows))
compile(s, "f", "exec")
import pandas as pd; pd.eval(text)
m = AutoModel.from_pretrained("x", trust_remote_code=True)
m = AutoModel.from_pretrained("x", trust_remote_code=flag)
m = AutoModel.from_pretrained("x", use_safetensors=False)
kw = {"trust_remote_code": True}
import torch; torch.hub.load("a/b", "c")
o.register_custom_ops_library(p)
register = o.register_custom_ops_library
import mlflow; mlflow.pyfunc.load_model("x")
import mlflow.sklearn; mlflow.sklearn.load_model("x")
import skops.io as sio; sio.load("x", trusted=True)
import skops.io as sio; u = sio.get_untrusted_types(file="x"); sio.load("x", trusted=u)
import importlib; importlib.import_module(name)
import importlib; importlib.import_module(f"os.{name}")
import importlib; importlib.import_module(f"churn{name}")
import importlib; importlib.import_module("pick" + "le").load(f)
import importlib; importlib.import_module("elkcip"[::-1]).load(f)
import importlib; importlib.import_module("".join(["pick", "le"])).load(f)
import importlib; importlib.import_module(f"{'pickle'}").load(f)
__import__("pickle").loads(b)
import pickle; getattr(pickle, "lo" + "ads")(b)
import pickle; getattr(pickle, n)(b)
import pickle; pickle.__dict__["loads"](b)
import pickle; vars(pickle)["loads"](b)
import sys; sys.modules["pickle"].loads(b)
import functools, pickle; g = functools.partial(pickle.load); g(f)
import functools, torch; torch.load = functools.partial(torch.load, weights_only=False)
from functools import partial; import numpy; load = partial(numpy.load, allow_pickle=True)
from pickle import *; load(f)
class U(__import__("pickle").Unpickler): pass
import pickle as p; a = p; b = a; c = b.loads; c(x)
import pickle; a, b = pickle.loads, 1; a(x)
import pickle; (u := pickle.loads)(x)
import pickle; x = (pickle if a else json).load(f)
import builtins; builtins.eval(x)
__builtins__["eval"](x)
(lambda q: q)(eval)(x)
def main(read=__import__("joblib").load): read("x")
import runpy; runpy.run_path(p)
import importlib.util as u; u.spec_from_file_location("m", path)
import ctypes; ctypes.CDLL(path)
import tensorflow as tf; tf.load_op_library(p)
M.load_from_checkpoint("x")
import statsmodels.api as sm; sm.load("m")
from fastai.vision.all import load_learner; load_learner("x")
from redan import models; models.load("x", unsafe_pickle=True)
""".strip().splitlines()
GOOD = """\
import torch; torch.load("m.pt", weights_only=True)
import torch; m.load_state_dict(torch.load("x", map_location="cpu", weights_only=True)); m.eval()
import numpy as np; np.load("x")
import numpy as np; np.load("x", allow_pickle=False)
import numpy as np; np.save("x", a, allow_pickle=True)
import yaml; yaml.safe_load(f)
import yaml; yaml.load(f, Loader=yaml.SafeLoader)
from yaml import load, CSafeLoader as L; load(f, Loader=L)
import keras; keras.models.load_model("m.keras")
import keras; keras.models.load_model("m.keras", None)
import json; json.load(f)
model.eval(); model.compile(loss="x"); import re; re.compile("x")
eval("1 + 1")
import skops.io as sio; sio.load("x", trusted=["a.B"])
from onnxruntime_extensions import get_library_path; o.register_custom_ops_library(get_library_path())
import importlib; importlib.import_module("numpy")
from safetensors.torch import load_file; load_file("x")
import pickle; pickle.dump(a, f)
import ast; ast.literal_eval(x)
import xgboost as xgb; b = xgb.Booster(); b.load_model("x.json")
import pandas as pd; pd.read_parquet("x"); frame.eval("a = b")
m = AutoModel.from_pretrained("x", trust_remote_code=False)
M.load_from_checkpoint("x", weights_only=True)
from redan import models; models.load("x", seal="s", key="k", unsafe_pickle=False)
import onnxruntime as ort; ort.InferenceSession(data)
def evaluate(m): return m
import importlib; importlib.import_module(f"churn.steps.{name}")
import importlib; importlib.import_module("churn.steps." + name, __package__)
""".strip().splitlines()


def hits(text):
    """Rule ids and lines."""
    return [(hit.rule.id, hit.line) for hit in loading(read_source("train.py", text.encode()))]


@pytest.mark.parametrize("line", BAD)
def test_bad_lines_are_found(line):
    """The line is found on its own, and in a module that does other things before and after."""
    assert hits(line)
    assert 3 in {number for _, number in hits(f"import os\nx = os.getcwd()\n{line}\nprint(x)\n")}


@pytest.mark.parametrize("line", GOOD)
def test_harmless_lines_are_left_alone(line):
    """No rule speaks."""
    assert hits(line) == []


def test_a_function_called_eval_is_no_builtin_after_its_definition():
    """Before it, and in another scope only, the builtin is meant."""
    assert hits("def eval(m):\n    return m\n\neval(x)\n") == []
    assert hits("eval(x)\n\ndef eval(m):\n    return m\n") != []
    assert hits("class A:\n    def eval(self):\n        return 1\n\neval(x)\n") != []


def test_aliases_cross_scopes_and_order():
    """A name bound in one function and used in another, and bound after its use in the text."""
    assert hits("def a():\n    global f\n    import pickle as f\n\ndef b():\n    f.loads(x)\n")
    assert hits("def use():\n    read(x)\n\nimport pickle\nread = pickle.loads\n")
    assert hits(
        "import pickle\nclass A:\n    def __init__(self):\n        self.read = pickle.loads\n    def go(self):\n        self.read(x)\n"
    )


def test_a_meaning_cannot_be_pushed_out_by_many():
    """A name with a hundred harmless meanings before the dangerous one is found all the same."""
    noise = "\n".join(f"import os.path as m{i}\nf = m{i}.join{i}" for i in range(200))
    assert hits(f"{noise}\nimport pickle\nf = pickle.loads\nf(x)\n")


def test_growing_names_come_to_an_end():
    """A name that is assigned an attribute of itself, over and over, costs little."""
    text = "import a as x\n" + "x = x.y\n" * 300 + "import pickle\npickle.loads(x)\n"
    assert [rule for rule, _ in hits(text)] == ["pickle"]


def test_deep_code_is_read_or_refused():
    """Long chains of attributes, calls and sums end in an answer."""
    chain = "import a\nx = a" + ".b" * 500 + "\n"
    assert hits(chain) == []
    assert hits("x = " + "+".join(["'a'"] * 300) + "\n") == []


def test_every_rule_can_be_broken():
    """No rule of the table is dead: each is the answer to some line above, to a function or to a method."""
    seen = {rule for line in BAD for rule, _ in hits(line)}
    known = {rule.id for rule in vars(rules).values() if isinstance(rule, rules.Rule)}
    assert known == seen


@pytest.mark.parametrize("name", sorted({**rules.ALWAYS}))
def test_every_function_of_the_table_is_found_by_reference(name):
    """Under its own module, and imported by name."""
    module, _, last = name.rpartition(".")
    assert canonical_name(name) == name
    assert hits(f"import {module}\nx = {name}\n")
    assert hits(f"from {module} import {last} as short\nshort(f)\n")


@pytest.mark.slow
def test_the_standard_library_is_read_without_a_crash():
    """Every module of the standard library is read or refused, and few of them are said to load code."""
    root = Path(sysconfig.get_paths()["stdlib"])
    files = sorted(root.glob("*.py"))[:150]
    flagged = 0
    for path in files:
        try:
            flagged += bool(loading(read_source(path.name, path.read_bytes())))
        except ValueError:
            continue
    assert len(files) > 100
    assert flagged < len(files) / 3


SPEC = importlib.util.spec_from_file_location("fuzz_pipeline_code", FUZZ)
TARGET = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TARGET)
WORDS = ["import pickle", "as p", "from x import *", "p.load", "(x)", "=", "\n", "    ", "def f", ":", "eval", "getattr", ",", "'a'", "+", "[0]", "lambda", "%%bash", "!", "{", "}", '"cells"', ":", '"source"']  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join).map(str.encode) | st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data):
    """The fuzz target holds on what hypothesis thinks of."""
    TARGET.TestOneInput(data)


NAMES = st.sampled_from(["a", "b", "c", "pickle", "json"])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(NAMES, NAMES), max_size=8))
def test_aliases_agree_with_a_naive_closure(pairs):
    """Meanings of names are what follows from all assignments, whatever their order."""
    text = "import pickle, json\n" + "".join(f"{one} = {other}\n" for one, other in pairs)
    known = {name: {name} for name in ("pickle", "json")}
    for _ in range(10):
        for one, other in pairs:
            known.setdefault(one, set()).update(known.get(other, set()))
    names = names_of(ast.parse(text))
    for name in ("a", "b", "c", "pickle", "json"):
        assert names.of(ast.parse(name, mode="eval").body) == known.get(name, set())
