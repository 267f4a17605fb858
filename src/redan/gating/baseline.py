"""The baseline: fingerprints of known findings, for "no new findings" on a product that starts with many."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from redan.errors import ConfigError, InputError
from redan.files import TEXT_LIMIT_BYTES, read_bounded, write_atomic
from redan.findings import Finding
from redan.terms import Outcome

SCHEMA = "redan/baseline/v1"
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Baseline:
    """Fingerprints of findings that were broken when the baseline was written; they do not fail the gate."""

    fingerprints: frozenset[str] = frozenset()


def baseline_of(findings: Iterable[Finding]) -> Baseline:
    """The baseline that accepts exactly the findings that are broken now; unknowns are never accepted."""
    return Baseline(frozenset(f.fingerprint for f in findings if f.outcome is Outcome.BROKEN))


def write_baseline(path: Path, findings: Iterable[Finding]) -> Baseline:
    """Writes the baseline of a run, one fingerprint a line so that a review sees what was added.

    Args:
        path: the file to write, replaced whole.
        findings: of the run.

    Returns:
        What was written; no fingerprint when nothing is broken.

    Raises:
        UsageError: the file cannot be written.
    """
    baseline = baseline_of(findings)
    document = {"schema": SCHEMA, "fingerprints": sorted(baseline.fingerprints)}
    write_atomic(path, f"{json.dumps(document, indent=2)}\n".encode())
    return baseline


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file.

    Args:
        path: the file, as `[policy]` names it.

    Raises:
        ConfigError: the file is absent, or is not exactly a baseline.
    """
    remedy = "write it anew with 'redan check --write-baseline PATH'"
    try:
        document = json.loads(read_bounded(path, TEXT_LIMIT_BYTES))
    except InputError as error:
        raise ConfigError(error.what, where=str(path), remedy=remedy) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError("is not JSON", where=str(path), remedy=remedy) from error
    if not isinstance(document, dict) or document.keys() != {"schema", "fingerprints"}:
        raise ConfigError("a baseline has 'schema' and 'fingerprints', nothing else", where=str(path), remedy=remedy)
    if document["schema"] != SCHEMA:
        raise ConfigError(f"is not of schema {SCHEMA!r}", where=str(path), remedy=remedy)
    entries = document["fingerprints"]
    if not isinstance(entries, list) or not all(isinstance(e, str) and _FINGERPRINT.fullmatch(e) for e in entries):
        raise ConfigError("a fingerprint is 32 lower-case hex digits", where=str(path), remedy=remedy)
    if len(set(entries)) != len(entries):
        raise ConfigError("a fingerprint stands twice", where=str(path), remedy=remedy)
    return Baseline(frozenset(entries))
