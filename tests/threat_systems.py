"""Described systems for the threat tests: text of `redan.toml`, and the threats that a person expects of it."""

import tomllib
from pathlib import Path

from redan.system.records import Origin, Tables
from redan.system.system import System


def system_of(text, lines=None):
    """The system that a text describes, without reading a file."""
    tables = Tables.model_validate(tomllib.loads(text), by_alias=True, by_name=False)
    return System(tables, Origin(file="redan.toml", root=Path("/nowhere"), lines=lines or {}))


CHURN = """
[system]
name = "Customer churn"
stage = "operation"
regulated = true
[[source]]
name = "crm"
kind = "internal"
[[dataset]]
name = "train"
role = "train"
path = "train.csv"
label = "Churn"
sources = ["crm"]
identifiers = ["customerID"]
sensitive = ["gender"]
worth = "high"
[[dataset]]
name = "validation"
role = "validation"
path = "validation.csv"
label = "Churn"
sources = ["crm"]
[[feature]]
name = "tenure"
from = "train"
[[feature]]
name = "monthly"
from = "train"
derived_by = "features:monthly"
[[model]]
name = "churn"
path = "churn.onnx"
trained_on = ["train"]
validated_on = ["validation"]
inputs = ["tenure", "monthly"]
[[endpoint]]
name = "score"
model = "churn"
exposure = "internal"
authenticated = true
rate_limited = true
[[person]]
name = "ann"
role = "operator"
"""

PHOTOS = """
[system]
name = "Photo tagger"
stage = "operation"
acts = true
[[source]]
name = "photos"
kind = "crowd"
[[dataset]]
name = "uploads"
role = "train"
path = "uploads.parquet"
label = "tag"
contributor = "user"
sources = ["photos"]
[[dataset]]
name = "checks"
role = "validation"
path = "checks.parquet"
label = "tag"
sources = ["photos"]
[[preprocessor]]
name = "resize"
package = "pillow"
third_party = true
[[model]]
name = "resnet"
path = "resnet.pt"
public_base = true
publisher = "somebody"
[[model]]
name = "tagger"
path = "tagger.pt"
base = "resnet"
trained_on = ["uploads"]
validated_on = ["checks"]
preprocessors = ["resize"]
[[endpoint]]
name = "tag"
model = "tagger"
exposure = "public"
[[feedback]]
name = "corrections"
endpoint = "tag"
into = "uploads"
"""

PLANTS = """
[system]
name = "Vibration watch"
stage = "operation"
[[site]]
name = "plant-a"
third_party = true
[[site]]
name = "plant-b"
third_party = true
[[source]]
name = "vibration"
kind = "sensor"
[[dataset]]
name = "local-a"
role = "site"
site = "plant-a"
sources = ["vibration"]
[[dataset]]
name = "local-b"
role = "site"
site = "plant-b"
sources = ["vibration"]
[[model]]
name = "detector"
task = "anomaly"
path = "detector.onnx"
trained_on = ["local-a", "local-b"]
confidential = true
[[endpoint]]
name = "alarm"
model = "detector"
exposure = "partner"
answers = "score"
site = "plant-a"
"""

DEMAND = """
[system]
name = "Demand forecast"
stage = "operation"
[[source]]
name = "market"
kind = "public"
[[source]]
name = "erp"
kind = "internal"
[[dataset]]
name = "sales"
role = "train"
path = "sales.parquet"
sources = ["market", "erp"]
[[model]]
name = "demand"
task = "forecast"
path = "demand.onnx"
trained_on = ["sales"]
[[endpoint]]
name = "forecasts"
model = "demand"
exposure = "partner"
answers = "score"
authenticated = true
rate_limited = true
[[person]]
name = "planner"
role = "operator"
trained_until = 2030-01-01
"""

ZOO = """
[system]
name = "Model zoo"
stage = "training"
[[source]]
name = "acme"
kind = "vendor"
[[dataset]]
name = "bought"
role = "train"
label = "y"
sources = ["acme"]
[[model]]
name = "foreign"
path = "foreign.pkl"
publisher = "somebody"
[[model]]
name = "base"
path = "base.safetensors"
public_base = true
[[model]]
name = "tuned"
base = "base"
trained_on = ["bought"]
[[model]]
name = "vote"
ensemble_of = ["foreign", "tuned"]
[[endpoint]]
name = "votes"
model = "vote"
exposure = "internal"
answers = "label"
"""

SHIPPED = """
[system]
name = "Medical images"
stage = "operation"
regulated = true
acts = true
[[site]]
name = "clinic"
third_party = true
agreement = "contract 7"
[[boundary]]
name = "hospital"
contains = ["source:scanner"]
[[source]]
name = "scanner"
kind = "internal"
[[dataset]]
name = "scans"
role = "train"
path = "scans.parquet"
sources = ["scanner"]
quasi_identifiers = ["age"]
confidential = true
[[model]]
name = "finder"
task = "segmentation"
path = "finder.onnx"
site = "clinic"
trained_on = ["scans"]
[[endpoint]]
name = "viewer"
model = "finder"
exposure = "local"
[[flow]]
from = "source:scanner"
to = "model:finder"
data = ["scan"]
boundary = "hospital"
"""

