"""What bad participants can do to federated training: the assumption of the rule, and a trial on recorded updates."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from redan.artifacts.updates_file import UpdatesFile
from redan.canon import Json
from redan.controls.contract import Check, Have, Subject
from redan.controls.statement import place
from redan.defences.aggregation import Trial, least_participants, most_bad, trials
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Shares, pictured
from redan.measures.outlying_updates import outlying_participants
from redan.system.records import Federation
from redan.system.system import System
from redan.terms import Level, Tier

WITHSTANDS = "AIPS-POI-04/aggregation-withstands-bad-updates"
ASSUMPTION = "AIPS-POI-04/assumption-about-participants-holds"
MOST_MOVED = 2.0  # a rule that picks one honest update is at about 1; no rule that withstands f is beyond 2 in practice
_ROBUST = Remedy(
    text="Combine updates by a rule that withstands the assumed number of bad participants: trimmed-mean, multi-krum or"
    " bulyan of redan.defences.aggregation, or its strategy for Flower.",
    effort=Level.MEDIUM,
)
_ASSUME = Remedy(
    text="State in 'bad' how many participants could be bad (1 at least, who could be bribed, hacked or mistaken), and"
    " choose a rule for them.",
    effort=Level.LOW,
)
_MORE = Remedy(
    text="Admit more participants to each round, choose a rule that needs fewer (median, trimmed-mean), or show that"
    " fewer participants can be bad.",
    effort=Level.MEDIUM,
)
_LOOK = Remedy(
    text="Find out what these participants send and why; exclude them, or assume as many bad ones.", effort=Level.MEDIUM
)


def _federations(system: System) -> Iterable[Subject]:
    return tuple(Subject(f"federation:{f.name}", (f"federation:{f.name}",)) for f in system.tables.federation)


def _assumed(system: System) -> Iterable[Subject]:
    return tuple(
        Subject(f"federation:{f.name}", (f"federation:{f.name}",) if f.updates else ())
        for f in system.tables.federation
    )


def _federation(have: Have) -> Federation:
    name = have.subject.id.partition(":")[2]
    return next(f for f in have.system.tables.federation if f.name == name)


def _placed(have: Have, finding: Finding, key: str | None = None) -> Finding:
    return replace(finding, location=place(have.system, have.subject.id, key))


def _withstands(have: Have) -> Iterator[Finding]:
    federation = _federation(have)
    bad = max(1, federation.bad)
    updates = have.get(UpdatesFile, have.subject.id).updates()
    sent = _sent(updates)
    least = least_participants(federation.aggregation, bad)
    if least is not None and sent.max() < least:
        text = (
            f"{federation.aggregation} promises nothing against {bad} bad of {int(sent.max())} participants: it needs"
            f" {least}."
        )
        yield _placed(have, broken(WITHSTANDS, have.subject.id, text, _MORE), "aggregation")
        return
    found = trials(updates, federation.aggregation, bad, rng=have.rng)
    yield _placed(have, _judged(have, federation, bad, found), "aggregation")


def _sent(updates: NDArray[np.float64]) -> NDArray[np.int64]:
    """Participants that took part in each round."""
    return np.asarray(np.isfinite(updates).all(axis=2).sum(axis=1))


def _judged(have: Have, federation: Federation, bad: int, found: tuple[Trial, ...]) -> Finding:
    stance = have.system.tables.controls.get("AIPS-POI-04")
    most = MOST_MOVED if stance is None or stance.threshold is None else stance.threshold
    worst = max(found, key=lambda t: t.moved)
    back = min(found, key=lambda t: t.forward_interval.high)
    measure = Measure(
        name="moved_by_bad_updates",
        value=worst.moved,
        interval=worst.interval,
        n=worst.n,
        threshold=most,
        unit="standard deviations of honest updates",
    )
    who = f"{bad} bad of {federation.participants} participants"
    detail = _detail(found, most)
    moved = (
        f"{federation.aggregation} is moved by {worst.moved:.2g} standard deviations of honest updates by {who}"
        f" ({worst.attack}; {worst.n} trials on recorded updates"
    )
    subject = have.subject.id
    if worst.interval.low > most:
        finding = broken(WITHSTANDS, subject, f"{moved}; {most:g} at most).", _ROBUST, measure=measure)
        return replace(finding, detail=detail)
    if back.forward_interval.high < 0:
        text = (
            f"{who} make {federation.aggregation} go backwards ({back.attack}): honest updates differ too much for the"
            f" rule to tell what they have in common."
        )
        step = Measure(
            name="step_along_honest_mean",
            value=back.forward,
            interval=back.forward_interval,
            n=back.n,
            threshold=0.0,
            comparator=">=",
            unit="share",
        )
        return replace(broken(WITHSTANDS, subject, text, _ROBUST, measure=step), detail=detail)
    if worst.interval.high > most:
        return replace(not_run(WITHSTANDS, subject, f"{moved}): too few to tell."), measure=measure, detail=detail)
    text = f"{moved}, whose senders are taken to be honest; {most:g} at most)."
    return replace(holds(WITHSTANDS, subject, text, measure=measure), detail=detail)


def _detail(found: tuple[Trial, ...], most: float) -> dict[str, Json]:
    picture = Shares(
        title="How far bad participants move the combined update, in standard deviations of honest updates",
        names=tuple(t.attack for t in found),
        values=tuple(t.moved for t in found),
        intervals=tuple(t.interval for t in found),
        expected=0.0,
        flagged=tuple(t.attack for t in found if t.interval.low > most),
    )
    return {**pictured([picture]), "forward": {t.attack: t.forward for t in found}}


def _assumption(have: Have) -> Iterator[Finding]:
    federation, subject = _federation(have), have.subject.id
    rule, bad = federation.aggregation, federation.bad
    files = have.all(UpdatesFile)
    updates = files[0].updates() if files else None
    rounds = np.array([federation.participants]) if updates is None else _sent(updates)
    fewest = min(federation.participants, int(rounds.min()))
    most = most_bad(rule, fewest)
    measure = Measure(name="bad_participants", value=float(bad), n=fewest, threshold=float(most), unit="participants")
    if bad == 0:
        text = f"It is assumed that none of {federation.participants} participants is ever bad, which nobody can know."
        none = replace(measure, name="bad_participants_assumed", threshold=1.0, comparator=">=")
        yield _placed(have, broken(ASSUMPTION, subject, text, _ASSUME, measure=none), "bad")
        return
    if bad > most:
        few = "" if fewest == federation.participants else " that took part in the smallest round"
        text = f"{bad} participants could be bad, and {rule} withstands {most} of {fewest}{few}."
        advice = _ROBUST if rule == "mean" else _MORE
        yield _placed(have, broken(ASSUMPTION, subject, text, advice, measure=measure), "bad")
        return
    standing_out = () if updates is None else outlying_participants(updates)
    if len(standing_out) > bad:
        text = f"{len(standing_out)} participants send updates that stand out, and {bad} are assumed to be bad."
        seen = replace(measure, name="outlying_participants", value=float(len(standing_out)), threshold=float(bad))
        yield _placed(have, broken(ASSUMPTION, subject, text, _LOOK, measure=seen), "bad")
        return
    seen_in = "" if updates is None else f" in each of {len(rounds)} recorded rounds"
    text = f"{rule} withstands {most} bad of {fewest} participants{seen_in}, and {bad} are assumed."
    yield _placed(have, holds(ASSUMPTION, subject, text, measure=measure), "bad")


CHECKS = (
    Check(
        id=WITHSTANDS,
        subjects=_federations,
        run=_withstands,
        needs=(UpdatesFile,),
        tier=Tier.MINUTES,
        adjustable=True,
    ),
    Check(id=ASSUMPTION, subjects=_assumed, run=_assumption, needs=(UpdatesFile,), tier=Tier.SECONDS),
)
