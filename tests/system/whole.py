"""A description that uses every table and every key, for the tests of this folder."""

WHOLE = """
[system]
name = "churn"
stage = "operation"
owner = "Ada"
purpose = "Says which customers may leave."
regulated = true
acts = false
requirements = "docs/requirements.md"

[[person]]
name = "ada"
role = "security expert"
contact = "ada@example.org"
trained_until = 2027-12-31

[[site]]
name = "cloud"
description = "Rented machines."
third_party = true
agreement = "Contract of 2026-01-01"
encrypted = true

[[boundary]]
name = "company"
description = "The edge of the company network."
contains = ["source:crm", "dataset:train", "boundary:lab", "feature:monthly charges"]

[[boundary]]
name = "lab"

[[source]]
name = "crm"
kind = "internal"
host = "us"
contributors = "customers"
collection = "contracts"
terms = "internal"
url = "https://example.org"
published_sha256 = "not checked here"
key = "keys/crm.pem"
participants = "keys/participants.json"
every = "1 days"
volume = [100, 5000]
limit = 10000
authenticated = true
site = "cloud"

[[dataset]]
name = "train"
role = "train"
path = "data/train.csv"
label = "churn"
prediction = "p"
contributor = "shop"
time = "day"
sensitive = ["gender"]
quasi_identifiers = ["gender", "postcode"]
identifiers = ["customer id"]
personal = ["mail"]
pseudonyms = ["customer id"]
signature = "signed"
trusted = false
drawn_from = "test"
reference = "test"
engine = "duckdb"
positive = "yes"
sources = ["crm"]
seal = "data/train.seal"
key = "publisher.pub"
purpose = "retention offers"
lawful_basis = "contract"
consent = "none needed"
collected = 2025-01-31
retention = "18 months"
confidential = true
sha256 = "0"
site = "cloud"
worth = "high"
shown = 6

[[dataset]]
name = "test"
role = "test"
collected = "2025-01-31"
retention = 2027-06-30

[[feature]]
name = "monthly charges"
from = "train"
dtype = "float32"
range = [0, 120.5]
needed_for = "price"
derived_by = "features:monthly"
sensitivity = "low"
masked_for = ["operator"]

[[feature]]
name = "tenure"
from = "source:crm"

[[preprocessor]]
name = "scale"
callable = "prepare:scale"
package = "scikit-learn"
version = "1.5.0"
third_party = true
reference = "prepare:slow"
sha256 = "0"

[[model]]
name = "churn"
path = "model.onnx"
task = "classification"
purpose = "predict churn"
trained_on = ["train"]
validated_on = ["test"]
base = "public"
previous = "old"
baseline = "linear"
inputs = ["monthly charges", "tenure"]
outputs = ["stays", "leaves"]
ensemble_of = ["linear", "public"]
public_base = true
training_data = "ImageNet-1k, as its publisher states"
bundle = "release"
config = ["release/config.json"]
seal = "release.seal"
key = "team.pub"
reference = "release/reference.json"
record = "records/churn.json"
distribution = "published"
code = ["train.py"]
publisher = "us"
source = "here"
licence = "none"
sha256 = "0"
confidential = true
site = "cloud"
worth = "low"
preprocessors = ["scale"]
threats = ["linf:8/255", "l2:0.5"]
box = [0, 255]
constraints = "columns.toml"
transformation = "median:3"
guard = "linear"
shadows = "work/shadows.npz"
canaries = "keys/canaries.json"
privacy = "records/privacy.json"
reduces = "linear"
lifetime = "90 days"

[[model]]
name = "public"

[[model]]
name = "old"

[[model]]
name = "linear"

[[endpoint]]
name = "api"
model = "churn"
url = "https://example.org/predict"
probe = ["probe.toml"]
exposure = "partner"
clients = "shops"
gateway = true
answers = "label"
authenticated = true
rate_limited = false
logged = true
rate = 10
burst = 20
queries = 100000
leak = 0.5
decimals = 2
top = 3
monitors = ["near-duplicates", "shadow"]
tolerated = 0.2
shadow = 0.1
labels = 500
coverage = 0.95
abstain_above = 2
site = "cloud"
worth = "medium"

[[feedback]]
name = "calls"
endpoint = "api"
into = "train"
authenticated = true
vetted = true
capped = true
cap = 10
path = "data/calls.csv"
contributor = "user"
label = "answer"
reviewer = "agent"

[[federation]]
name = "shops"
model = "churn"
participants = 12
bad = 2
aggregation = "multi-krum"
updates = "updates.npz"

[[flow]]
from = "source:crm"
to = "dataset:train"
data = ["monthly charges"]
boundary = "company"
protection = "mtls"

[[exclusion]]
threat = "poisoning"
element = "dataset:train"
justification = "component_not_present"
reason = "no"
owner = "Ada"

[[exclusion]]
threat = "evasion"
element = "system"
justification = "inline_mitigations_already_exist"
reason = "no"
owner = "Ada"

[controls."A-MLSG-001-C003"]
decision = "adopted"
reason = "regulated"
owner = "Ada"
review = 2027-01-01
attested_by = "ada"
attested = "looked at"
expires = 2027-01-01
threshold = 0.5

[controls.AIPS-PIT-01]
threshold = 1

[pipeline]
requirements = ["requirements.txt"]
code = ["serve.py"]
audit = "audit.json"
statements = "vex.json"
audited_every = "30 days"

[gateway]
listen = "127.0.0.1:8080"
admin = "unix:run/admin.sock"
endpoints = ["api"]
upstream = "http://127.0.0.1:9000"
state = ".redan/gateway"
store = "valkey://127.0.0.1:6379/0"
clients = "clients.toml"
signed = false
answers_signed = false
authorities = ["api.example.org"]
ledger = "events"
key = "keys/gateway.pem"
checkpoint = "published/checkpoint"
telemetry = "http://127.0.0.1:4318"
commit_ms = 20
durable = true
quiet = false
verify_s = 60
delay_s = 30
holds_s = 3600
body = 1048576
body_s = 5
head_s = 3
idle_s = 20
requests = 100
connections = 1000

[policy]
require = ["A-MLSG-002-D002", "A-MLSG-002-D002/rows-are-not-shared"]
waivers = "waivers.toml"
baseline = "baseline.json"
budget = "seconds"
seed = 7
"""
