"""Every live check of data says the same of the same data whether DuckDB or Spark counts it."""

import dataclasses
import importlib

import pytest

from redan.artifacts.dataset_file import DatasetFile
from redan.controls.catalogue import checks, load
from redan.terms import Outcome
from redan.testing import answer

pytestmark = [pytest.mark.spark, pytest.mark.slow]

CATALOGUE = load()
OF_DATA = {
    check.id: CATALOGUE[id_].package
    for id_ in CATALOGUE
    for check in checks(CATALOGUE[id_])
    if DatasetFile in check.needs
}


def counted_by(engine, vector):
    """The system with every dataset read by one engine, on the same lines."""
    description = vector.files["redan.toml"].replace(b"[[dataset]]\n", f'[[dataset]]\nengine = "{engine}"\n'.encode())
    return dataclasses.replace(vector, files={**vector.files, "redan.toml": description})


def shown(findings):
    """Findings as they are printed, numbers to nine digits: sums are not in one order."""
    return [rounded(finding.to_json()) for finding in findings]


def rounded(value):
    """Floats to nine digits, wherever they stand."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


ASKED = [(check, Outcome.BROKEN) for check in OF_DATA] + [
    (check, Outcome.HOLDS) for check in {package: check for check, package in OF_DATA.items()}.values()
]


@pytest.mark.parametrize(("check", "outcome"), ASKED)
def test_both_engines_find_the_same(check, outcome, tmp_path_factory):
    """The first planted violation of each question, and a repaired twin of each control, in both engines."""
    vectors = importlib.import_module(f"{OF_DATA[check]}.vectors").vectors()
    vector = next(
        v for v in vectors if v.check == check and v.expect is outcome and b"[[dataset]]\n" in v.files["redan.toml"]
    )
    near, far = (answer(counted_by(engine, vector), tmp_path_factory.mktemp(engine)) for engine in ("duckdb", "spark"))
    assert shown(far) == shown(near)
    assert outcome in {finding.outcome for finding in far}
