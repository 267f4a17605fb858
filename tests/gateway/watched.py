"""A gateway whose model is sealed with a reference, its clients, and what asks it."""

import json

import numpy as np

from gateway import houses
from redan.canon import digest
from redan.controls.planted import seal_of
from redan.guards.api_keys import hashed, new_key
from redan.guards.drift import Column
from redan.guards.envelope import Bounds
from redan.guards.reference import Reference, written
from redan.ledger.store import Ledger
from redan.models.whole import whole_digest
from redan.seal.keys import load_public

WIDTH = 8
KEYS = {name: new_key() for name in ("alice", "bob")}
CLIENTS = "".join(
    f'[[client]]\nprincipal = "{name}"\nmodels = ["churn"]\nkeys = ["{hashed(key)}"]\ntier = "wide"\n'
    for name, key in KEYS.items()
)
CLIENTS += '[[tier]]\nname = "wide"\nrate = 100000.0\nburst = 100000.0\nrows = 100000000.0\n'
TOML = """
[system]
name = "churn"

[[model]]
name = "churn"
path = "release/model.onnx"
bundle = "release"
seal = "release.seal"
key = "team.pub"
reference = "release/reference.json"
outputs = ["stays", "leaves", "returns"]
{model}

[[endpoint]]
name = "api"
model = "churn"
gateway = true
authenticated = true
{endpoint}

{more}

[gateway]
clients = "clients.toml"
signed = false
{gateway}
"""


def reference(rows, data, *, margin=0.0):
    """What was measured on rows of the model with these bytes; the envelope may be wider by some standard deviations."""
    spread = rows.std(axis=0)
    edges = [np.unique(np.quantile(column, np.linspace(0, 1, 11)[1:-1])) for column in rows.T]
    cells = [
        np.bincount(np.searchsorted(e, column, side="right"), minlength=len(e) + 1)
        for e, column in zip(edges, rows.T, strict=True)
    ]
    cov = np.cov(rows.T)
    mean, values = rows.mean(axis=0), np.linalg.eigh(cov + 0.01 * np.trace(cov) / len(cov) * np.eye(len(cov)))
    whiten = values[1] / np.sqrt(values[0])
    squares = np.square((rows - mean) @ whiten).sum(axis=1)
    furthest = 4 * float(squares.max()) if margin else float(np.quantile(squares, 0.999))
    columns = tuple(Column(f"c{i}", e, n) for i, (e, n) in enumerate(zip(edges, cells, strict=True)))
    bounds = Bounds(rows.min(axis=0) - margin * spread, rows.max(axis=0) + margin * spread, mean, whiten, furthest)
    return Reference(whole_digest(digest(data), []), "x", "y", "", {"x": bounds}, {}, None, columns)


def ordinary(rng, n):
    """Rows as the model was made for: they go together, as rows of people do."""
    hidden = rng.normal(size=(n, 3))
    return hidden @ np.random.default_rng(7).normal(size=(3, WIDTH)) * 0.6 + rng.normal(size=(n, WIDTH))


def release(folder, data):
    """Seals a model with its reference, or what replaces them."""
    files = {
        "model.onnx": data,
        "reference.json": written(reference(ordinary(np.random.default_rng(0), 4000), data, margin=3.0)),
    }
    (folder / "release").mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / "release" / name).write_bytes(content)
    (folder / "release.seal").write_bytes(seal_of(files, houses.SIGNER))


def project(folder, *, endpoint="", gateway="", model="", more="", data=None, others=()):
    """A folder that a gateway can be started from."""
    folder.mkdir(exist_ok=True)
    release(folder, houses.model(width=WIDTH) if data is None else data)
    for name, content in others:
        (folder / f"{name}.onnx").write_bytes(content)
        (folder / f"{name}.seal").write_bytes(seal_of({f"{name}.onnx": content}, houses.SIGNER, alone=True))
        more += f'[[model]]\nname = "{name}"\npath = "{name}.onnx"\nseal = "{name}.seal"\nkey = "team.pub"\n'
    (folder / "team.pub").write_text(houses.SIGNER.public.pem)
    (folder / "clients.toml").write_text(CLIENTS)
    text = TOML.format(endpoint=endpoint, gateway=gateway, model=model, more=more)
    (folder / "redan.toml").write_text(text)
    return folder


def body(rows):
    """A question about rows."""
    rows = np.asarray(rows, dtype=np.float32)
    return json.dumps(
        {"inputs": [{"name": "x", "shape": list(rows.shape), "datatype": "FP32", "data": rows.ravel().tolist()}]}
    ).encode()


def head(who="alice"):
    """Headers of a client."""
    return [("authorization", f"Bearer {KEYS[who]}"), ("content-type", "application/json")]


async def ask(made, rows, who="alice"):
    """Status and the identifier of the answer's event."""
    status, headers, _ = await houses.ask(made.plane, body=body(rows), headers=head(who))
    return status, headers.get(b"redan-event", b"").decode()


async def tell(made, event, labels, who="alice", **more):
    """Status of a feedback."""
    data = json.dumps({"event": event, "labels": labels, **more}).encode()
    found = await houses.ask(made.plane, path="/v2/models/churn/feedback", body=data, headers=head(who))
    return found[0]


def happenings(folder):
    """What the ledger says happened, after the gateway has ended, and everything in it as text."""
    state = folder / ".redan" / "gateway"
    with Ledger.open(state / "ledger", key=load_public(state / "key.pub")) as ledger:
        entries = [bytes(entry) for entry in ledger.entries()]
    found = [json.loads(entry) for entry in entries]
    return [one for one in found if "what" in one], b"\n".join(entries).decode()
