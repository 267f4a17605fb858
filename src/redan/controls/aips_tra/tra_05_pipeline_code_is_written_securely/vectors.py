"""Code that runs what it reads, under its own name and under others, with repaired twins and harmless look-alikes."""

import json

from redan.controls.contract import Vector
from redan.terms import Outcome

_CLEAN = "AIPS-TRA-05/static-analysis-is-clean"
_LOADS = "AIPS-TRA-05/no-code-is-loaded-from-data"
_RUNS = "Whoever writes the file decides what the pipeline runs."
_SHELL = "A name with a semicolon in it becomes a command."
_QUIET = "Rules that call harmless code dangerous are switched off."
_UNREAD = "What was not read is not clean."


def vectors() -> tuple[Vector, ...]:
    """Bad code, repaired twins, look-alikes and hostile files."""
    return (*_loading(), *_harmless(), *_unreadable(), *_analysed())


def _case(
    name: str, outcome: Outcome, code: str | bytes, *, file: str = "train.py", check: str = _LOADS, note: str = _RUNS
) -> Vector:
    toml = f'[system]\nname = "churn"\nstage = "training"\n\n[[model]]\nname = "m"\ncode = ["{file}"]\n'
    data = code if isinstance(code, bytes) else code.encode()
    files = {"redan.toml": toml.encode(), file: data}
    return Vector(name=name, files=files, check=check, expect=outcome, note=note, subject="model:m")


def _loading() -> tuple[Vector, ...]:
    bad = {
        "a pickle": "import pickle\nm = pickle.load(open('m.pkl', 'rb'))\n",
        "a pickle under another name": "from pickle import loads as parse\nparse(data)\n",
        "an alias of an alias": "import _pickle as p\na = p\nb = a.loads\nb(data)\n",
        "a pickle fetched by name": "import importlib\nimportlib.import_module('pic' + 'kle').loads(data)\n",
        "an attribute fetched by name": "import pickle\ngetattr(pickle, 'lo' + 'ads')(data)\n",
        "a computed attribute": "import pickle\ngetattr(pickle, name)(data)\n",
        "a table of modules": "import sys\nsys.modules['pickle'].loads(data)\n",
        "joblib": "import joblib\nm = joblib.load('m.joblib')\n",
        "a function passed on": "import dill\nmodels = list(map(dill.loads, blobs))\n",
        "torch without weights_only": "import torch\nstate = torch.load('m.pt', map_location='cpu')\n",
        "torch bound with the option off": "import functools, torch\nload = functools.partial(torch.load, weights_only=False)\n",
        "numpy with pickles": "import numpy as np\nx = np.load('x.npy', allow_pickle=True)\n",
        "keras with safe mode off": "import keras\nm = keras.models.load_model(path, safe_mode=False)\n",
        "keras with an h5 file": "from tensorflow import keras\nm = keras.models.load_model('m.h5')\n",
        "yaml with the full loader": "import yaml\nc = yaml.load(text, Loader=yaml.FullLoader)\n",
        "yaml without a loader": "import yaml\nc = yaml.load(text)\n",
        "pandas and a pickle": "import pandas as pd\nf = pd.read_pickle('f.pkl')\n",
        "evaluated rows": "rows = [eval(line) for line in open('rows.txt')]\n",
        "code that comes with a model": "m = AutoModel.from_pretrained(name, trust_remote_code=True)\n",
        "a hub": "import torch\nm = torch.hub.load('someone/models', 'net')\n",
        "custom operators": "options.register_custom_ops_library(path)\n",
        "mlflow": "import mlflow\nm = mlflow.pyfunc.load_model(uri)\n",
        "skops that trusts everything": "import skops.io as s\nm = s.load(p, trusted=s.get_untrusted_types(file=p))\n",
        "a module that data names": "import importlib\nimportlib.import_module(config['module'])\n",
    }
    cells = [
        {"cell_type": "code", "source": ["%matplotlib inline\n", "import pickle\n"]},
        {"cell_type": "markdown", "source": ["text"]},
        {"cell_type": "code", "source": "m = pickle.load(open('m.pkl', 'rb'))"},
    ]
    notebook = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}, indent=1)
    hidden = "import pickle\npickle.loads(data)\n"
    return (
        *(_case(name, Outcome.BROKEN, code) for name, code in bad.items()),
        _case("a notebook that imports in one cell and loads in another", Outcome.BROKEN, notebook, file="train.ipynb"),
        _case("code in a file called configuration", Outcome.BROKEN, hidden, file="settings.yaml"),
    )


