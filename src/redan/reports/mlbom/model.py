"""A model as a CycloneDX component with its model card.

Source: CycloneDX 1.7, `component.modelCard`, which follows Mitchell et al., Model Cards for Model Reporting (2019).
"""

from redan.artifacts.declared import located
from redan.canon import Json
from redan.errors import InputError
from redan.files import digest_file
from redan.findings import Measure
from redan.reports.addresses import address, local
from redan.reports.mlbom.parts import hash_of, licences, party, prop, reference, stated
from redan.reports.model_facts import ModelFacts
from redan.reports.words import number
from redan.system.records import Feature, Model
from redan.system.system import System
from redan.terms import Level

_MOST = 20  # limitations and risks that are listed; the evidence holds all of them


def model_component(facts: ModelFacts) -> dict[str, Json]:
    """A model as a component.

    Args:
        facts: of the model.

    Returns:
        What was stated or measured; fields without an answer are left out.
    """
    model = facts.model
    return stated(
        {
            "type": "machine-learning-model",
            "bom-ref": facts.element,
            "name": model.name,
            "publisher": model.publisher,
            "supplier": party(model.publisher) if model.publisher else None,
            "hashes": [hash_of(facts.sha256)] if facts.sha256 else [],
            "licenses": licences([model.licence]) if model.licence else [],
            "pedigree": _pedigree(facts.system, model),
            "externalReferences": _references(facts.system, model),
            "modelCard": _card(facts),
            "properties": _properties(facts),
        }
    )


def _card(facts: ModelFacts) -> dict[str, Json]:
    return stated(
        {
            "bom-ref": f"card:{facts.model.name}",
            "modelParameters": _parameters(facts),
            "quantitativeAnalysis": stated({"performanceMetrics": _metrics(facts)}),
            "considerations": _considerations(facts),
        }
    )


def _parameters(facts: ModelFacts) -> dict[str, Json]:
    datasets: list[Json] = [{"ref": f"dataset:{d.name}"} for d in facts.training]
    return stated(
        {
            "approach": {"type": "supervised"} if facts.supervised else None,
            "task": facts.model.task,
            "datasets": datasets,
            "inputs": [{"format": _format(name, feature)} for name, feature in facts.features],
            "outputs": [{"format": name} for name in facts.model.outputs],
        }
    )


def _format(name: str, feature: Feature | None) -> str:
    return f"{name}: {feature.dtype}" if feature is not None and feature.dtype else name


def _metrics(facts: ModelFacts) -> list[Json]:
    return [
        stated(
            {
                "type": measure.name,
                "value": _number(value),
                "slice": f"{finding.subject} {finding.part}".strip(),
                "confidenceInterval": _interval(measure),
            }
        )
        for finding, measure, value in facts.measured()
    ]


def _interval(measure: Measure) -> Json:
    if measure.interval is None:
        return None
    return {"lowerBound": _number(measure.interval.low), "upperBound": _number(measure.interval.high)}


def _number(value: float) -> str:
    return f"{value:.6g}"


def _considerations(facts: ModelFacts) -> dict[str, Json]:
    about = facts.system.about
    risks: list[Json] = [
        stated(
            {
                "name": threat.title,
                "mitigationStrategy": ", ".join(m.control for m in threat.mitigations),
            }
        )
        for threat in facts.threats[:_MOST]
    ]
    return stated(
        {
            "users": [e.clients for e in facts.endpoints if e.clients],
            "useCases": [about.purpose] if about.purpose and facts.serves else [],
            "technicalLimitations": list(facts.limitations[:_MOST]),
            "ethicalConsiderations": risks,
            "fairnessAssessments": [{"groupAtRisk": f"groups of column {column}"} for column in facts.sensitive],
        }
    )


def _pedigree(system: System, model: Model) -> dict[str, Json]:
    """The models that it was made from or that it replaces; only their names, since they are components themselves."""
    known = {m.name: m for m in system.models}
    ancestors: list[Json] = [
        stated(
            {
                "type": "machine-learning-model",
                "name": name,
                "publisher": known[name].publisher,
                "properties": [prop("relation", relation)],
            }
        )
        for relation, name in (("base", model.base), ("previous", model.previous))
        if name is not None and name in known
    ]
    return stated({"ancestors": ancestors})


def _references(system: System, model: Model) -> list[Json]:
    found: list[Json] = []
    source = address(model.source)
    if source is not None:
        found.append(reference("distribution", source))
    if model.seal is not None:
        text = "OpenSSF Model Signing bundle over the model's files"
        sha256 = file_digest(system, f"model:{model.name}", "seal", model.seal)
        found.append(reference("digital-signature", local(model.seal), comment=text, sha256=sha256))
    if model.record is not None:
        text = "sealed record of the training run"
        sha256 = file_digest(system, f"model:{model.name}", "record", model.record)
        found.append(reference("build-meta", local(model.record), comment=text, sha256=sha256))
    found += [reference("configuration", local(path)) for path in model.config]
    found += [reference("build-system", local(path), comment="training code") for path in model.code]
    return found


def file_digest(system: System, element: str, key: str, name: str) -> str | None:
    """SHA-256 of a declared file; None when it is not there or cannot be read."""
    try:
        return digest_file(located(system, element, key, name)).sha256
    except InputError:
        return None


def _properties(facts: ModelFacts) -> list[Json]:
    model = facts.model
    found = [prop("worth", model.worth)] if model.worth is not Level.MEDIUM else []
    if facts.size is not None:
        found.append(prop("bytes", facts.size))
    if model.confidential:
        found.append(prop("confidential", "true"))
    if model.training_data:
        found.append(prop("training-data", model.training_data))
    if model.source and address(model.source) is None:
        found.append(prop("source", model.source))
    found += [prop("validated-on", f"dataset:{d.name}") for d in facts.validation]
    if facts.threats:
        found.append(prop("threats", number(len(facts.threats))))
    return found
