"""Votes as a protection: what is made on members goes to the others and to the vote, then all are attacked at once."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.attacks.campaign.inputs import Arrays
from redan.attacks.threat import Threat
from redan.canon import Json
from redan.controls.attacked import data_of, model_of_id, threshold_of
from redan.controls.contract import Check, Have, Subject
from redan.controls.transferred import (
    BOUND,
    ERROR,
    WATCHED,
    Doubt,
    Several,
    Verdict,
    located,
    mistrusted,
    several,
    share_of,
    tell,
    threats_of,
    worst_pair,
)
from redan.findings import Finding, Remedy
from redan.findings.pictures import pictured
from redan.measures.robustness import Rate, bars, rate
from redan.system.records import Model
from redan.system.system import System
from redan.terms import Level, Tier

if TYPE_CHECKING:
    from redan.attacks.evasion.network import Network
    from redan.attacks.transfer.between import Flags, Transfers
    from redan.attacks.transfer.joint import Joint
    from redan.attacks.transfer.votes import Rule

CONTROL = "A-MLSG-001-N001"
TRANSFER = f"{CONTROL}/examples-do-not-transfer"
JOINT = f"{CONTROL}/joint-attack-is-resisted"
_FEWEST = 2
_STRIKE = Remedy(
    text="Strike the vote from the list of protections, or give its members other data and sensors and harden each.",
    effort=Level.HIGH,
)


def votes(system: System) -> Iterator[Subject]:
    """Every model that joins the answers of two others or more, with those and its data."""
    for model in system.models:
        members = _members(system, model)
        if len(members) >= _FEWEST:
            data = data_of(system, model)
            own = (f"model:{model.name}",) if model.path else ()
            found = () if data is None else (f"dataset:{data.name}",)
            yield Subject(f"model:{model.name}", (*own, *(f"model:{one.name}" for one in members), *found))


def _members(system: System, model: Model) -> tuple[Model, ...]:
    names = tuple(dict.fromkeys(name for name in model.ensemble_of if name != model.name))
    return tuple(one for name in names for one in system.models if one.name == name)


def _opened(have: Have) -> "tuple[Several, Arrays, dict[str, Network], Network | None]":
    """What is asked, its samples, the members, and the vote itself where it has a file."""
    vote = model_of_id(have.system, have.subject.id)
    members = _members(have.system, vote)
    files = (*members, vote) if vote.path else members
    found = several(have, files, data_of(have.system, vote), threats_of(vote, members), vote)
    read = found.samples()
    networks = found.networks(read)
    return found, read, networks, networks.pop(vote.name, None)


def _rules(whole: "Network | None") -> "tuple[Rule, ...]":
    """How the vote may decide: both ways, unless its file says it."""
    return ("probabilities",) if whole is not None else ("probabilities", "majority")


def _transferred(have: Have) -> Iterator[Finding]:
    from redan.attacks.evasion.network import Network
    from redan.attacks.transfer.between import transfers
    from redan.attacks.transfer.votes import FACES, Vote

    found, read, members, whole = _opened(have)
    ways = {"the vote": whole} if whole is not None else {}
    for rule in () if whole is not None else _rules(whole):
        ways[f"vote by {rule}"] = Network(Vote([*members.values()], rule, dict(FACES)[rule][0]))
    models = {**members, **ways}
    for text, threat in found.threats:
        sent = transfers(models, read.x, read.y, threat=threat, sources=tuple(members), seed=found.seed)
        masked = partial(mistrusted, members, read, threat, sent.own, found.seed)
        yield _told_transfers(have, text, sent, partial(_doubt, sent, masked))


def _told_transfers(have: Have, part: str, sent: "Transfers", doubt: Doubt) -> Finding:
    """The largest share that a model loses to what was made on another, with an interval for all of them at once."""
    pairs = [(source, target) for source, row in sent.broken.items() for target in row if source != target]
    made, bound = sent.rates(1.0 - ERROR / len(pairs)), threshold_of(have, CONTROL, BOUND)
    source, target = worst_pair(made, pairs, bound)
    worst = made.cell(source, target).overall
    given = made.cell(source, target).given
    text = (
        f"Under {part}, examples made on {source} break {share_of(worst)} of what {target} has right without an attack"
        f"{_given(given)}, the most of {len(pairs)} pairs. {_beside(sent, target)} The attacker knows one model."
    )
    told = Verdict(TRANSFER, "transferred", part, bound, _STRIKE, doubt)
    return tell(have, told, text, worst, _detail_of_transfers(sent, bound))


def _given(found: Rate) -> str:
    if found.value is None:
        return ", and none broke a member that both have right"
    return f", and {found.value:.1%} of the {found.n:,} that broke their own member"


def _beside(sent: "Transfers", target: str) -> str:
    right = int(sent.right[target].sum())
    own = int((sent.own[target] & sent.right[target]).sum())
    return f"Who knows {target} breaks {own:,} of {right:,}."


def _doubt(sent: "Transfers", masked: Doubt) -> str | None:
    """Why nothing carried, if not for the models: white boxes that are beaten, or that break nothing they could."""
    beaten = [sign.message for name, sign in sent.signs().items() if name in sent.own and sign.fired]
    if beaten:
        return beaten[0]
    for name, row in sent.broken.items():
        weak, strong = int((row[name] & sent.right[name]).sum()), int(sent.own[name].sum())
        if 2 * weak < strong:
            return f"the examples made on {name} break {weak:,} of its samples, where {strong:,} can be broken."
    return masked()


def _detail_of_transfers(sent: "Transfers", bound: float) -> dict[str, Json]:
    made = sent.rates()
    signs: dict[str, Json] = {name: sign.to_json() for name, sign in sent.signs().items()}
    given = made.picture("Examples made on one model, tried on another, given that they broke the first")
    overall = made.picture("What each model loses to examples made on another", overall=True, above=bound)
    cost = sent.cost.to_json(seconds=False)
    return {"threat": str(sent.threat), "signs": signs, "cost": cost, **pictured([overall, given])}


def _resisted(have: Have) -> Iterator[Finding]:
    from redan.attacks.transfer.crafting import crafted
    from redan.attacks.transfer.joint import attack_vote

    found, read, members, whole = _opened(have)
    for text, threat in found.threats:
        made = {name: crafted(one, read.x, read.y, threat=threat, seed=found.seed) for name, one in members.items()}
        own = _own(members, read, threat, found.seed)
        trust = None  # failure checks are about the members' gradients, which all rules share
        for rule in _rules(whole):
            joint = attack_vote(
                members,
                read.x,
                read.y,
                threat=threat,
                rule=rule,
                whole=whole,
                made=made,
                seed=found.seed,
                watched=0 if trust else WATCHED,
            )
            trust = trust or joint.trust
            part = text if whole is not None else f"{text}, {rule}"
            yield _told_joint(have, text, part, replace(joint, trust=trust), own)


def _own(members: "Mapping[str, Network]", read: Arrays, threat: Threat, seed: int) -> "dict[str, Rate]":
    """What an attacker breaks who knows one member, of what that has right."""
    from redan.attacks.evasion.evaluation import evaluate

    return {
        name: evaluate(one, read.x, read.y, threat=threat, suite="screen", seed=seed).rates().broken
        for name, one in members.items()
    }


def _told_joint(have: Have, threat: str, part: str, joint: "Joint", own: Mapping[str, Rate]) -> Finding:
    fell = rate(joint.fell[joint.right])
    hardest = min(own, key=lambda name: (own[name].value is None, own[name].value or 0.0, name))
    how = "" if part == threat else f" that decides by {joint.rule}"
    text = (
        f"Under {threat}, a vote{how} loses {share_of(fell)} of what it has right without an attack; its hardest "
        f"member alone, {hardest}, loses {share_of(own[hardest])}. The attacker knows all members and how they decide "
        f"({', '.join(joint.broken)}; suite screen)."
    )
    doubt = None if joint.trust is None or joint.trust.trusted else f"{joint.trust.verdict}."
    told = Verdict(JOINT, "broken_jointly", part, threshold_of(have, CONTROL, BOUND), _STRIKE, lambda: doubt)
    return tell(have, told, text, fell, _detail_of_joint(joint, own, fell))


def _detail_of_joint(joint: "Joint", own: Mapping[str, Rate], fell: Rate) -> dict[str, Json]:
    rows = {**own, "the vote, attacked as a whole": fell}
    shown = {name: found for name, found in rows.items() if found.value is not None}
    picture = bars("Broken by who knows the model, of what it has right", shown.items())
    by: dict[str, Json] = {name: _count(hit) for name, hit in joint.broken.items()}
    return {
        "rule": joint.rule,
        "first_breaker": by,
        "cost": joint.cost.to_json(seconds=False),
        "failure_checks": None if joint.trust is None else joint.trust.to_json(),
        **pictured([picture]),
    }


def _count(hit: "Flags") -> int:
    return int(np.count_nonzero(hit))


CHECKS = (
    Check(
        id=TRANSFER,
        subjects=votes,
        run=located(TRANSFER, "ensemble_of", _transferred),
        needs=(DatasetFile, ModelFile),
        tier=Tier.MINUTES,
        extra="torch",
        adjustable=True,
    ),
    Check(
        id=JOINT,
        subjects=votes,
        run=located(JOINT, "ensemble_of", _resisted),
        needs=(DatasetFile, ModelFile),
        tier=Tier.MINUTES,
        extra="torch",
        adjustable=True,
    ),
)
