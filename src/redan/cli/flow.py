"""The flow of `redan check`: read, register the policy, run, attest, judge; every input is checked before any check."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import redan
from redan.artifacts.dataset_file import ARRAYS, DatasetFile
from redan.artifacts.history import History
from redan.artifacts.watch import Watch
from redan.canon import Json, digest_of
from redan.cli.state import State
from redan.controls import catalogue
from redan.controls.catalogue import Control
from redan.errors import ConfigError, InputError
from redan.evidence import Verified, attest, history, policy_document, record_events, register_policy, verify
from redan.files import confined, write_atomic
from redan.gating import Baseline, Judgement, Waivers, gate, read_baseline, read_waivers, required
from redan.runner.answer import Facts, Progress, World, nothing_watched, silent
from redan.runner.cache import Cache, job_key
from redan.runner.events import observed
from redan.runner.plan import plan
from redan.runner.records import Results
from redan.runner.run import gather, run
from redan.system.system import System
from redan.tables import open_table

WAIVERS = "waivers.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asked for.

    Args:
        seed: of every random choice; the policy's when None.
        budget: dearest tier; the policy's when None.
        only: control or check ids to look at alone, see `look`.
        key: a private key; the project's own when None.
        cached: whether answers of earlier runs may be used.
        now: the time of the run, UTC, whole seconds.
        progress: told what runs.
    """

    now: dt.datetime
    seed: int | None = None
    budget: str | None = None
    only: tuple[str, ...] = ()
    key: Path | None = None
    cached: bool = True
    progress: Progress = silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """All that the gate needs besides the evidence, read before the first check starts."""

    system: System
    controls: Mapping[str, Control]
    waivers: Waivers
    baseline: Baseline
    baseline_sha256: str | None
    seed: int
    budget: str
    only: tuple[str, ...] = ()

    @property
    def known(self) -> dict[str, tuple[str, ...]]:
        """Control id to the full ids of its checks."""
        return {id_: tuple(question.id for question in control.checks) for id_, control in self.controls.items()}

    @property
    def place(self) -> str:
        """Where the policy is written."""
        return f"{self.system.origin.file}:{self.system.line('policy', 'require')}"

    def policy(self) -> Json:
        """The policy document that is registered before the run."""
        stances = self.system.tables.controls
        return policy_document(
            require=self.system.policy.require,
            thresholds={id_: stance.threshold for id_, stance in stances.items() if stance.threshold is not None},
            waivers_sha256=self.waivers.sha256,
            baseline_sha256=self.baseline_sha256,
            catalogue_sha256=digest_of([control.model_dump(mode="json") for control in self.controls.values()]),
            seed=self.seed,
            budget=self.budget,
        )

    @property
    def policy_sha256(self) -> str:
        """SHA-256 of the canonical policy document."""
        return digest_of(self.policy())

    def judge(self, results: Results, now: dt.datetime) -> Judgement:
        """What the gate says of results."""
        return gate(
            results,
            self.system.policy,
            known=self.known,
            now=now.date(),
            waivers=self.waivers,
            baseline=self.baseline,
            where=self.place,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a run of the whole flow leaves behind."""

    judging: Judging
    results: Results
    judgement: Judgement
    verified: Verified
    pack: Path
    made_key: bool
    ledger_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a run of some questions alone leaves behind: an answer, and no evidence."""

    judging: Judging
    results: Results
    judgement: Judgement


def prepare(system: System, asked: Asked) -> Judging:
    """Reads everything that decides the verdict.

    Raises:
        ConfigError: the policy, the waivers or the baseline is wrong, or a stance names no control.
    """
    controls = catalogue.load()
    _known_controls(system, controls)
    waivers = _waivers(system, asked.now)
    name = system.policy.baseline
    baseline, digest = Baseline(), None
    if name is not None:
        baseline = read_baseline(_beside(system, name, "baseline"))
        digest = digest_of(list[Json](sorted(baseline.fingerprints)))
    judging = Judging(
        system=system,
        controls=controls,
        waivers=waivers,
        baseline=baseline,
        baseline_sha256=digest,
        seed=system.policy.seed if asked.seed is None else asked.seed,
        budget=asked.budget or system.policy.budget,
        only=asked.only,
    )
    required(system.policy, judging.known, where=judging.place)
    _known_only(asked.only, judging.known)
    return judging


def check(system: System, asked: Asked) -> Checked:
    """The whole flow over one system.

    Raises:
        ConfigError, InputError: something that was declared is wrong; nothing was run.
        UsageError: the key or the state folder cannot be used.
        InvalidError: the ledger was tampered with.
    """
    judging = prepare(system, asked)
    what = plan(system, controls=judging.controls, budget=judging.budget)
    state = State(system.origin.root)
    state.check()
    watch = Watch.start(system)
    facts = gather(what)
    seen = observed(system, asked.now)
    check_readable(system, facts, state.own_cache() if asked.cached else None, watch.unchanged)
    state.prepare()
    signer, made = state.signer(asked.key)
    with state.ledger(signer) as ledger:
        record_events(ledger, seen)
        policy = judging.policy()
        registered = register_policy(ledger, policy, signer, asked.now)
        world = World(
            now=asked.now,
            history=history(ledger),
            seed=judging.seed,
            tool=redan.__version__,
            cache=state.cache(signer, asked.key) if asked.cached else None,
            progress=asked.progress,
            unchanged=watch.unchanged,
        )
        results = run(what, world, policy, facts)
        _check_same(system, facts, gather(what))
        watch.unchanged()
        pack = attest(results, signer, ledger=ledger, registered=registered)
        size = ledger.size
    write_atomic(state.evidence, pack)
    return Checked(
        judging=judging,
        results=results,
        judgement=judging.judge(results, asked.now),
        verified=verify(pack, signer.public),
        pack=state.evidence,
        made_key=made,
        ledger_size=size,
    )


def look(system: System, asked: Asked) -> Looked:
    """Some questions alone, for the time while something is being mended; signs and logs nothing.

    A part of the catalogue is no evidence of the whole, so the last pack and the ledger stay as they are.

    Raises:
        ConfigError, InputError: something that was declared is wrong; nothing was run.
    """
    judging = prepare(system, asked)
    what = plan(system, controls=judging.controls, only=asked.only, budget=judging.budget)
    state = State(system.origin.root)
    state.check()
    watch = Watch.start(system)
    facts = gather(what)
    check_readable(system, facts, state.own_cache() if asked.cached else None, watch.unchanged)
    world = World(
        now=asked.now,
        history=History((*state.history().events, *observed(system, asked.now))),
        seed=judging.seed,
        tool=redan.__version__,
        cache=state.own_cache() if asked.cached else None,
        progress=asked.progress,
        unchanged=watch.unchanged,
    )
    everything = run(what, world, judging.policy(), facts)
    wanted = {name.partition("/")[0] for name in asked.only}
    kept = tuple(c for c in everything.controls if c.control_id in wanted)
    results = replace(everything, controls=kept)
    return Looked(judging=judging, results=results, judgement=_judged_alone(judging, results, asked))


def _judged_alone(judging: Judging, results: Results, asked: Asked) -> Judgement:
    prints = {finding.fingerprint for control in results.controls for finding in control.findings}
    entries = tuple(waiver for waiver in judging.waivers.entries if waiver.fingerprint in prints)
    return gate(
        results,
        judging.system.policy.model_copy(update={"require": tuple(asked.only)}),
        known=judging.known,
        now=asked.now.date(),
        waivers=Waivers(entries),
        baseline=judging.baseline,
    )


def check_readable(
    system: System, facts: Facts, cache: Cache | None, unchanged: Callable[[], None] = nothing_watched
) -> None:
    """Opens every table that was collected, so that a broken file is one clear line before the first check.

    Args:
        system: the description.
        facts: from `gather`.
        cache: remembers which bytes were readable; None to read all of them.
        unchanged: raises InputError when a file was touched since it was digested.

    Raises:
        InputError: a file is not a table; names the line that declares it.
    """
    for (_, element), found in facts.items():
        if not isinstance(found, DatasetFile) or found.path.suffix.lower() in ARRAYS:
            continue  # arrays are read by the checks that ask about them
        key = job_key(["readable", redan.__version__, found.path.name, found.digest])
        if cache is not None and cache.get(key) is not None:
            continue
        try:
            open_table(found.path)
        except InputError as error:
            where = f"{system.origin.file}:{system.line(element, 'path')}"
            inside = f" line {error.where.rpartition(':')[2]}" if error.where and error.where[-1:].isdigit() else ""
            raise InputError(
                f"{element}: {found.path.name}{inside} {error.what}", where=where, remedy=error.remedy
            ) from error
        unchanged()
        if cache is not None:
            cache.put(key, ())


def _check_same(system: System, before: Facts, after: Facts) -> None:
    """What was digested before the first check is what lies there after the last."""
    for (kind, element), found in before.items():
        if after[(kind, element)] != found:
            raise InputError(
                f"{element}: its files changed during the run, so no answer about them counts",
                where=f"{system.origin.file}:{system.line(element)}",
                remedy="run again when nothing writes to them",
            )


def _known_controls(system: System, controls: Mapping[str, Control]) -> None:
    for name, stance in system.tables.controls.items():
        where = f"{system.origin.file}:{system.line(f'controls:{name}', 'threshold')}"
        if name not in controls:
            raise ConfigError(f"no control is called {name!r}", where=where, remedy="'redan explain' lists the ids")
        adjustable = any(check.adjustable for check in catalogue.checks(controls[name]))
        if stance.threshold is not None and not adjustable:  # a number that nobody reads would look like a decision
            raise ConfigError(f"no check of {name} has a threshold to set", where=where, remedy="remove 'threshold'")


def _known_only(only: Iterable[str], known: Mapping[str, tuple[str, ...]]) -> None:
    names = {*known, *(check for checks in known.values() for check in checks)}
    names.update(f"{control}/decision-is-recorded" for control in known)
    for name in only:
        if name not in names:
            raise ConfigError(f"no control or check is called {name!r}", remedy="'redan explain' lists the ids")


def _waivers(system: System, now: dt.datetime) -> Waivers:
    name = system.policy.waivers
    if name is None:
        path = system.origin.root / WAIVERS
        return read_waivers(path, now.date(), name=WAIVERS) if path.exists() else Waivers()
    return read_waivers(_beside(system, name, "waivers"), now.date(), name=name)


def _beside(system: System, name: str, key: str) -> Path:
    try:
        return confined(system.origin.root, name)
    except InputError as error:
        where = f"{system.origin.file}:{system.line('policy', key)}"
        raise ConfigError(error.what, where=where, remedy=error.remedy) from error
