"""The verified bytes are the ones that load, and during service the verification is repeated."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from redan.artifacts.history import Event
from redan.artifacts.model_seal import ModelSeal
from redan.artifacts.seal_state import trusted
from redan.canon import Json
from redan.controls.a_mlsg_004.d002_model_and_configuration_are_protected.sealed import model_of, seal_fault
from redan.controls.contract import Have
from redan.controls.statement import moment
from redan.errors import IncompleteError, InputError, InvalidError, MissingExtraError, UsageError
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.models import Loaded, UntrustedTypesError, load
from redan.scan import ScanVerdict, scan_file
from redan.system.records import Model
from redan.system.system import System
from redan.terms import Level, Stage

LOADED = "A-MLSG-004-D002/loaded-bytes-are-verified"
DAYS = 7  # a changed file is noticed within a week of service
_SAFE = "Export the model to ONNX, safetensors or skops, and seal it."


class _Ready(NamedTuple):
    model: Model
    seal: ModelSeal
    loaded: Loaded


def loaded_verified(have: Have) -> Iterator[Finding]:
    """Whether what is loaded is what was sealed, and when that was last verified in service.

    Raises:
        MissingExtraError: the loader of this format is not installed.
    """
    model, seal = model_of(have), have.get(ModelSeal, have.subject.id)
    found = _loaded(have, model, seal)
    if isinstance(found, Finding):
        yield found
    elif have.system.about.stage is Stage.OPERATION and (endpoint := _serving(have.system, model.name)) is not None:
        yield replace(_repeated(have, _Ready(model, seal, found), endpoint), detail=_facts(found))
    else:
        answer = holds(LOADED, have.subject.id, f"{_said(model, found)}; no endpoint serves it yet.")
        yield replace(answer, detail=_facts(found))


def _loaded(have: Have, model: Model, seal: ModelSeal) -> Loaded | Finding:
    fault = seal_fault(model, seal)
    if fault is not None or seal.seal is None or seal.key is None:
        text, remedy = fault or ("", None)
        advice = remedy or Remedy(text=_SAFE)
        return broken(LOADED, have.subject.id, f"Nothing vouches for the bytes that load. {text}", advice)
    try:
        return _from_verified(seal, seal.seal, seal.key)
    except MissingExtraError:
        raise
    except IncompleteError as error:
        advice = Remedy(text="Update the loader.", command=error.remedy, effort=Level.LOW)
        return not_run(LOADED, have.subject.id, error.what, remedy=advice)
    except (InputError, InvalidError, UsageError) as error:
        text = f"Model {model.name} does not load from its verified bytes without an unsafe option: {error.what}."
        return broken(LOADED, have.subject.id, text, Remedy(text=_SAFE, effort=Level.MEDIUM))


def _from_verified(seal: ModelSeal, bundle: Path, key: Path) -> Loaded:
    """The model; types of a skops file count as trusted when the scan knows that they only hold data."""
    trust = trusted(key)
    try:
        return load(seal.path, seal=bundle, trust=trust, within=seal.within)
    except UntrustedTypesError as error:
        if scan_file(seal.path).verdict is not ScanVerdict.CLEAN:
            raise
        return load(seal.path, seal=bundle, trust=trust, within=seal.within, trusted=error.types)


def _said(model: Model, loaded: Loaded) -> str:
    sealed_by = "" if loaded.sealed_by is None else f" by key {loaded.sealed_by.key_id[:16]}"
    return (
        f"The bytes of model {model.name} that {loaded.loader} {loaded.loader_version} loads ({loaded.format}) are "
        f"those that were sealed{sealed_by}"
    )


def _facts(loaded: Loaded) -> dict[str, Json]:
    """What was loaded, for the evidence; the key by the digits that every message shows."""
    sealed_by = loaded.sealed_by
    key = None if sealed_by is None else sealed_by.key_id[:16]
    root = None if sealed_by is None else sealed_by.root
    return {"loaded": {**loaded.to_json(), "seal": {"root": root, "key": key}}}


def _serving(system: System, name: str) -> str | None:
    """The endpoint that answers with a model, itself or as a member of an ensemble; None when none does."""
    for endpoint in system.endpoints:
        asked, seen = [endpoint.model], set[str]()
        while asked:
            current = asked.pop()
            if current == name:
                return endpoint.name
            if current not in seen:
                seen.add(current)
                asked += [part for m in system.models if m.name == current for part in m.ensemble_of]
    return None


def _repeated(have: Have, ready: _Ready, endpoint: str) -> Finding:
    """The answer about a model in service: how long ago its current bytes were verified."""
    model, loaded = ready.model, ready.loaded
    stance = have.system.stance("A-MLSG-004-D002")
    limit = float(DAYS if stance is None or stance.threshold is None else stance.threshold)
    last = _last(have, ready)
    unsafe = have.history.last("loaded-unsafely", have.subject.id)
    served = f"endpoint {endpoint} serves model {model.name}"
    if last is None:
        text = f"While {served}, no verification of its current bytes is on record."
        return broken(LOADED, have.subject.id, text, _verify(model))
    if unsafe is not None and have.history.before(last, unsafe):
        text = f"While {served}, it was loaded with an unsafe option on {moment(unsafe)}, after its last verification."
        return broken(LOADED, have.subject.id, text, _verify(model))
    days = float(max((have.now - last.at.date()).days, 0))
    measure = Measure(name="days_since_verification", value=days, threshold=limit, unit="days")
    if days > limit:
        text = f"While {served}, its bytes were last verified on {moment(last)}; at most {limit:g} days may pass."
        return broken(LOADED, have.subject.id, text, _verify(model), measure=measure)
    text = f"{_said(model, loaded)}; in service they were last verified on {moment(last)}."
    return holds(LOADED, have.subject.id, text, measure=measure)


def _last(have: Have, ready: _Ready) -> Event | None:
    """The latest verification of the bytes as they are now; of a bundle only one of the whole bundle counts."""
    sealed_by = ready.loaded.sealed_by
    digests = [] if sealed_by is None else [sealed_by.root]
    digests += [] if ready.seal.within is not None else [ready.loaded.sha256]
    events = [have.history.last("verified", have.subject.id, digest) for digest in digests]
    return max((event for event in events if event is not None), key=have.history.events.index, default=None)


def _verify(model: Model) -> Remedy:
    command = f"redan verify {model.bundle or model.path} --seal {model.seal} --key {model.key} --log"
    text = "Verify the files where they are served, at start-up and at regular times, and let redan log it."
    return Remedy(text=text, command=command, effort=Level.LOW)
