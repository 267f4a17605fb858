"""How good a copy of the model becomes that is made through its endpoint, until its limits end it."""

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import numpy as np

from redan.artifacts.dataset_file import DatasetFile
from redan.artifacts.model_file import ModelFile
from redan.artifacts.served_endpoint import ServedEndpoint
from redan.attacks.campaign.inputs import open_target
from redan.attacks.extraction.contract import Known
from redan.attacks.extraction.domain import box_of
from redan.attacks.extraction.knockoff import Knockoff
from redan.attacks.extraction.oracle import Oracle
from redan.attacks.extraction.reach import Extraction, Yardstick, extract, yardstick
from redan.attacks.extraction.recipes import recipe_of
from redan.attacks.extraction.telling import MEASURED
from redan.attacks.queries import Queries
from redan.attacks.sources import queries_of
from redan.controls.aips_ora.ora_01_model_extraction_is_bounded.bare import bare_models, measured
from redan.controls.attacked import classifying, data_of, model_of_id, threshold_of
from redan.controls.contract import Check, Have
from redan.controls.live.asking import Asker
from redan.controls.live.reached import Reached
from redan.controls.live.rows import rows_of
from redan.controls.live.survey import endpoint_of, reached, told
from redan.errors import IncompleteError, InputError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.stats.interval import Interval
from redan.terms import Level, Tier

CONTROL = "AIPS-ORA-01"
POOR = f"{CONTROL}/budget-keeps-copies-poor"
AGREED = 0.9
MOST = 4000
_LEAST = 100
_FEWEST = 200
_JUDGED = 1000
_BRAKE = Remedy(
    text="Lower the budget of questions, or give labels or rounded scores instead of full ones.", effort=Level.MEDIUM
)


class _Setting(NamedTuple):
    """What the attacker has, and how copies are judged."""

    known: Known
    by: Yardstick
    local: Queries
    budget: int


def _poor(check: str, have: Have) -> Iterable[Finding]:
    found = have.get(ServedEndpoint, have.subject.elements[0])
    setting = _setting(have)
    with reached(have.system, found) as there:
        through = _through(there, setting)
    last = through.last
    if last is None:
        text = f"Nothing was answered, so no copy was made: {through.refused or 'no question was asked'}."
        return [not_run(check, have.subject.id, text)]
    oracle = Oracle(setting.local.source, budget=setting.budget, classes=setting.by.classes)
    bare = extract(Knockoff(), oracle, setting.known, setting.by, (setting.budget,)).last
    agreed = threshold_of(have, CONTROL, AGREED)
    low, high = last.fidelity.interval
    measure = Measure(
        name="fidelity_of_a_copy", value=last.fidelity.hits / last.fidelity.n, interval=Interval(low, high),
        n=last.fidelity.n, threshold=agreed, unit="share",
    )  # fmt: skip
    ended = "until it was refused" if through.refused else "and no limit ended it"
    text = (
        f"A copy made through the endpoint with {last.queries:,} questions, {ended}, agrees with the model on "
        f"{last.fidelity.hits / last.fidelity.n:.1%} of inputs"
    )
    if bare is not None:
        text += f"; {bare.queries:,} questions to the model itself give {bare.fidelity.hits / bare.fidelity.n:.1%}"
    text += f"; always the same answer, {setting.by.majority.hits / setting.by.majority.n:.1%}."
    if measure.value is not None and measure.value > agreed:
        return [broken(check, have.subject.id, text, _BRAKE, measure=measure)]
    return [holds(check, have.subject.id, text, measure=measure)]


def _setting(have: Have) -> _Setting:
    """Half of the rows are the attacker's, without labels; the other half judges."""
    model = model_of_id(have.system, have.subject.elements[1])
    data = data_of(have.system, model)
    if data is None:
        raise InputError(f"there is no data to judge copies of model {model.name} by", remedy="name 'validated_on'")
    rows = rows_of(have.get(DatasetFile, f"dataset:{data.name}"), data, model)
    if len(rows.x) < _LEAST:
        raise IncompleteError(f"{len(rows.x)} rows are too few to judge a copy; {_LEAST} are needed")
    local = queries_of(open_target(str(have.get(ModelFile, f"model:{model.name}").path), None).model)
    order = np.random.default_rng([int(have.system.policy.seed), 2]).permutation(len(rows.x))
    held, pool = np.array_split(order, 2)
    domain = box_of(rows.x)
    classes = max(2, int(local.labels(rows.x[held[:_JUDGED]]).max()) + 1)
    by = yardstick(local.labels, domain, rows.x[held[:_JUDGED]], None, classes=classes, uniform=100)
    if by.constant:
        raise IncompleteError("the model gives one answer to everything, so that a copy tells nothing")
    known = Known(domain=domain, x=rows.x[pool], recipe=recipe_of(domain), seed=int(have.system.policy.seed))
    return _Setting(known, by, local, _budget(have))


def _budget(have: Have) -> int:
    """Questions that are asked where no limit ends it: twice what is declared, so that a limit has its chance."""
    declared = endpoint_of(have.system, have.subject.elements[0]).queries
    return MOST if declared is None else min(MOST, max(_FEWEST, 2 * declared))


def _through(there: Reached, setting: _Setting) -> Extraction:
    asker = Asker(there, there.clients[1 % len(there.clients)])
    try:
        oracle = Oracle(asker, budget=setting.budget, classes=setting.by.classes)
        return extract(Knockoff(), oracle, setting.known, setting.by, (setting.budget,))
    finally:
        asker.close()


CHECKS = (
    Check(
        id=MEASURED,
        subjects=bare_models,
        run=partial(measured, CONTROL, AGREED),
        needs=(ModelFile, DatasetFile),
        tier=Tier.MINUTES,
        adjustable=True,
    ),
    Check(
        id=POOR,
        subjects=classifying,
        run=told(POOR, _poor),
        needs=(ServedEndpoint, ModelFile, DatasetFile),
        tier=Tier.MINUTES,
        dated=True,
        adjustable=True,
    ),
)
