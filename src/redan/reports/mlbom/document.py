"""The whole bill: metadata, components, services, dependencies and declarations; equal evidence gives equal bytes.

Source: CycloneDX 1.7; RFC 9562 section 5.5 (a UUID of version 5 follows from the content).
"""

import json
import uuid

from redan.artifacts.declared import PIPELINE
from redan.canon import Json, canonical
from redan.reports.addresses import address, local
from redan.reports.material import Material
from redan.reports.mlbom.claims import PACK, declarations, definitions
from redan.reports.mlbom.data import dataset_component
from redan.reports.mlbom.libraries import (
    library_component,
    package_url,
    packages_of,
    pins_of,
    preprocessor_component,
)
from redan.reports.mlbom.model import file_digest, model_component
from redan.reports.mlbom.parts import prop, reference, stated
from redan.reports.model_facts import model_facts
from redan.system.records import Endpoint, Model
from redan.system.system import System
from redan.terms import Stage

SCHEMA = "http://cyclonedx.org/schema/bom-1.7.schema.json"
_NAMESPACE = uuid.UUID("5c0f8f5e-6a0d-5c86-9a53-4b7f7f0f3a11")
_PHASES = {Stage.DESIGN: "design", Stage.DATA: "pre-build", Stage.TRAINING: "build", Stage.OPERATION: "operations"}


def render(material: Material) -> bytes:
    """The bill as indented UTF-8 JSON.

    Args:
        material: the system, and the judged evidence where there is one.
    """
    return (json.dumps(document(material), indent=2, ensure_ascii=False) + "\n").encode()


def document(material: Material) -> dict[str, Json]:
    """The bill as JSON, valid against CycloneDX 1.7.

    Args:
        material: the system, and the judged evidence where there is one.
    """
    system = material.system
    body = stated(
        {
            "metadata": _metadata(material),
            "components": _components(material),
            "services": [_service(e) for e in system.endpoints],
            "dependencies": _dependencies(system),
            "declarations": declarations(material),
            "definitions": definitions(material),
        }
    )
    serial = uuid.uuid5(_NAMESPACE, canonical(body).decode())
    return {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        **body,
    }


def _metadata(material: Material) -> dict[str, Json]:
    about = material.system.about
    product = stated(
        {
            "type": "application",
            "bom-ref": "system",
            "name": about.name,
            "description": about.purpose,
            "externalReferences": _references(material),
            "properties": _properties(material.system),
        }
    )
    tool: dict[str, Json] = {"type": "application", "name": "redan", "version": material.results.tool}
    return {
        "timestamp": material.results.at.isoformat(),
        "lifecycles": [{"phase": _PHASES[about.stage]}],
        "tools": {"components": [tool]},
        "component": product,
    }


def _properties(system: System) -> list[Json]:
    about = system.about
    found = [prop("stage", about.stage.value)]
    if about.owner:
        found.append(prop("answers-for-security", about.owner))
    if about.regulated:
        found.append(prop("regulated", "yes"))
    return found


def _references(material: Material) -> list[Json]:
    system = material.system
    text = "redan derives the threats from this description"
    found = [reference("threat-model", "redan.toml", comment=text)]
    if material.evidence:
        signed = f"{len(material.evidence)} signed in-toto statements, key {material.key_id}"
        found += [reference(kind, PACK, comment=signed) for kind in ("attestation", "evidence")]
    for key, kind in (("audit", "vulnerability-assertion"), ("statements", "exploitability-statement")):
        name = system.pipeline.audit if key == "audit" else system.pipeline.statements
        if name is not None:
            sha256 = file_digest(system, PIPELINE, key, name)
            found.append(reference(kind, local(name), sha256=sha256))
    found += [
        reference(
            "build-meta", local(name), comment="lock file", sha256=file_digest(system, PIPELINE, "requirements", name)
        )
        for name in system.pipeline.requirements
    ]
    return found


def _components(material: Material) -> list[Json]:
    system = material.system
    return [
        *(model_component(model_facts(system, model, material)) for model in system.models),
        *(dataset_component(system, dataset) for dataset in system.datasets),
        *(preprocessor_component(step) for step in system.tables.preprocessor),
        *(library_component(pin) for pin in pins_of(system)),
    ]


def _service(endpoint: Endpoint) -> Json:
    url = address(endpoint.url)
    return stated(
        {
            "bom-ref": f"endpoint:{endpoint.name}",
            "name": endpoint.name,
            "endpoints": [url] if url else [],
            "authenticated": endpoint.authenticated,
            "properties": [prop("exposure", endpoint.exposure), prop("gateway", "yes" if endpoint.gateway else "no")],
        }
    )


def _dependencies(system: System) -> list[Json]:
    pins = pins_of(system)
    libraries = [package_url(pin) for pin in pins]
    steps = [f"preprocessor:{p.name}" for p in system.tables.preprocessor]
    rows: dict[str, list[str]] = {"system": [*(f"model:{m.name}" for m in system.models), *libraries]}
    rows.update({f"model:{m.name}": _needs(system, m) for m in system.models})
    rows.update({f"dataset:{d.name}": [] for d in system.datasets})
    rows.update({step: packages_of(p, pins) for step, p in zip(steps, system.tables.preprocessor, strict=True)})
    rows.update({f"endpoint:{e.name}": [f"model:{e.model}"] for e in system.endpoints})
    rows.update({library: [] for library in libraries})
    return [
        {"ref": ref, "dependsOn": [*dict.fromkeys(needs)]} if needs else {"ref": ref} for ref, needs in rows.items()
    ]


def _needs(system: System, model: Model) -> list[str]:
    """What a model was made of: data, the model it started from, those it joins, and what runs before it."""
    known = set(system.elements)
    models = (*((model.base,) if model.base else ()), *model.ensemble_of)
    refs = [
        *(f"dataset:{name}" for name in (*model.trained_on, *model.validated_on)),
        *(f"model:{name}" for name in models),
        *(f"preprocessor:{name}" for name in model.preprocessors),
    ]
    return [ref for ref in refs if ref in known and ref != f"model:{model.name}"]
