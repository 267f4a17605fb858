"""Records of private training with mistakes planted, their correct twin, and files that are none."""

import json

from redan.canon import Json
from redan.controls.contract import Vector
from redan.measures.privacy.findings import CHECK
from redan.terms import Outcome

_NOTE = "A number that looks like a guarantee and is none lets data be used that should not be."
_TOML = b"""[system]
name = "plans"
stage = "training"

[[model]]
name = "churn"
privacy = "evidence/privacy.json"
"""
_CORRECT: dict[str, Json] = {
    "schema": "redan/privacy/v1",
    "sampler": "poisson",
    "sampling_rate": 0.01,
    "batch_size": 50,
    "dataset_size": 5000,
    "noise_multiplier": 1.5,
    "clipping_norm": 1.0,
    "steps": 200,
    "accountant": "pld",
    "assumed_sampler": "poisson",
    "epsilon": 0.45,
    "delta": 1e-5,
    "neighbours": "add-remove",
    "clipping": "per-example",
    "empty_batches": "noised",
    "normalised_by": "expected",
    "noise_std": 1.5,
    "noise_added_to": "sum",
    "bounds": "declared",
    "batch_statistics": False,
    "runs": 1,
    "validation": "public",
    "randomness": "os-seeded",
}


def _case(name: str, expect: Outcome, data: bytes | None = None, **changes: Json) -> Vector:
    whole = {key: value for key, value in {**_CORRECT, **changes}.items() if value is not None}
    files = {"redan.toml": _TOML, "evidence/privacy.json": data or json.dumps(whole, indent=1).encode()}
    return Vector(name=name, files=files, check=CHECK, expect=expect, note=_NOTE, subject="model:churn")


def vectors() -> tuple[Vector, ...]:
    """Planted mistakes, the correct record, one that leaves facts out, and hostile files."""
    return (
        _case("a correct record", Outcome.HOLDS),
        _case("correct, and chosen among many runs", Outcome.HOLDS, runs=30, runs_accounted=False),
        _case("shuffled batches claimed as Poisson", Outcome.BROKEN, sampler="shuffled"),
        _case("rate of one over the length of the sampler", Outcome.BROKEN, sampling_rate=0.0002, epsilon=0.45),
        _case("epsilon lower than the steps add up to", Outcome.BROKEN, epsilon=0.2),
        _case("neighbours not stated", Outcome.BROKEN, neighbours=None),
        _case("clipped microbatches", Outcome.BROKEN, clipping="per-microbatch", microbatch_size=10),
        _case("bounds read from the data", Outcome.BROKEN, bounds="data"),
        _case("empty batches left out", Outcome.BROKEN, empty_batches="dropped"),
        _case("divided by the actual size", Outcome.BROKEN, normalised_by="actual"),
        _case("noise off by the batch size", Outcome.BROKEN, noise_std=0.03),
        _case("noise from a fixed seed", Outcome.BROKEN, randomness="fixed-seed"),
        _case("clipping and empty batches not stated", Outcome.NOT_RUN, clipping=None, empty_batches=None),
        _case("no JSON", Outcome.NOT_RUN, data=b"epsilon = 1"),
        _case("nested a thousand times", Outcome.NOT_RUN, data=b'{"a":' * 1000),
        _case("a number that is none", Outcome.NOT_RUN, epsilon="small"),
    )
