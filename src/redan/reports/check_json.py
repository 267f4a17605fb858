"""JSON: the published schema `redan/check/v1`, canonical bytes, the same for the same seed and inputs."""

import json

from redan.reports.material import Material


def render(material: Material) -> bytes:
    """The judgement as indented JSON; keys sorted, no time stamps."""
    return json.dumps(material.judgement.to_json(), indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"
