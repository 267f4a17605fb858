"""What `redan record` prints: lines of a word and a sentence for people, one JSON object for programs."""

import json
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from redan.canon import Json
from redan.cli.page import aligned, bytes_in_words
from redan.cli.recording import Recorded
from redan.recording.digests import State
from redan.recording.form import NO_OUTPUT, FileResource, PackageResource, SourceResource
from redan.recording.observation import Method

_LINES = 40  # of one kind; JSON has all
_WAYS = {
    Method.STRACE: "every file, C libraries included",
    Method.AUDIT: "files that Python code opens, or anybody inside the project",
}
_STATES = {
    State.CHANGED: "changed during the run",
    State.GONE: "gone when the run was over",
    State.UNREADABLE: "could not be digested",
}


def as_json(done: Recorded) -> str:
    """The record's facts, schema `redan/record/v1`."""
    record, seen = done.record, done.record.seen
    said: dict[str, Json] = {
        "schema": "redan/record/v1",
        "record": str(done.kept.path),
        "sha256": done.kept.sha256,
        "key": done.key_id,
        "models": list(record.models),
        "command": list(record.predicate.build_definition.external_parameters.command),
        "exit_status": seen.exit_status,
        "wall_s": seen.wall_seconds,
        "method": seen.method.value,
        "tool": record.predicate.run_details.builder.version["watcher"],
        "fallback": seen.fallback,
        "blind_to": list(seen.blind_to),
        "gaps": list(seen.gaps),
        "unwatched": list(seen.unwatched),
        "inputs": [_input(item) for item in record.inputs],
        "outputs": [{"name": s.name, "sha256": s.digest.sha256} for s in record.subject if s.name != NO_OUTPUT],
        "undeclared": None if done.undeclared is None else [item.name for item in done.undeclared],
        "packages": [item.name for item in _packages(done)],
        "counted": dict(seen.counted),
    }
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def _input(item: FileResource) -> Json:
    note = item.annotations
    return {
        "name": item.name,
        "sha256": None if item.digest is None else item.digest.sha256,
        "size": note.size,
        "use": note.use,
        "state": note.state.value,
        "declared": list(note.declared),
        "package": note.package,
    }


def as_text(done: Recorded) -> str:
    """The record's facts, most wanted last: findings, and where the record is."""
    return aligned(_lines(done))


def _lines(done: Recorded) -> Iterator[tuple[str, str]]:
    record, seen = done.record, done.record.seen
    outer = record.predicate.build_definition.external_parameters
    yield "command", shlex.join(outer.command)
    ended = f"exit status {seen.exit_status}" if seen.exit_status >= 0 else f"ended by signal {-seen.exit_status}"
    yield "", f"{ended} after {seen.wall_seconds:.1f} s"
    watcher = record.predicate.run_details.builder.version["watcher"]
    yield "watched by", f"{watcher}: {_WAYS[seen.method]}"
    if seen.fallback:
        yield "", f"not by strace: {seen.fallback}"
    yield from _block("read", [_read(item) for item in record.inputs])
    outputs = [
        f"{s.name}  {bytes_in_words(s.annotations.size)}  {s.digest.sha256[:16]}"
        for s in record.subject
        if s.annotations
    ]
    yield from _block("wrote", outputs or ["nothing that is still there"])
    yield from _software(done)
    yield from _unseen(done)
    yield from _verdict(done)


def _software(done: Recorded) -> Iterator[tuple[str, str]]:
    packages = _packages(done)
    files = sum(item.annotations.files for item in packages)
    inner = done.record.predicate.build_definition.internal_parameters
    python = f"Python {inner.python}, " if inner.python else ""
    yield "software", f"{python}{len(packages)} packages ({files:,} files), each by the digest of its RECORD"
    counted = [f"{count:,} {name}" for name, count in done.record.seen.counted.items() if count and name != "packages"]
    if counted:
        yield "", "counted, not listed: " + ", ".join(counted)
    for item in done.record.predicate.build_definition.resolved_dependencies:
        if isinstance(item, SourceResource):
            odd = len(item.annotations.differing)
            yield "commit", f"{item.digest.git_commit[:16]}, {odd} of the files read are not as committed"


def _unseen(done: Recorded) -> Iterator[tuple[str, str]]:
    seen = done.record.seen
    yield from _block("not seen", [*seen.gaps, *seen.blind_to])
    if seen.unwatched:
        names = ", ".join(seen.unwatched[:8])
        more = f" and {len(seen.unwatched) - 8} more" if len(seen.unwatched) > 8 else ""  # noqa: PLR2004 -- as above
        yield "", f"what these may have opened by themselves outside the project: {names}{more}"
    if seen.addresses:
        yield "", f"what came from {seen.addresses} network addresses that were contacted"


def _verdict(done: Recorded) -> Iterator[tuple[str, str]]:
    if done.record.seen.exit_status:
        yield "failed", f"the command left with {done.record.seen.exit_status}; the record is of a failed run"
    if done.undeclared is None:
        why = "no redan.toml was found" if done.system is None else "no model was named and none was written"
        yield "undeclared", f"not judged: {why}"
    elif done.undeclared:
        yield from _block("undeclared", [item.name for item in done.undeclared])
        models = ", ".join(done.record.models)
        yield "", f"read, and not declared for {models}: declare it in redan.toml as data or code, or stop reading it"
    elif done.record.seen.unwatched or done.record.seen.gaps:
        yield "undeclared", "nothing that was seen"
    else:
        yield "undeclared", "nothing"
    yield "record", f"{_short(done.kept.path)}, sealed by key {done.key_id[:16]}, in the ledger"
    if done.copy is not None:
        yield "", f"copy: {done.copy}"
    if done.made_key:
        yield "key", "a signing key was made for this project: .redan/key.pem; keep it to yourself"


def _read(item: FileResource) -> str:
    note = item.annotations
    sha256 = "no digest" if item.digest is None else item.digest.sha256[:16]
    parts = [item.name, *([] if note.size is None else [bytes_in_words(note.size)]), sha256, *note.declared]
    parts += [_STATES[note.state]] if note.state in _STATES else []
    parts += [f"of package {note.package}"] if note.package else []
    return "  ".join(parts)


def _block(word: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    for index, line in enumerate(lines[:_LINES]):
        yield "" if index else word, line
    if len(lines) > _LINES:
        yield "", f"and {len(lines) - _LINES:,} more; --format json has all"


def _packages(done: Recorded) -> list[PackageResource]:
    found: Iterable[object] = done.record.predicate.build_definition.resolved_dependencies
    return [item for item in found if isinstance(item, PackageResource)]


def _short(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
