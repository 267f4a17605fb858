"""Supply chain: which parts were made by others?

Source: OWASP AI Exchange 3.1.3 (supply-chain model poisoning), NIST AI 100-2 E2025 section 2.3.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath

from redan.system.records import Exposure, Model
from redan.system.system import System
from redan.threats.facts import (
    at_stake,
    is_training,
    learns_from,
    public_base,
    sources_of,
    third_party,
)
from redan.threats.place import Place, sentence

# Formats whose usual loader runs code of the file; ONNX, safetensors and the tree formats hold data only.
_RUNS_CODE = frozenset({".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".bin", ".ckpt", ".h5", ".keras", ".npy"})


def pretrained_model(system: System) -> Iterator[Place]:
    """A model that others made, or that was made from one."""
    for model in system.models:
        if fact := _from_others(system, model):
            exposure: Exposure = "public" if public_base(system, model) else "partner"
            users = [m.name for m in system.models if m.base == model.name or model.name in m.ensemble_of]
            assets = at_stake(f"model:{model.name}", *(f"model:{name}" for name in users))
            yield Place(f"model:{model.name}", sentence(fact), exposure, fact, assets)


def _from_others(system: System, model: Model) -> str | None:
    named = {m.name for m in system.models}
    if model.base in named:
        return None  # the threat is at the base, which is described itself
    if fact := public_base(system, model):
        return fact
    if not model.trained_on and (model.publisher or model.source):
        return "it names a publisher or download source, and no training data of ours"
    if model.base:
        return f"its base {model.base!r} is not described here"
    if any(m.base == model.name for m in system.models) and not model.trained_on:
        return "another model is made from it, and who trained it is not declared"
    return None


def dataset(system: System) -> Iterator[Place]:
    """A dataset obtained from a publisher or a vendor."""
    for found in system.datasets:
        bought = [s for s in sources_of(system, found) if s.kind in {"public", "vendor"}]
        if bought:
            source = bought[0]
            fact = f"source:{source.name} is {'published' if source.kind == 'public' else 'sold'} by others"
            proof = "a digest is published" if source.published_sha256 else "no published digest is declared"
            assets = at_stake(f"dataset:{found.name}", *(f"model:{m.name}" for m in learns_from(system, found)))
            exposure: Exposure = "public" if source.kind == "public" else "partner"
            yield Place(f"dataset:{found.name}", sentence(f"{fact}, and {proof}"), exposure, fact, assets)


def library(system: System) -> Iterator[Place]:
    """A preprocessor that comes from a package or a third party."""
    for part in system.tables.preprocessor:
        if part.package or part.third_party:
            fact = f"it comes from package {part.package!r}" if part.package else "somebody else wrote it"
            pinned = "its digest is declared" if part.sha256 else "no digest pins it"
            assets = at_stake(*(f"model:{m.name}" for m in system.models if part.name in m.preprocessors))
            yield Place(f"preprocessor:{part.name}", sentence(f"{fact}, and {pinned}"), "partner", fact, assets)


def artefact_execution(system: System) -> Iterator[Place]:
    """A model in a format whose loader runs code, or from others in a format that is not declared."""
    for model in system.models:
        suffix = PurePosixPath(model.path or "").suffix.lower()
        foreign = _from_others(system, model)
        exposure: Exposure = "public" if public_base(system, model) else "partner" if foreign else "internal"
        if suffix in _RUNS_CODE:
            fact = f"loading a {suffix} file can run code"
            reason = sentence(f"{fact}{f', and {foreign}' if foreign else ''}")
            yield Place(f"model:{model.name}", reason, exposure, foreign or fact, (f"model:{model.name}",))
        elif foreign and not model.path:
            reason = sentence(f"{foreign}, and in which format it comes is not declared")
            yield Place(f"model:{model.name}", reason, exposure, foreign, (f"model:{model.name}",))


def training_site(system: System) -> Iterator[Place]:
    """A site of somebody else where training data lies or a model is trained."""
    for site in system.tables.site:
        stored = [f"dataset:{d.name}" for d in system.datasets if d.site == site.name and is_training(system, d)]
        stored += [f"model:{m.name}" for m in system.models if m.site == site.name]
        if third_party(system, site.name) and stored:
            agreement = "an agreement is declared" if site.agreement else "no agreement is declared"
            fact = "somebody else runs it"
            reason = f"Somebody else runs it, {agreement}, and {len(stored)} of our data sets and models lie there."
            yield Place(f"site:{site.name}", reason, "partner", fact, tuple(stored))
