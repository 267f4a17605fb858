"""Reads what surrounds the code: pinned packages, serving configuration, MLflow runs."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from redan.errors import InputError
from redan.files import confined
from redan.system.discover.found import Pin, Serving, TrackedRun
from redan.system.discover.walk import head
from redan.system.lines import NotTomlError, locate

_BYTES = 1 << 20
_REQUIREMENT = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]{0,99}+)(?!:)(?:\[[^\]]{0,200}\])?[ ]*(?:===?[ ]*([0-9A-Za-z.+!_-]{1,60}))?"
)
_KUBERNETES = re.compile(
    r"^kind:[ ]*['\"]?(Deployment|StatefulSet|Ingress|Service|InferenceService|SeldonDeployment)\b", re.MULTILINE
)
_PUBLIC = re.compile(r"^kind:[ ]*['\"]?Ingress\b|^[ ]*type:[ ]*['\"]?LoadBalancer\b", re.MULTILINE)
_COMPOSE = re.compile(r"^services:[ ]*$", re.MULTILINE)
_TRITON = re.compile(r"^[ ]*(?:platform|backend)[ ]*:[ ]*\"", re.MULTILINE)
_DOCKER = re.compile(r"^FROM[ ]", re.MULTILINE)
_RUN = re.compile(r"^run_(?:id|uuid):", re.MULTILINE)


def pins(root: Path, path: str) -> Iterator[Pin]:
    """The packages that a requirements file, pyproject or lock file names; none for any other file."""
    name = path.rpartition("/")[2].lower()
    if name.endswith((".txt", ".in")) and ("requirements" in name or "constraints" in name):
        for line in _text(root, path).splitlines()[:5000]:
            yield from _pin(line, path)
    elif name == "pyproject.toml":
        project = _toml(root, path).get("project")
        listed = project.get("dependencies") if isinstance(project, dict) else None
        for line in listed if isinstance(listed, list) else ():
            yield from _pin(str(line), path)
    elif name in {"uv.lock", "poetry.lock", "pdm.lock"}:
        packages = _toml(root, path).get("package")
        for package in packages if isinstance(packages, list) else ():
            if isinstance(package, dict):
                yield from _pin(f"{package.get('name', '')}=={package.get('version', '')}", path)


def serving(root: Path, path: str) -> Serving | None:
    """The serving configuration that a file is, or None."""
    name = path.rpartition("/")[2].lower()
    if name in {"dockerfile", "containerfile"} or name.startswith("dockerfile."):
        return Serving(path=path, kind="Dockerfile") if _DOCKER.search(_text(root, path)) else None
    if name == "model-settings.json":
        return Serving(path=path, kind="MLServer") if _is_mlserver(_text(root, path)) else None
    if name == "config.pbtxt":
        return Serving(path=path, kind="Triton") if _TRITON.search(_text(root, path)) else None
    if not name.endswith((".yaml", ".yml")):
        return None
    text = _text(root, path)
    kind = _KUBERNETES.search(text)
    if kind:
        return Serving(path=path, kind=f"Kubernetes {kind[1]}", public=bool(_PUBLIC.search(text)))
    return Serving(path=path, kind="Docker Compose") if "compose" in name and _COMPOSE.search(text) else None


def run(root: Path, path: str) -> TrackedRun | None:
    """The MLflow run whose `meta.yaml` a file is, or None."""
    folder, _, name = path.rpartition("/")
    if name != "meta.yaml" or not _RUN.search(_text(root, path)):
        return None
    try:
        confined(root, tag := f"{folder}/tags/mlflow.source.name")
    except InputError:
        return None
    source = _text(root, tag).strip()
    return TrackedRun(path=folder, source=source if len(source) <= 500 and source.isprintable() else "")  # noqa: PLR2004


def _text(root: Path, path: str) -> str:
    return head(root, path, _BYTES).decode("utf-8", "replace")


def _toml(root: Path, path: str) -> dict[str, object]:
    """The values of a TOML file; none when it is broken or built to exhaust a parser."""
    text = _text(root, path).replace("\r\n", "\n")
    try:
        locate(text)
        return tomllib.loads(text)
    except (NotTomlError, ValueError, RecursionError):
        return {}


def _pin(line: str, path: str) -> Iterator[Pin]:
    found = _REQUIREMENT.match(line.strip())
    if found and found[1]:
        yield Pin(package=re.sub(r"[-_.]+", "-", found[1]).lower(), version=found[2] or "", path=path)


def _is_mlserver(text: str) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "implementation" in value