IDEA = """
[system]
name = "An idea"
"""

_ASKED = ("evasion.decision", "oracle.extraction", "unauthorised-access.host")


def _at(element, *ids):
    return {f"{id_}@{element}" for id_ in ids}


EXPECTED = {
    "churn": (
        CHURN,
        _at("dataset:train", "unauthorised-access.data-leak", "unauthorised-access.data-tampering")
        | _at("dataset:validation", "unauthorised-access.data-tampering")
        | _at("endpoint:score", *_ASKED, "evasion.score", "oracle.reverse-engineering")
        | _at("model:churn", "data-extraction.membership", "data-extraction.memorisation", "data-extraction.attribute")
        | _at("model:churn", "data-extraction.inversion", "evasion.weak-group", "unauthorised-access.model-tampering")
        | _at("feature:monthly", "evasion.edge-values")
        | _at("person:ann", "social-engineering.operator"),
    ),
    "photos": (
        PHOTOS,
        _at("dataset:uploads", "poisoning.label-flip", "poisoning.injection", "poisoning.flood")
        | _at("dataset:uploads", "unauthorised-access.data-tampering")
        | _at("dataset:checks", "poisoning.shared-validation", "unauthorised-access.data-tampering")
        | _at("model:tagger", "poisoning.backdoor", "evasion.transfer", "supply-chain.artefact-execution")
        | _at("model:tagger", "unauthorised-access.model-tampering")
        | _at("model:resnet", "supply-chain.pretrained-model", "supply-chain.artefact-execution")
        | _at("model:resnet", "unauthorised-access.model-tampering")
        | _at("preprocessor:resize", "evasion.preprocessing", "supply-chain.library")
        | _at("endpoint:tag", *_ASKED, "evasion.score", "oracle.reverse-engineering", "unauthorised-access.endpoint")
        | _at("endpoint:tag", "adversarial-reprogramming.query", "adversarial-reprogramming.public-base")
        | _at("endpoint:tag", "denial-of-service.flood", "denial-of-service.sponge")
        | _at("feedback:corrections", "malicious-feedback.skew", "malicious-feedback.few-voices"),
    ),
    "plants": (
        PLANTS,
        _at("dataset:local-a", "poisoning.injection", "poisoning.flood")
        | _at("dataset:local-b", "poisoning.injection", "poisoning.flood")
        | _at("model:detector", "poisoning.backdoor", "poisoning.model-update", "evasion.white-box")
        | _at("model:detector", "evasion.physical", "unauthorised-access.model-tampering")
        | _at("model:detector", "unauthorised-access.model-theft")
        | _at("endpoint:alarm", *_ASKED, "evasion.score", "oracle.reverse-engineering", "unauthorised-access.endpoint")
        | _at("endpoint:alarm", "denial-of-service.flood", "denial-of-service.sponge")
        | _at("site:plant-a", "supply-chain.training-site")
        | _at("site:plant-b", "supply-chain.training-site")
        | _at("system", "social-engineering.operator"),
    ),
    "demand": (
        DEMAND,
        _at("dataset:sales", "poisoning.injection", "supply-chain.dataset")
        | _at("dataset:sales", "unauthorised-access.data-tampering")
        | _at("model:demand", "poisoning.backdoor", "poisoning.steered-input", "evasion.transfer")
        | _at("model:demand", "unauthorised-access.model-tampering")
        | _at("endpoint:forecasts", *_ASKED, "evasion.score", "oracle.reverse-engineering")
        | _at("endpoint:forecasts", "denial-of-service.flood", "denial-of-service.sponge")
        | _at("person:planner", "social-engineering.operator"),
    ),
    "zoo": (
        ZOO,
        _at("dataset:bought", "poisoning.label-flip", "poisoning.injection", "supply-chain.dataset")
        | _at("model:foreign", "supply-chain.pretrained-model", "supply-chain.artefact-execution")
        | _at("model:foreign", "unauthorised-access.model-tampering")
        | _at("model:base", "supply-chain.pretrained-model", "unauthorised-access.model-tampering")
        | _at("model:tuned", "poisoning.backdoor", "evasion.transfer")
        | _at("model:vote", "evasion.transfer")
        | _at("endpoint:votes", *_ASKED, "unauthorised-access.endpoint", "denial-of-service.flood")
        | _at("system", "social-engineering.operator"),
    ),
    "shipped": (
        SHIPPED,
        _at("dataset:scans", "unauthorised-access.data-leak", "unauthorised-access.data-tampering")
        | _at("model:finder", "evasion.white-box", "unauthorised-access.model-tampering")
        | _at("model:finder", "unauthorised-access.model-theft", "unauthorised-access.in-transit")
        | _at("model:finder", "data-extraction.membership", "data-extraction.attribute", "data-extraction.inversion")
        | _at("model:finder", "data-extraction.property")
        | _at("site:clinic", "supply-chain.training-site"),
    ),
    "idea": (IDEA, set()),
}
