"""Checks manifests against the schemas of Kubernetes, KServe and Envoy; run by the Python of their environment.

    .peers/deploy/bin/python tests/gateway/peer_manifests.py KIND FILE...

KIND is `kubernetes`, `kserve` or `envoy`. Each fault is a line on standard output.
"""

import ast
import importlib
import re
import sys
from pathlib import Path

import yaml

PEERS = Path(__file__).resolve().parents[2] / ".peers"
BROAD = {"object", "ResourceQuantity", "IntOrString", "V1ObjectMeta"}
OF_KUBERNETES = {"V1Container", "V1Volume", "V1PodSecurityContext"}
PLAIN = {"str", "int", "bool"}


def of_kubernetes(document):
    """Faults by the published OpenAPI schemas, unknown fields included."""
    import kubernetes_validate
    from kubernetes_validate import InvalidSchemaError, SchemaNotFoundError, ValidationError

    try:
        kubernetes_validate.validate(document, "1.37", strict=True)
    except (ValidationError, SchemaNotFoundError, InvalidSchemaError) as error:
        yield str(error).splitlines()[0]


def models_of_kserve():
    """Types and names of fields of each record of KServe's OpenAPI document, read from its SDK without running it."""
    found = {}
    for path in PEERS.glob("kserve/lib/python3*/site-packages/kserve/models/*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                held = {
                    line.targets[0].id: ast.literal_eval(line.value)
                    for line in node.body
                    if isinstance(line, ast.Assign) and line.targets[0].id in {"openapi_types", "attribute_map"}
                }
                if "attribute_map" in held:
                    types, names = held["openapi_types"], held["attribute_map"]
                    found[node.name] = {names[name]: types[name] for name in types}
    return found


def of_kserve(value, kind, models, where="."):
    """Faults of a value of some type, fields that the type does not have included."""
    listed, mapped = re.fullmatch(r"list\[(.+)\]", kind), re.fullmatch(r"dict\(str, (.+)\)", kind)
    if listed or mapped or kind in models:
        inside = inner(value, listed, mapped, models.get(kind))
        if inside is None:
            yield f"{where} is no {kind}"
            return
        for key, one, of in inside:
            if of is None:
                yield f"{where}.{key} is not known to {kind}"
            else:
                yield from of_kserve(one, of, models, f"{where}.{key}")
    elif kind in OF_KUBERNETES:
        yield from (f"{where}: {fault}" for fault in of_kubernetes(pod(value, kind)))
    elif kind in PLAIN:
        if type(value).__name__ != kind:
            yield f"{where} is no {kind}"
    elif kind not in BROAD:
        yield f"{where} is of the type {kind}, which this check does not know"


def inner(value, listed, mapped, fields):
    """Key, value and type of each part; None where the value has no parts of that kind."""
    if listed:
        return [(place, one, listed[1]) for place, one in enumerate(value)] if isinstance(value, list) else None
    if not isinstance(value, dict):
        return None
    if mapped:
        return [(key, one, mapped[1]) for key, one in value.items()]
    return [(key, one, fields.get(key)) for key, one in value.items()]


def pod(value, kind):
    """A pod around one part of one."""
    spec = {"containers": [{"name": "x", "image": "x"}]}
    if kind == "V1Container":
        spec["containers"] = [value]
    elif kind == "V1Volume":
        spec["volumes"] = [value]
    else:
        spec["securityContext"] = value
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec}


def of_envoy(document):
    """Faults by the protocol buffers of Envoy's API; the type of each extension is looked up by its name."""
    from envoy_data_plane.envoy.config.bootstrap.v3 import Bootstrap

    yield from of_message(document, Bootstrap, "bootstrap")


def of_message(value, message, where):
    """Faults of a record of YAML as a message of protocol buffers."""
    plain, typed = value, []
    if isinstance(value, dict):
        plain = outside(value, where, typed)
    try:
        made = message.from_dict(plain)
        back = made.to_dict()
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        yield f"{where}: {type(error).__name__}: {error}"
        return
    yield from (f"{where}.{path} is not known" for path in lost(plain, back))
    for name, kind, inner in typed:
        package, _, short = kind.removeprefix("type.googleapis.com/").rpartition(".")
        try:
            found = getattr(importlib.import_module(f"envoy_data_plane.{package}"), short)
        except (ImportError, AttributeError):
            yield f"{name}: there is no {kind}"
            continue
        yield from of_message(inner, found, name)


def outside(value, where, typed):
    """The same without extensions, which are put aside."""
    if isinstance(value, list):
        return [outside(one, f"{where}[{place}]", typed) for place, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    made = {}
    for key, one in value.items():
        if key == "typed_config":
            inner = dict(one)
            typed.append((f"{where}.{key}", inner.pop("@type"), inner))
        else:
            made[key] = outside(one, f"{where}.{key}", typed)
    return made


def camel(name):
    """A field's name as JSON of protocol buffers writes it."""
    first, *more = name.split("_")
    return first + "".join(word.capitalize() for word in more)


def lost(given, back, path=""):
    """Fields that were given and did not come back, but for those that say the default."""
    if isinstance(given, dict) and isinstance(back, dict):
        for key, one in given.items():
            name = camel(key)
            if name not in back and key not in back:
                if one not in (0, False, "", [], {}):
                    yield f"{path}{key}"
            else:
                yield from lost(one, back.get(name, back.get(key)), f"{path}{key}.")
    elif isinstance(given, list) and isinstance(back, list):
        for one, other in zip(given, back, strict=False):
            yield from lost(one, other, path)


def main(kind, *files):
    """Prints each fault."""
    models = models_of_kserve() if kind == "kserve" else {}
    for file in files:
        for document in yaml.safe_load_all(Path(file).read_text()):
            if kind == "kubernetes":
                faults = of_kubernetes(document)
            elif kind == "envoy":
                faults = of_envoy(document)
            else:
                name = document["apiVersion"].rpartition("/")[2].capitalize() + document["kind"]
                faults = of_kserve(document, name, models)
            for fault in faults:
                sys.stdout.write(f"{Path(file).name}: {document.get('kind', '')}: {fault}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
