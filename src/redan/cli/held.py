"""Which controls hold by evidence today: read from the last pack, after verifying it and asking whether it is stale."""

import datetime as dt

from redan.cli.report import as_of_today
from redan.cli.state import State
from redan.evidence import verify
from redan.evidence.form import PACK_LIMIT_BYTES
from redan.files import read_bounded
from redan.seal.keys import load_public
from redan.system.system import System
from redan.terms import Outcome
from redan.threats.risk import in_force


def held(system: System) -> dict[str, Outcome]:
    """Outcome by control id, as residual risks count them; empty before the first `redan check`.

    Raises:
        InvalidError: the pack is not what was signed.
        IncompleteError: a later run is logged, and its evidence is not here.
        ConfigError, InputError: the description, or a file that it declares, is wrong now.
    """
    state = State(system.origin.root)
    state.check()
    if not (state.evidence.exists() and state.public.exists()):
        return {}
    public = load_public(state.public)
    verified = verify(read_bounded(state.evidence, PACK_LIMIT_BYTES), public)
    state.check_newest(verified, public)
    _, results = as_of_today(system, verified, dt.datetime.now(dt.UTC).replace(microsecond=0))
    return in_force(system, {control.control_id: control.outcome for control in results.controls})
