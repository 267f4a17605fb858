"""Fuzz target: any text as a control.toml is a control or one clear error: `python fuzz/fuzz_control_toml.py`."""

import sys

from redan.controls.catalogue import parse
from redan.errors import ConfigError


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers look for
    """Nothing but ConfigError may come out."""
    try:
        parse(data.decode("utf-8", errors="replace"), "a_mlsg_002", "d002_validation_data_comes_from_other_sources")
    except ConfigError:
        return


if __name__ == "__main__":
    import atheris

    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
