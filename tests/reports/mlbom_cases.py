"""Systems that the bill of materials is written for, and the official schema that judges it."""

import functools
import json
from pathlib import Path

import pytest

from redan.cli.flow import Asked, check
from redan.cli.material import material_of
from redan.system.read import read

SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "schemas"
DIGEST = "ab" * 32

FULL = """\
[system]
name = "churn <b>|x|</b>"
stage = "operation"
owner = "customer analytics"
purpose = "Predict who cancels"

[[source]]
name = "crm"
kind = "internal"
host = "our own data centre"
contributors = "customers"
collection = "contract forms"
terms = "internal use"

[[source]]
name = "public"
kind = "public"
host = "a registry"
terms = "cc-by-4.0"
url = "https://user:hunter22@example.org/files?sig=abc123&x=1"

[[dataset]]
name = "train"
role = "train"
path = "data/train rows.csv"
label = "churn"
identifiers = ["customer"]
sensitive = ["gender"]
sources = ["crm", "public"]
confidential = true
seal = "train.sig"

[[dataset]]
name = "test"
role = "test"
path = "test.csv"
sources = ["public"]

[[feature]]
name = "tenure"
dtype = "float32"

[[preprocessor]]
name = "scale"
package = "scikit-learn"
third_party = true

[[preprocessor]]
name = "clean"
callable = "prep:clean"

[[model]]
name = "old"
publisher = "Example AI"
licence = "Apache-2.0 OR MIT"

[[model]]
name = "base"

[[model]]
name = "churn"
path = "model.onnx"
trained_on = ["train"]
validated_on = ["test"]
base = "base"
previous = "old"
inputs = ["tenure"]
outputs = ["label"]
licence = "Our own terms"
preprocessors = ["scale", "clean"]
seal = "model.sig"

[[endpoint]]
name = "api"
model = "churn"
url = "https://api.example.org/v1"
clients = "the call centre"
authenticated = true

[pipeline]
requirements = ["requirements.txt"]

[policy]
require = ["A-MLSG-002-D002/rows-are-not-shared", "AIPS-PIT-01"]
"""
BARE = '[system]\nname = "bare"\n\n[[model]]\nname = "m"\n'
ROWS = "customer,gender,tenure,churn\nZQ77-1234,f,3,0\nZQ77-9876,m,14,1\nZQ77-5555,f,25,0\n"


def make(folder: Path, description: str = FULL) -> Path:
    """Writes the project."""
    (folder / "data").mkdir(parents=True)
    files = {
        "redan.toml": description,
        "data/train rows.csv": ROWS,
        "test.csv": ROWS.replace("ZQ77", "YX66"),
        "model.onnx": "weights",
        "model.sig": "{}",
        "train.sig": "{}",
        "requirements.txt": f"scikit-learn==1.7.0 --hash=sha256:{DIGEST} --hash=sha512:{DIGEST * 2}\nnumpy==2.1\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def material(folder: Path, now):
    """The material of one run over the project."""
    done = check(read(folder), Asked(now=now))
    return material_of(done.judging, done.results, done.judgement, done.verified)


@functools.cache
def validator():
    """The official schema with its parts; skips where it is not at hand."""
    if not SCHEMAS.is_dir():
        pytest.skip("the official schemas are not beside the repository")
    from jsonschema import Draft7Validator, FormatChecker
    from referencing import Registry, Resource

    names = ("bom-1.7", "spdx", "jsf-0.82", "cryptography-defs")
    parts = {f"{name}.schema.json": json.loads((SCHEMAS / f"{name}.schema.json").read_text()) for name in names}
    whole = parts["bom-1.7.schema.json"]
    resources = [(name, Resource.from_contents(part)) for name, part in parts.items()]
    resources += [(part["$id"], Resource.from_contents(part)) for part in parts.values() if "$id" in part]
    return Draft7Validator(whole, registry=Registry().with_resources(resources), format_checker=FormatChecker())
