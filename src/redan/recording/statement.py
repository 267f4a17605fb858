"""Puts a run into the words of SLSA provenance."""

import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from redan.canon import canonical, digest, digest_of
from redan.recording import form
from redan.recording.digests import Digests, Settled
from redan.recording.facts import Facts, Input, facts
from redan.recording.names import shown
from redan.recording.observation import BLIND
from redan.recording.packages import Package
from redan.recording.session import Ran
from redan.recording.surroundings import Commit, commit, machine, masked, own_version, settings, variables
from redan.recording.tally import Access
from redan.seal.in_toto import timestamp
from redan.seal.strict import DigestSet

_PROGRAMS_LIMIT = 64
_SHORT_CHARS = 2_000
_VERSION = re.compile(rb"/lib(?:32|64)?/python(\d\.\d{1,3})/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a run was started as.

    Args:
        command: its words.
        folder: where it was started.
        root: the project's folder, absolute and without links.
        env: of the command.
        declared: what each file name is, as `declared.declared` gives them.
        models: names of the models that it was for; may be empty.
        description: digest of the description; None without one.
        home: the user's folder.
    """

    command: Sequence[str]
    folder: Path
    root: Path
    env: Mapping[str, str]
    declared: Mapping[str, tuple[str, ...]]
    models: tuple[str, ...] = ()
    description: str | None = None
    home: Path | None = None


def statement(asked: Asked, ran: Ran) -> form.TrainingRecord:
    """The record of a run.

    Args:
        asked: what it was started as.
        ran: what was seen of it.
    """
    began = time.monotonic()
    known = facts(ran.watched.files, ran.watched.programs, ran.digests, asked.root, asked.home)
    source = commit(asked.root, [Path(os.fsdecode(item.path)) for item in known.inputs])
    definition = form.Definition(
        external_parameters=form.External(
            command=masked(asked.command, asked.folder),
            directory=_name(os.fsencode(asked.folder), asked),
            models=asked.models,
            description=asked.description,
        ),
        internal_parameters=form.Internal(
            python=_python(ran),
            platform=machine(),
            variables=variables(asked.env),
            settings=settings(asked.env),
        ),
        resolved_dependencies=tuple(_dependencies(asked, ran, known, source)),
    )
    return form.TrainingRecord(
        subject=_subjects(asked, known, definition),
        predicate=form.Provenance(
            build_definition=definition,
            run_details=_details(ran, known, definition, own_s=ran.before_s + time.monotonic() - began),
        ),
    )


def payload(record: form.TrainingRecord) -> bytes:
    """The canonical bytes of a record, which are signed."""
    return canonical(record.model_dump(mode="json", by_alias=True, exclude_none=True))


def _dependencies(asked: Asked, ran: Ran, known: Facts, source: Commit | None) -> Iterator[form.Resource]:
    for item in known.inputs:
        yield _file(item, asked)
    yield from (_package(package) for package in known.packages)
    yield from _programs(ran.watched.programs, ran.digests, asked)
    if source is not None:
        yield form.SourceResource(
            name="source",
            digest=form.CommitSet(git_commit=source.id),
            annotations=form.SourceNote(differing=tuple(name[:_SHORT_CHARS] for name in source.differing)),
        )


def _file(item: Input, asked: Asked) -> form.FileResource:
    name = _name(item.path, asked)
    return form.FileResource(
        name=name,
        digest=_digest(item.settled),
        annotations=form.FileNote(
            use="read and written" if item.written else "read",
            state=item.settled.state,
            size=item.settled.size,
            declared=asked.declared.get(name, ()),
            package=item.package,
        ),
    )


def _package(package: Package) -> form.PackageResource:
    plain = re.sub(r"[-_.]+", "-", package.name).lower()
    return form.PackageResource(
        name=f"{package.name} {package.version}",
        uri=f"pkg:pypi/{plain}@{package.version}",
        digest=DigestSet(sha256=package.record),
        annotations=form.PackageNote(files=package.files),
    )


def _programs(programs: Iterable[bytes], digests: Digests, asked: Asked) -> Iterator[form.ProgramResource]:
    real = dict.fromkeys(os.path.realpath(_found(program)) for program in programs)
    for path in list(real)[:_PROGRAMS_LIMIT]:
        settled = digests.settle(path, Access(read=True))
        if settled is not None:
            yield form.ProgramResource(name=_name(path, asked), digest=_digest(settled), annotations=form.ProgramNote())


def _found(program: bytes) -> bytes:
    return program if b"/" in program else os.fsencode(shutil.which(os.fsdecode(program)) or program)


def _digest(settled: Settled) -> DigestSet | None:
    return None if settled.sha256 is None else DigestSet(sha256=settled.sha256)


def _subjects(asked: Asked, known: Facts, definition: form.Definition) -> tuple[form.Output, ...]:
    outputs = tuple(
        form.Output(
            name=_name(path, asked),
            digest=DigestSet(sha256=settled.sha256),
            annotations=form.OutputNote(size=settled.size or 0),
        )
        for path, settled in known.outputs
        if settled.sha256 is not None
    )
    if outputs:
        return outputs
    nothing = digest_of(definition.model_dump(mode="json", by_alias=True, exclude_none=True))
    return (form.Output(name=form.NO_OUTPUT, digest=DigestSet(sha256=nothing)),)


def _details(ran: Ran, known: Facts, definition: form.Definition, *, own_s: float) -> form.RunDetails:
    watched = ran.watched
    seen = form.Seen(
        method=watched.method,
        fallback=watched.fallback,
        blind_to=BLIND[watched.method],
        gaps=tuple(gap[:_SHORT_CHARS] for gap in watched.gaps),
        unwatched=tuple(name[:_SHORT_CHARS] for name in watched.unwatched),
        exit_status=watched.status,
        wall_seconds=round(ran.wall_s, 3),
        own_seconds=round(own_s, 3),
        processes=watched.threads,
        addresses=watched.addresses,
        counted={**known.counted, "kernel": watched.kernel},
        unlisted=known.unlisted,
    )
    started, finished = timestamp(ran.started), timestamp(ran.finished)
    words = definition.model_dump(mode="json", by_alias=True, exclude_none=True)
    return form.RunDetails(
        builder=form.Builder(version={"redan": own_version(), "watcher": watched.tool}),
        metadata=form.Metadata(
            invocation_id=digest(canonical([words, started, finished]))[:32], started_on=started, finished_on=finished
        ),
        byproducts=(form.Observation(annotations=seen),),
    )


def _name(path: bytes, asked: Asked) -> str:
    return shown(path, asked.root, asked.home)


def _python(ran: Ran) -> str:
    """The version of the Python that ran: exact when it is this one, else as its folder says."""
    programs = {os.path.realpath(program) for program in ran.watched.programs}
    if os.fsencode(os.path.realpath(sys.executable)) in programs:
        return platform.python_version()
    found = (_VERSION.search(path) for path in ran.watched.files)
    return next((match[1].decode() for match in found if match is not None), "")
