"""Staleness: evidence says something of bytes; when the bytes change, it says nothing of the new ones."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from redan.runner.records import ControlResult, Results
from redan.terms import Outcome


def stale(results: Results, digests: Mapping[str, str], policy_sha256: str) -> Mapping[str, tuple[str, ...]]:
    """The controls whose evidence no longer speaks of what is there.

    Args:
        results: of an earlier run, such as `Verified.results`.
        digests: of today's artifacts, by the names that `ControlResult.digests` uses, `description` included.
        policy_sha256: of today's policy document.

    Returns:
        Control id to what changed or is gone; empty when all evidence is current.
    """
    changed = {
        control.control_id: tuple(_changes(control, results, digests, policy_sha256)) for control in results.controls
    }
    return MappingProxyType({control_id: what for control_id, what in changed.items() if what})


def marked_stale(results: Results, changes: Mapping[str, tuple[str, ...]]) -> Results:
    """The results with outdated controls, and every answer of theirs, turned `stale`.

    Args:
        results: of an earlier run.
        changes: from `stale`.
    """
    return replace(results, controls=tuple(_marked(control, changes) for control in results.controls))


def _marked(control: ControlResult, changes: Mapping[str, tuple[str, ...]]) -> ControlResult:
    what = changes.get(control.control_id)
    if what is None:
        return control
    findings = tuple(
        replace(
            finding,
            outcome=Outcome.STALE,
            message=f"{', '.join(what)}; before that it was {finding.outcome}: {finding.message}",
        )
        for finding in control.findings
    )
    return replace(control, outcome=Outcome.STALE, findings=findings)


def _changes(control: ControlResult, results: Results, digests: Mapping[str, str], policy_sha256: str) -> Iterator[str]:
    for name, sha256 in sorted(control.digests.items()):
        now = digests.get(name)
        if now is None:
            yield f"{name} is gone"
        elif now != sha256:
            yield f"{name} changed"
    if results.policy_sha256 != policy_sha256:
        yield "the policy changed"
