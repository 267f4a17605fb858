"""Fuzz target: any bytes as a lock file are pins or one clear refusal: `python fuzz/fuzz_lock.py`."""

import sys

from redan.measures.dependencies.lock import read_lock


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers look for
    """Nothing but ValueError may come out, and no pin without a fault lacks version or digest."""
    try:
        lock = read_lock(data)
    except ValueError:
        return
    for pin in lock.pins:
        if not pin.fault and not pin.own and not (pin.version and pin.hashes):
            raise AssertionError("a pin without version or digest has no fault")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
