"""The flow of `redan record`: find the project, date what is there, run, seal, log; input is read before the run."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from redan.cli.state import State
from redan.errors import UsageError
from redan.evidence.training_record import log_record, log_start
from redan.files import write_atomic
from redan.recording.declared import declared, model_outputs, undeclared
from redan.recording.form import FileResource, TrainingRecord
from redan.recording.keep import RECORDS, Kept, keep, sealed
from redan.recording.names import shown
from redan.recording.run import Wanted, check_command, run
from redan.recording.session import Session, utc_now
from redan.recording.statement import Asked, statement
from redan.recording.tally import Access
from redan.seal.keys import Signer
from redan.system.read import FILE_NAME, read
from redan.system.system import System
from redan.terms import Exit


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a recorded command leaves behind.

    Args:
        record: what was seen.
        kept: the sealed record.
        copy: a further copy, if one was asked for.
        key_id: of the key that sealed it.
        made_key: whether that key was made just now.
        system: the description; None without one.
        undeclared: files that were read and not declared; None when there was nothing to compare with.
    """

    record: TrainingRecord
    kept: Kept
    copy: Path | None
    key_id: str
    made_key: bool
    system: System | None
    undeclared: tuple[FileResource, ...] | None

    @property
    def exit(self) -> Exit:
        """What scripts are told: a failed command before findings, findings before what could not be seen."""
        seen = self.record.seen
        if seen.exit_status:
            return Exit.INCOMPLETE
        if self.undeclared:
            return Exit.FOUND
        unjudged = self.undeclared is None and self.system is not None
        return Exit.INCOMPLETE if seen.gaps or seen.unwatched or unjudged else Exit.MET


def find_system(given: Path | None, command: Sequence[str], here: Path) -> System | None:
    """The description of the project that a command belongs to.

    Args:
        given: a `redan.toml` or its folder.
        command: its words may name a script.
        here: the current folder.

    Returns:
        The one that was given, else the nearest in or above the current folder, else in or above the folder of a
        script that the command names; None when there is none.

    Raises:
        ConfigError: it is there and cannot be read.
    """
    if given is not None:
        return read(given)
    scripts = [here / word for word in command[1:] if word.endswith(".py")]
    for start in (here, *(path.parent for path in scripts if path.is_file())):
        for folder in (start.resolve(), *start.resolve().parents):
            if (folder / FILE_NAME).is_file():
                return read(folder / FILE_NAME)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Where a run is recorded.

    Args:
        root: the project's folder, without links.
        system: its description; None without one.
        models: the models that the run is for, as far as that is known before it.
        state: its `.redan` folder.
        signer: seals the record.
        made_key: whether the key was made just now.
    """

    root: Path
    system: System | None
    models: tuple[str, ...]
    state: State
    signer: Signer
    made_key: bool

    @classmethod
    def of(cls, system: System | None, here: Path, model: str | None, key: Path | None) -> "Project":
        """The project of a description, or of the current folder without one.

        Raises:
            UsageError: there is no such model, or the key or the state folder cannot be used.
        """
        root = (here if system is None else system.origin.root).resolve()
        names = [] if system is None else [item.name for item in system.models]
        if model is not None and model not in names:
            known = f"the description has {', '.join(names)}" if names else "give --system, or leave --model out"
            raise UsageError(f"there is no model {model!r}", remedy=known)
        models = (model,) if model is not None else tuple(names) if len(names) == 1 else ()
        state = State(root)
        state.prepare()
        signer, made = state.signer(key)
        return cls(root=root, system=system, models=models, state=state, signer=signer, made_key=made)

    def record(
        self, command: Sequence[str], *, method: Wanted = "auto", output: int | None = None, out: Path | None = None
    ) -> Recorded:
        """Runs a command, and seals, keeps and logs the record of it.

        Args:
            command: words; no shell reads them.
            method: how to watch.
            output: descriptor that the command's standard output goes to; the caller's own when None.
            out: a further copy of the sealed record.

        Raises:
            UsageError: there is no such program, or something cannot be written.
            IncompleteError: the run could not be watched.
        """
        here, env = Path.cwd(), dict(os.environ)
        check_command(command, here, env)
        if self.system is not None:
            with self.state.ledger(self.signer) as ledger:
                log_start(ledger, self.system, utc_now())
        session = Session(self.root, expected=self._expected(), home=Path.home())
        ran = run(command, session, env=env, method=method, output=output)
        models = self.models or self._written(ran.watched.files)
        asked = Asked(
            command=command,
            folder=here,
            root=self.root,
            env=env,
            declared={} if self.system is None else declared(self.system, models),
            models=models,
            description=None if self.system is None else self.system.digest,
            home=Path.home(),
        )
        return self._kept(statement(asked, ran), asked, out)

    def _expected(self) -> tuple[Path, ...]:
        if self.system is None:
            return ()
        models = self.models or tuple(item.name for item in self.system.models)
        return tuple(self.root / name for name in declared(self.system, models))

    def _written(self, files: Mapping[bytes, Access]) -> tuple[str, ...]:
        """The models whose files were written, where the command line named none."""
        if self.system is None:
            return ()
        written = {shown(path, self.root) for path, access in files.items() if access.written}
        return tuple(name for file, name in model_outputs(self.system).items() if file in written)

    def _kept(self, record: TrainingRecord, asked: Asked, out: Path | None) -> Recorded:
        envelope = sealed(record, self.signer)
        kept = keep(envelope, self.root / RECORDS)
        with self.state.ledger(self.signer) as ledger:
            log_record(ledger, record, kept.sha256, self.system)
        if out is not None:
            write_atomic(out, envelope)
        judged = bool(asked.models)
        return Recorded(
            record=record,
            kept=kept,
            copy=out,
            key_id=self.signer.public.key_id,
            made_key=self.made_key,
            system=self.system,
            undeclared=undeclared(record.inputs, asked.declared) if judged else None,
        )
