"""Attacks found at one site, tried at the others: with one model for all, and with one for each."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.attacks.campaign.inputs import Arrays
from redan.attacks.threat import Threat
from redan.canon import Json
from redan.controls.a_mlsg_001.c004_models_are_trained_for_their_site.sites import (
    Group,
    all_sites,
    data_at,
    group_of_id,
    groups,
    sites_of,
    subject_of_group,
)
from redan.controls.attacked import model_of_id, threshold_of
from redan.controls.contract import Check, Have, Subject
from redan.controls.transferred import (
    BOUND,
    ERROR,
    Doubt,
    Several,
    Verdict,
    arrays_of,
    located,
    mistrusted,
    several,
    share_of,
    tell,
    threats_of,
    worst_pair,
)
from redan.errors import InputError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import pictured
from redan.measures.robustness import Matrix, Paired, Rate, bars, paired, rate, transfer
from redan.system.records import Model
from redan.system.system import System
from redan.terms import Level, Tier

if TYPE_CHECKING:
    from redan.attacks.evasion.network import Network
    from redan.attacks.transfer.between import Flags

CONTROL = "A-MLSG-001-C004"
CARRIES = f"{CONTROL}/evasion-does-not-carry-to-other-sites"
LOWERS = f"{CONTROL}/local-training-lowers-transfer"
LEAST = 0.1
_LOCAL = Remedy(
    text="Train each site's model on its own data, further than the last layer, and measure the transfer again.",
    effort=Level.HIGH,
)
_BETTER = Remedy(text="Attack with what the failure checks name, and measure again.")


def _carries(have: Have) -> Iterator[Finding]:
    group = group_of_id(have.system, have.subject.id)
    yield from _shared(have) if group is None else _between(have, group)


def _shared(have: Have) -> Iterator[Finding]:
    """One model at several sites: what breaks it at one breaks it at all."""
    from redan.attacks.evasion.evaluation import evaluate

    model = model_of_id(have.system, have.subject.id)
    sites = sites_of(have.system, model)
    found = several(have, (model,), data_at(have.system, model, sites[0]), model.threats, model)
    read = _everywhere(have, model, found.seed)
    networks = found.networks(read)
    for text, threat in found.threats:
        made = evaluate(networks[model.name], read.x, read.y, threat=threat, suite="screen", seed=found.seed)
        fell = made.breaker >= 0
        share = rate(fell[made.clean])
        words = (
            f"Model {model.name} serves {', '.join(sites)} unchanged: under {text}, evasion found at one site breaks "
            f"{share_of(share)} of what it has right, at every site. The attacker knows the model."
        )
        doubt = partial(mistrusted, networks, read, threat, {model.name: fell}, found.seed)
        said = Verdict(CARRIES, "carried", text, threshold_of(have, CONTROL, BOUND), _LOCAL, doubt)
        yield tell(have, said, words, share, {"threat": text, "sites": [*sites]})


def _everywhere(have: Have, model: Model, seed: int) -> Arrays:
    """Samples of all sites that a model serves."""
    data = (data_at(have.system, model, site) for site in sites_of(have.system, model))
    names = dict.fromkeys(one.name for one in data if one is not None)
    reads = [arrays_of(have.get(DatasetFile, f"dataset:{name}").path, seed) for name in names]
    if len({read.x.shape[1:] for read in reads}) > 1:
        raise InputError(f"the sites of model {model.name} have inputs of different shapes", remedy="give one shape")
    return Arrays(np.concatenate([read.x for read in reads]), np.concatenate([read.y for read in reads]))


class _Tried(NamedTuple):
    """Inputs of each site on the model of each.

    Args:
        names: of models.
        reads: samples of each.
        right: by source and target, right on the source's samples without an attack.
        broken: likewise, broken by what was made on the source.
        own: by model, broken by an attacker who knows it.
    """

    names: tuple[str, ...]
    reads: dict[str, Arrays]
    right: "dict[tuple[str, str], Flags]"
    broken: "dict[tuple[str, str], Flags]"
    own: "dict[str, Flags]"

    def matrix(self, confidence: float = 0.95) -> Matrix:
        """All sites by all sites."""
        cells = tuple(
            tuple(
                transfer(
                    self.right[source, source],
                    self.broken[source, source],
                    self.right[source, target],
                    self.broken[source, target],
                    confidence,
                )
                for target in self.names
            )
            for source in self.names
        )
        own = tuple(rate(self.own[name][self.right[name, name]], confidence) for name in self.names)
        return Matrix(sources=self.names, targets=self.names, cells=cells, own=own)


def _between(have: Have, group: Group) -> Iterator[Finding]:
    found, reads = _opened(have, group)
    networks = found.networks(next(iter(reads.values())))
    for text, threat in found.threats:
        tried = _tried(networks, reads, threat, found.seed)
        yield _told(have, text, tried, partial(_doubt, networks, tried, threat, found.seed))


def _opened(have: Have, group: Group, *more: Model) -> tuple[Several, dict[str, Arrays]]:
    """Models and threat models of a group, and the samples of each site."""
    first = group.models[0]
    data = {model.name: data_at(have.system, model, model.site) for model in group.models}
    found = several(have, (*group.models, *more), data[first.name], threats_of(first, (*group.models, *more)), first)
    reads = {}
    for name, one in data.items():
        if one is None:
            raise InputError(f"there is no data to try model {name} on", remedy="name it in its key 'validated_on'")
        reads[name] = arrays_of(have.get(DatasetFile, f"dataset:{one.name}").path, found.seed)
    return found, reads


def _tried(networks: "dict[str, Network]", reads: dict[str, Arrays], threat: Threat, seed: int) -> _Tried:
    from redan.attacks.evasion.evaluation import evaluate
    from redan.attacks.transfer.between import tried
    from redan.attacks.transfer.crafting import crafted

    names = tuple(networks)
    made = _Tried(names, reads, {}, {}, {})
    for source in names:
        x, y = reads[source].x, np.asarray(reads[source].y, dtype=np.int64)
        sent = crafted(networks[source], x, y, threat=threat, seed=seed)
        for target in names:
            made.right[source, target] = networks[target].labels(x) == y
            made.broken[source, target] = tried(networks[target], x, y, sent, threat)
        made.own[source] = evaluate(networks[source], x, y, threat=threat, suite="screen", seed=seed).breaker >= 0
    return made


def _told(have: Have, part: str, tried: _Tried, doubt: Doubt) -> Finding:
    pairs = [*permutations(tried.names, 2)]
    made, bound = tried.matrix(1.0 - ERROR / len(pairs)), threshold_of(have, CONTROL, BOUND)
    source, target = worst_pair(made, pairs, bound)
    worst = made.cell(source, target)
    sites = {model.name: model.site for model in have.system.models}
    text = (
        f"Under {part}, examples found at {sites[source]} on {source} break {share_of(worst.overall)} of what {target} "
        f"at {sites[target]} has right of the same inputs, the most of {len(pairs)} ways. The attacker knows the model "
        f"of one site; who knows {target} breaks {int(tried.own[target].sum()):,} of its own site's samples."
    )
    shown = tried.matrix()
    pictures = [
        shown.picture("What each site's model loses to examples found at another", overall=True, above=bound),
        shown.picture("Examples found at one site, tried at another, given that they broke the first"),
    ]
    said = Verdict(CARRIES, "carried", part, bound, _LOCAL, doubt)
    return tell(have, said, text, worst.overall, {"threat": part, **pictured(pictures)})


def _doubt(networks: "dict[str, Network]", tried: _Tried, threat: Threat, seed: int) -> str | None:
    for name in tried.names:
        weak, strong = int(tried.broken[name, name].sum()), int(tried.own[name].sum())
        if 2 * weak < strong:
            return f"the examples made on {name} break {weak:,} of its samples, where {strong:,} can be broken."
        reason = mistrusted({name: networks[name]}, tried.reads[name], threat, tried.own, seed)
        if reason is not None:
            return reason
    return None


def with_sites(system: System) -> Iterator[Subject]:
    """Groups of site-trained models, with the shared model that they were made from."""
    yield from (subject_of_group(system, group, with_base=True) for group in groups(system))


def _lowers(have: Have) -> Iterator[Finding]:
    group = group_of_id(have.system, have.subject.id)
    if group is None or group.base is None:
        raise InputError(
            "the models of the sites name no shared model that they were made from",
            remedy="Name it in their key 'base', with its file, so that before and after can be compared.",
        )
    found, reads = _opened(have, group, group.base)
    networks = found.networks(next(iter(reads.values())))
    base = networks.pop(group.base.name)
    for text, threat in found.threats:
        field = _Field(base, networks, reads, threat, found.seed)
        ways = _both(field)
        yield _compared(have, text, ways, partial(_hidden, field, ways))


class _Field(NamedTuple):
    """What before and after are measured with.

    Args:
        base: the shared model.
        networks: those of the sites, by name.
        reads: samples of each site, by model.
        threat: of the attacks.
        seed: of every draw.
    """

    base: "Network"
    networks: "dict[str, Network]"
    reads: dict[str, Arrays]
    threat: Threat
    seed: int


def _hidden(field: _Field, ways: "list[_Both]") -> str | None:
    """Why little carries, if not for the models: examples that hardly break what they were made on."""
    if _nothing(ways):
        read, name = field.reads[ways[0].source], "the shared model"
        none = {name: np.zeros(len(read.y), dtype=np.bool_)}
        return mistrusted({name: field.base}, read, field.threat, none, field.seed)
    for way in ways:
        if 2 * np.count_nonzero(way.made) < way.before.hits:
            only, own = {way.source: field.networks[way.source]}, {way.source: way.made}
            reason = mistrusted(only, field.reads[way.source], field.threat, own, field.seed)
            if reason is not None:
                return reason
    return None


def _nothing(ways: "list[_Both]") -> bool:
    """Whether there is no tenth to lower."""
    return max(way.before.interval.high for way in ways) <= LEAST


class _Both(NamedTuple):
    """One way from a site to another.

    Args:
        source: model of the site where examples were made.
        target: model of the site where they were tried.
        before: carried, when both sites had the shared model.
        after: carried, with their own models.
        change: from before to after on the same samples, above zero where fewer carry.
        made: shape (n,), broken on the model of the site where examples were made.
    """

    source: str
    target: str
    before: Rate
    after: Rate
    change: Paired
    made: "Flags"


def _both(field: _Field) -> list[_Both]:
    """Every way, on samples that all three models have right, at a level that holds for all ways at once."""
    from redan.attacks.transfer.between import tried
    from redan.attacks.transfer.crafting import crafted

    base, networks, reads, threat, seed = field
    ways, found = [*permutations(networks, 2)], []
    level = 1.0 - ERROR / len(ways)
    for source, target in ways:
        x, y = reads[source].x, np.asarray(reads[source].y, dtype=np.int64)
        models = (base, networks[source], networks[target])
        right = np.all([network.labels(x) == y for network in models], axis=0)
        if not right.any():
            raise InputError(f"{source}, {target} and their base have no sample right together")
        shared = tried(base, x, y, crafted(base, x, y, threat=threat, seed=seed), threat)[right]
        sent = crafted(networks[source], x, y, threat=threat, seed=seed)
        own, made = (tried(networks[name], x, y, sent, threat) for name in (target, source))
        change = paired(own[right], shared, level)
        found.append(_Both(source, target, rate(shared, level), rate(own[right], level), change, made))
    return found


def _compared(have: Have, part: str, ways: list[_Both], doubt: Doubt) -> Finding:
    """Holds where local training lowers every way by a tenth for sure, or where there is no tenth to lower."""
    weakest = min(ways, key=lambda way: way.change.interval.low)
    fewest = max(ways, key=lambda way: way.before.interval.high)
    low, high = weakest.change.interval
    confidence = 1.0 - ERROR / len(ways)
    measure = Measure(
        name="transfer_lowered",
        value=weakest.change.difference,
        interval=weakest.change.interval,
        n=weakest.change.n,
        threshold=LEAST,
        comparator=">=",
        unit="share",
        confidence=confidence,
    )
    text = (
        f"Under {part}, from {weakest.source} to {weakest.target}, {share_of(weakest.before)} carried with the shared "
        f"model at both sites and {share_of(weakest.after)} with their own: {weakest.change.difference:+.1%} fewer "
        f"(interval {low:+.1%} to {high:+.1%}), the least of {len(ways)} ways. The attacker knows one site's model."
    )
    subject, nothing = have.subject.id, _nothing(ways)
    if nothing:
        measure = replace(fewest.before.measure("transfer_before", LEAST), comparator="<=")
    if (nothing or low >= LEAST) and (reason := doubt()) is not None:
        made = not_run(LOWERS, subject, f"{text} It says nothing: {reason}", remedy=_BETTER, part=part)
    elif nothing or low >= LEAST:
        text += " There is less than a tenth to lower." if nothing else " Training for the site lowers the transfer."
        made = holds(LOWERS, subject, text, part=part)
    elif high < LEAST:
        made = broken(LOWERS, subject, f"{text} That is less than a tenth, hardly a change.", _LOCAL, part=part)
    else:
        words = f"{text} Whether that is a tenth cannot be told with {weakest.change.n:,} samples."
        made = not_run(LOWERS, subject, words, remedy=Remedy(text="Give more samples of each site."), part=part)
    return replace(made, measure=measure, detail=_detail(part, ways))


def _detail(part: str, ways: list[_Both]) -> dict[str, Json]:
    named = [
        (f"{way.source} to {way.target}, {when}", found)
        for way in ways
        for when, found in (("shared", way.before), ("own", way.after))
    ]
    picture = bars("Carried from site to site, with one model for all and with one for each", named)
    return {"threat": part, **pictured([picture])}


CHECKS = (
    Check(
        id=CARRIES,
        subjects=all_sites,
        run=located(CARRIES, "site", _carries),
        needs=(DatasetFile, ModelFile),
        tier=Tier.MINUTES,
        extra="torch",
        adjustable=True,
    ),
    Check(
        id=LOWERS,
        subjects=with_sites,
        run=located(LOWERS, "site", _lowers),
        needs=(DatasetFile, ModelFile),
        tier=Tier.MINUTES,
        extra="torch",
    ),
)
