"""Fuzz target: names of targets and descriptions of releases are refused as InvalidError, or mean one thing."""

import json
import sys

from redan.errors import RedanError
from redan.seal.distribution.names import parse, target_path
from redan.seal.distribution.records import Target
from redan.seal.distribution.releases import custom_of, releases_of

DIGEST = "0" * 64


def _name(text):
    found = parse(text)
    if target_path(*found) != text:
        raise AssertionError("a name can be written in two ways")
    parts = found.path.split("/")
    if found.part == "file" and (".." in parts or "" in parts or "\0" in found.path):
        raise AssertionError("a name leads out of its folder")


def _releases(text):
    said = json.loads(text)
    if not isinstance(said, dict):
        return
    targets = {path: Target(path=path, length=len(path), sha256=DIGEST, custom=custom) for path, custom in said.items()}
    for release in releases_of(targets, "churn"):
        if custom_of(release) != release.seal.custom:
            raise AssertionError("a release is not what is said about it")


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    text = data.decode("utf-8", errors="surrogateescape")
    for read in (_name, _releases):
        try:
            read(text)
        except RedanError as error:
            str(error).encode("utf-8")
        except (json.JSONDecodeError, RecursionError):
            pass


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
