"""Fuzz target: any bytes are rules that survive being written, or a ConfigError of one line, nothing else."""

import sys

from redan.attacks.tables import parse_rules, written
from redan.errors import ConfigError


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers call
    try:
        rules = parse_rules(data, file="constraints.toml")
    except ConfigError as error:
        if "\n" in str(error) or not str(error).startswith("constraints.toml:"):
            raise AssertionError("a refusal is one line that begins with its place") from error
        return
    if parse_rules(written(rules)) != rules:
        raise AssertionError("what is written reads back to other rules")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