def _harmless() -> tuple[Vector, ...]:
    good = {
        "weights_only": "import torch\nstate = torch.load('m.pt', weights_only=True)\nmodel.eval()\n",
        "safetensors": "from safetensors.torch import load_file\nstate = load_file('m.safetensors')\n",
        "numpy without pickles": "import numpy as np\nx = np.load('x.npy')\nnp.save('y.npy', x, allow_pickle=True)\n",
        "keras in safe mode": "import keras\nm = keras.models.load_model('m.keras')\nm.compile(loss='mse')\n",
        "yaml with the safe loader": "from yaml import load, CSafeLoader as Safe\nc = load(text, Loader=Safe)\n",
        "json and literals": "import ast, json\nc = json.load(f)\nd = ast.literal_eval(text)\n",
        "skops with a list": "import skops.io\nm = skops.io.load('m.skops', trusted=['mine.Scaler'])\n",
        "a function called eval": "def eval(model):\n    return 1\n\nprint(eval(model))\n",
        "redan's own loading": "from redan.models import load\nm = load('m.onnx', seal='m.sig', key='k.pub')\n",
        "parquet and regular expressions": "import re, pandas as pd\nre.compile('x')\nf = pd.read_parquet('f')\n",
    }
    return tuple(_case(name, Outcome.HOLDS, code, note=_QUIET) for name, code in good.items())


def _unreadable() -> tuple[Vector, ...]:
    shell = {"cell_type": "code", "source": ["%%bash\n", "python -c 'import pickle'\n"]}
    other = {"nbformat": 4, "metadata": {"language_info": {"name": "R"}}, "cells": []}
    sides: dict[str, tuple[str, str | bytes]] = {
        "code that does not parse": ("train.py", "def broken(:\n"),
        "code nested too deeply": ("train.py", "(" * 5000 + ")" * 5000),
        "code with NUL in it": ("train.py", b"x = 1\0\n"),
        "a script in another language": ("train.R", "model <- readRDS('m.rds')\n"),
        "a notebook in another language": ("train.ipynb", json.dumps(other)),
        "a notebook that is no JSON": ("train.ipynb", "{"),
        "a notebook with a cell of shell": ("train.ipynb", json.dumps({"nbformat": 4, "cells": [shell]})),
    }
    return tuple(
        _case(f"{name} ({check.rpartition('/')[2]})", Outcome.NOT_RUN, data, file=file, check=check, note=_UNREAD)
        for name, (file, data) in sides.items()
        for check in (_LOADS, _CLEAN)
    )


def _analysed() -> tuple[Vector, ...]:
    shell = "import subprocess\n\n\ndef run(name):\n    subprocess.call('ls ' + name, shell=True)\n"
    listed = "import subprocess\n\n\ndef run(name):\n    subprocess.call(['/bin/ls', name])\n"
    return (
        _case("a shell with input in it", Outcome.BROKEN, shell, check=_CLEAN, note=_SHELL),
        _case(
            "the shell, declared clean by a comment",
            Outcome.BROKEN,
            shell.replace("=True)", "=True)  # nosec"),
            check=_CLEAN,
            note=_SHELL,
        ),
        _case("a list of arguments", Outcome.HOLDS, listed, check=_CLEAN, note=_SHELL),
        _case("no code at all", Outcome.HOLDS, "", check=_CLEAN, note=_QUIET),
        _case("a weak hash", Outcome.BROKEN, "import hashlib\nh = hashlib.md5(data)\n", check=_CLEAN, note=_RUNS),
        _case("settings only", Outcome.NOT_APPLICABLE, "a: 1\n", file="c.yaml", check=_CLEAN, note=_QUIET),
    )
