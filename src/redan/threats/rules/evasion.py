"""Evasion: who can put an input before the model, and what do they know of it?

Source: OWASP AI Exchange 2.1 (evasion), NIST AI 100-2 E2025 section 2.2.
"""

from collections.abc import Iterator

from redan.system.records import Model, Preprocessor
from redan.system.system import System
from redan.threats.facts import (
    at_stake,
    find,
    open_endpoints,
    public_base,
    reached,
    sources_of,
    third_party,
    training_sets,
)
from redan.threats.place import Place, counted

_GRADED = ("probabilities", "score", "top-k")


def white_box(system: System) -> Iterator[Place]:
    """A model whose file others hold, and that takes inputs from others."""
    for model in system.models:
        way = reached(system, model)
        held = [f"site:{s} is run by somebody else" for s in _sites(system, model) if third_party(system, s)]
        if way and held:
            reason = f"The file is in other hands ({held[0]}), so its gradients are known."
            yield Place(f"model:{model.name}", reason, way[0], way[1], (f"model:{model.name}",))


def _sites(system: System, model: Model) -> list[str]:
    served = [e.site for e in system.endpoints if e.model == model.name]
    return [site for site in (model.site, *served) if site]


def transfer(system: System) -> Iterator[Place]:
    """A reachable model with a public twin: a public base, public training data, or members that share data."""
    for model in system.models:
        way = reached(system, model)
        twin = _twin(system, model)
        if way and twin:
            reason = f"{twin}, so a stand-in can be had; {way[1]}."
            yield Place(f"model:{model.name}", reason, way[0], way[1], (f"model:{model.name}",))


def _twin(system: System, model: Model) -> str | None:
    if fact := public_base(system, model):
        return fact
    for dataset in training_sets(system, model):
        for source in sources_of(system, dataset):
            if source.kind == "public":
                return f"It is trained on source:{source.name}, which anyone can download"
    if len(model.ensemble_of) > 1:
        return f"It counts on {len(model.ensemble_of)} models, and what fools one often fools the others"
    return None


def score(system: System) -> Iterator[Place]:
    """An endpoint that returns numbers to climb on."""
    for endpoint, model in open_endpoints(system):
        if endpoint.answers in _GRADED:
            reason = f"It answers {endpoint.exposure} clients with {endpoint.answers}."
            assets = at_stake(f"endpoint:{endpoint.name}", f"model:{model.name}" if model else None)
            yield Place(f"endpoint:{endpoint.name}", reason, endpoint.exposure, _open(endpoint.exposure), assets)


def decision(system: System) -> Iterator[Place]:
    """An endpoint whose decision can be read."""
    for endpoint, model in open_endpoints(system):
        reason = f"It answers {endpoint.exposure} clients, and the decision is part of every answer."
        assets = at_stake(f"endpoint:{endpoint.name}", f"model:{model.name}" if model else None)
        yield Place(f"endpoint:{endpoint.name}", reason, endpoint.exposure, _open(endpoint.exposure), assets)


def physical(system: System) -> Iterator[Place]:
    """A model that looks at the world through sensors."""
    for model in system.models:
        sensors = _sensors(system, model)
        if sensors:
            fact = f"source:{sensors[0]} is a sensor, and what it sees can be altered"
            reason = f"Its inputs come from the world outside: {fact}."
            yield Place(f"model:{model.name}", reason, "partner", fact, (f"model:{model.name}",))


def _sensors(system: System, model: Model) -> list[str]:
    names = {f"model:{model.name}"} | {f"endpoint:{e.name}" for e in system.endpoints if e.model == model.name}
    live = {flow.from_ for flow in system.flows if flow.to in names}
    learnt = {s.name for d in training_sets(system, model) for s in sources_of(system, d)}
    return [s.name for s in system.sources if s.kind == "sensor" and (f"source:{s.name}" in live or s.name in learnt)]


def preprocessing(system: System) -> Iterator[Place]:
    """A reachable model behind preprocessing code."""
    for model in system.models:
        way = reached(system, model)
        if not way:
            continue
        for name in model.preprocessors:
            part = find(system, "preprocessor", name)
            if isinstance(part, Preprocessor):
                fact = "somebody else wrote it" if part.third_party else "it stands between request and model"
                reason = f"model:{model.name} sees inputs only through it; {fact}, and {way[1]}."
                yield Place(f"preprocessor:{name}", reason, way[0], way[1], (f"model:{model.name}",))


def edge_values(system: System) -> Iterator[Place]:
    """A derived feature computed from what others send."""
    for feature in system.features:
        users = [m for m in system.models if feature.name in m.inputs]
        ways = [(way, m) for m in users if (way := reached(system, m))]
        if feature.derived_by and ways:
            way, model = ways[0]
            reason = f"It is computed by {feature.derived_by} from what is sent to model:{model.name}; {way[1]}."
            yield Place(f"feature:{feature.name}", reason, way[0], way[1], (f"model:{model.name}",))


def weak_group(system: System) -> Iterator[Place]:
    """A reachable model that judges declared groups of people."""
    for model in system.models:
        way = reached(system, model)
        groups = [(d, d.sensitive) for d in training_sets(system, model) if d.sensitive]
        if way and groups:
            dataset, columns = groups[0]
            reason = f"dataset:{dataset.name} declares {counted(len(columns), 'group column')}, and {way[1]}."
            yield Place(f"model:{model.name}", reason, way[0], way[1], (f"model:{model.name}",))


def _open(exposure: str) -> str:
    return f"it answers {exposure} clients"
