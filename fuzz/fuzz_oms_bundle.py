"""Fuzz target: seals and statements from anyone raise RedanError or are read the same way twice, inside the root."""

import base64
import json
import sys

from redan.errors import RedanError
from redan.seal.oms import bundle, names, statement

_STATED = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "m", "digest": {"sha256": statement.root_of(["00" * 32])}}],
    "predicateType": "https://model_signing/signature/v1.0",
    "predicate": {
        "resources": [{"name": "a/b", "digest": "00" * 32, "algorithm": "sha256"}],
        "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False, "ignore_paths": [".git"]},
    },
}
SEED = json.dumps(
    bundle.build(json.dumps(_STATED).encode(), b"\x30\x06\x02\x01\x01\x02\x01\x01", {"publicKey": {"hint": "00"}})
).encode()
_PAYLOAD = base64.b64decode(json.loads(SEED)["dsseEnvelope"]["payload"])


def _bundle(data):
    found = bundle.parse(data)
    if bundle.parse(data) != found:
        raise AssertionError("a bundle is read differently the second time")
    return found.payload


def _statement(data):
    found = statement.parse(data)
    if found.root != statement.root_of(resource.digest for resource in found.resources):
        raise AssertionError("the root is not that of the list")
    for resource in found.resources:
        if resource.name != "." and (
            names.fault(resource.name) or resource.name.startswith("/") or ".." in resource.name.split("/")
        ):
            raise AssertionError("a listed name leaves the folder")
    if len({(r.name, r.start) for r in found.resources}) != len(found.resources):
        raise AssertionError("a file stands twice")


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    payloads = [data]
    try:
        payloads.append(_bundle(data))
    except RedanError as error:
        str(error)
    payloads.append(_PAYLOAD[: len(data) % len(_PAYLOAD)] + data)
    for payload in payloads:
        try:
            _statement(payload)
        except RedanError as error:
            str(error)


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
