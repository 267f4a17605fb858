"""A small project on disk that several tests check: one real run of the whole flow, with every outcome in it."""

import datetime as dt
import random
from pathlib import Path

from redan.cli.flow import Asked, Checked, check
from redan.cli.material import material_of
from redan.reports.material import Material
from redan.system.read import read

NOW = dt.datetime(2026, 6, 1, 12, 0, 0, tzinfo=dt.UTC)
HOSTILE = "<script>alert(1)</script>"

DESCRIPTION = f"""\
[system]
name = "small {HOSTILE}"
stage = "training"
owner = "the team"
purpose = "sort letters & parcels"

[[person]]
name = "ada"
role = "security expert"
trained_until = 2027-01-01

[[source]]
name = "sorting-hall"
kind = "sensor"
host = "hall 3"

[[dataset]]
name = "train"
role = "train"
path = "train.csv"
label = "parcel"
sources = ["sorting-hall"]

[[dataset]]
name = "test"
role = "test"
path = "test.csv"
label = "parcel"
sources = ["sorting-hall"]

[[feature]]
name = "weight"

[[model]]
name = "sorter"
trained_on = ["train"]
validated_on = ["test"]
inputs = ["weight"]

[[endpoint]]
name = "api"
model = "sorter"
exposure = "public"

[policy]
require = ["A-MLSG-002-D002/rows-are-not-shared", "A-MLSG-002-D002/sources-are-disjoint", "AIPS-PIT-01", "AIPS-PIT-02"]
"""


def rows(seed: int, count: int) -> str:
    """A table of weights and labels."""
    rng = random.Random(seed)
    lines = ["item,weight,height,parcel"]
    for index in range(count):
        weight = rng.uniform(1, 900)
        lines.append(f"i{seed}-{index},{weight:.3f},{rng.uniform(1, 80):.3f},{int(weight > 300)}")
    return "\n".join(lines) + "\n"


def make(folder: Path, description: str = DESCRIPTION) -> Path:
    """Writes the project; its test rows are training rows."""
    train = rows(1, 90)
    head, *body = train.splitlines()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "redan.toml").write_text(description, encoding="utf-8")
    (folder / "train.csv").write_text(train, encoding="utf-8")
    (folder / "test.csv").write_text("\n".join([head, *body[:60]]) + "\n", encoding="utf-8")
    return folder


def checked(folder: Path, **asked: object) -> Checked:
    """One run of the flow."""
    return check(read(folder), Asked(**{"now": NOW, **asked}))


def material(done: Checked) -> Material:
    """The material that the reports draw."""
    return material_of(done.judging, done.results, done.judgement, done.verified)
