"""Attacks made on one generation, tried on the next."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from redan.attacks.campaign.inputs import Arrays
from redan.attacks.threat import Threat
from redan.controls.aips_ora.ora_02_model_is_changed_often_enough.generations import CONTROL, before_of
from redan.controls.attacked import data_of, model_of_id, threshold_of
from redan.controls.contract import Have
from redan.controls.transferred import BOUND, Verdict, mistrusted, several, share_of, tell, threats_of
from redan.findings import Finding, Remedy
from redan.findings.pictures import pictured
from redan.measures.robustness import bars, rate
from redan.terms import Level

if TYPE_CHECKING:
    from redan.attacks.evasion.network import Network
    from redan.attacks.transfer.between import Flags

DIFFER = f"{CONTROL}/generations-differ-enough"
_VARY = Remedy(
    text="Make generations that differ where it matters: other data, other features or another kind of model, or one "
    "that is hardened against these attacks.",
    effort=Level.HIGH,
)


class _Field(NamedTuple):
    """What is attacked with what.

    Args:
        names: of the generation that inputs were made on, and of the next one.
        then: the former.
        now: the latter.
        read: samples.
        seed: of every draw.
    """

    names: tuple[str, str]
    then: "Network"
    now: "Network"
    read: Arrays
    seed: int


def differ(have: Have) -> Iterator[Finding]:
    """One finding for each threat model.

    Raises:
        InputError: no threat model is declared, or a file is missing.
        IncompleteError: a model shows no gradients, or its data is a table.
    """
    model = model_of_id(have.system, have.subject.id)
    before = before_of(have.system, model)
    found = several(have, (model, before), data_of(have.system, model), threats_of(model, (before,)), model)
    read = found.samples()
    networks = found.networks(read)
    field = _Field((before.name, model.name), networks[before.name], networks[model.name], read, found.seed)
    for text, threat in found.threats:
        yield _carried(have, field, text, threat)


def _carried(have: Have, field: _Field, text: str, threat: Threat) -> Finding:
    from redan.attacks.transfer.between import tried
    from redan.attacks.transfer.crafting import crafted, noise

    x, y, (then, now) = field.read.x, np.asarray(field.read.y, dtype=np.int64), field.names
    made = crafted(field.then, x, y, threat=threat, seed=field.seed)
    there, here = (tried(network, x, y, made, threat) for network in (field.then, field.now))
    luck = tried(field.now, x, y, noise(x, threat=threat, seed=field.seed), threat)
    right = field.now.labels(x) == y
    found, by_luck, before = rate(here[right]), rate(luck[right]), rate(there)
    words = (
        f"Under {text}, examples made on {then}, of which {before.hits:,} of {before.n:,} break it, break "
        f"{share_of(found)} of what {now} has right without an attack; noise of the same size breaks {by_luck.hits:,}. "
        f"The attacker knows {then} and never asks {now}."
    )
    said = Verdict(
        DIFFER,
        "carried_to_next_generation",
        text,
        threshold_of(have, CONTROL, BOUND),
        _VARY,
        partial(_doubt, field, threat, there),
    )
    picture = bars(f"Examples made on {then}", [(f"break {then}", before), (f"break {now}", found), ("noise", by_luck)])
    return tell(have, said, words, found, {"threat": text, **pictured([picture])})


def _doubt(field: _Field, threat: Threat, there: "Flags") -> str | None:
    """Why little carried, if not for the change: it hardly breaks what it was made on."""
    if 2 * np.count_nonzero(there) >= len(there):
        return None
    name = field.names[0]
    return mistrusted({name: field.then}, field.read, threat, {name: there}, field.seed)
