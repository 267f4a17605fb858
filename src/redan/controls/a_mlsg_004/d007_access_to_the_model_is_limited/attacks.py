"""The same query attack at the model itself and through its endpoint, until its limits end it."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.served_endpoint import ServedEndpoint
from redan.attacks.campaign.inputs import open_target
from redan.attacks.queries import Queries
from redan.attacks.sources import queries_of
from redan.attacks.threat import parse
from redan.controls.attacked import classifying, data_of, model_of_id, threshold_of
from redan.controls.contract import Check, Have
from redan.controls.live.asking import Asker
from redan.controls.live.attack import Flooded, Radius, flood
from redan.controls.live.reached import Reached
from redan.controls.live.rows import Rows, rows_of
from redan.controls.live.survey import reached, told
from redan.errors import IncompleteError, InputError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.stats.binomial import clopper_pearson
from redan.stats.interval import Interval
from redan.system.records import Model
from redan.terms import Level, Tier

CONTROL = "A-MLSG-004-D007"
FAIL = f"{CONTROL}/attacks-fail-within-the-budget"
ALLOWED = 0.2
SAMPLES = 30
_LEAST = 0.3  # of the bare model; an attack that fails there tells nothing about limits
_STANDARD = 0.5  # standard deviations, where no threat model is declared
_LIMIT = Remedy(
    text="Lower what one client may ask (queries, leak), give labels instead of scores, and watch for near-duplicates.",
    effort=Level.MEDIUM,
)


class _Attack(NamedTuple):
    """What is attacked with what."""

    rows: Rows
    radius: Radius
    words: str


def _fail(check: str, have: Have) -> Iterable[Finding]:
    subject = have.subject.id
    found = have.get(ServedEndpoint, have.subject.elements[0])
    model = model_of_id(have.system, have.subject.elements[1])
    attack = _prepared(have, model)
    bare = _bare(have, model, attack)
    if bare.n == 0 or bare.broken / bare.n < _LEAST:
        text = f"At the model itself {attack.words} succeeds on {bare.broken} of {bare.n} inputs: too weak to tell."
        return [not_run(check, subject, text)]
    with reached(have.system, found) as there:
        through = _through(have, there, attack)
    return [_judged(check, have, attack, bare, through)]


def _judged(check: str, have: Have, attack: _Attack, bare: Flooded, through: Flooded) -> Finding:
    allowed = threshold_of(have, CONTROL, ALLOWED)
    share, interval = through.broken / through.n, clopper_pearson(through.broken, through.n)
    measure = Measure(
        name="success_before_the_limit",
        value=share,
        interval=Interval(interval.low, interval.high),
        n=through.n,
        threshold=allowed,
        unit="share",
    )
    text = (
        f"At the model itself {attack.words} succeeds on {bare.broken} of {bare.n} inputs with {bare.queries:,} "
        f"questions; through the endpoint on {through.broken} of {through.n} with {through.queries:,}"
        + (", until it was refused." if through.refused else ", and no limit ended it.")
    )
    if share > allowed:
        return broken(check, have.subject.id, text, _LIMIT, measure=measure)
    return holds(check, have.subject.id, text, measure=measure)


def _prepared(have: Have, model: Model) -> _Attack:
    data = data_of(have.system, model)
    if data is None:
        raise InputError(f"there is no data to try model {model.name} on", remedy="name it in 'validated_on'")
    rows = rows_of(have.get(DatasetFile, f"dataset:{data.name}"), data, model)
    if len(rows.x) < SAMPLES:
        raise IncompleteError(f"{len(rows.x)} rows are too few to attack; {SAMPLES} are needed")
    ball = next((parse(text, model.box) for text in model.threats if text.startswith("linf")), None)
    eps = getattr(ball, "eps", None)
    if isinstance(eps, float):
        return _Attack(rows, Radius(np.ones(rows.x.shape[1]), eps), f"a query attack within linf {eps:g}")
    spread = rows.x.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    return _Attack(rows, Radius(scale, _STANDARD), f"a query attack within {_STANDARD:g} standard deviations")


def _bare(have: Have, model: Model, attack: _Attack) -> Flooded:
    path = have.get(ModelFile, f"model:{model.name}").path
    return _run(have, attack, queries_of(open_target(str(path), None).model))


def _through(have: Have, there: Reached, attack: _Attack) -> Flooded:
    asker = Asker(there, there.clients[0])
    try:
        return _run(have, attack, Queries(asker))
    finally:
        asker.close()


def _run(have: Have, attack: _Attack, queries: Queries) -> Flooded:
    """Alike at both places: the same samples, the same draws."""
    order = np.random.default_rng([int(have.system.policy.seed), 1]).permutation(len(attack.rows.x))
    x, pool = attack.rows.x[order[:SAMPLES]], attack.rows.x[order[SAMPLES:]]
    return flood(queries.labels, x, pool if len(pool) else x, attack.radius, seed=int(have.system.policy.seed))


CHECK = Check(
    id=FAIL,
    subjects=classifying,
    run=told(FAIL, _fail),
    needs=(ServedEndpoint, ModelFile, DatasetFile),
    tier=Tier.MINUTES,
    dated=True,
    adjustable=True,
)
