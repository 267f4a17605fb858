"""Fuzz target: any bytes as a script or notebook are read or refused: `python fuzz/fuzz_pipeline_code.py`."""

import sys

from redan.measures.code.loading import loading
from redan.measures.code.source import read_source


def TestOneInput(data: bytes) -> None:  # noqa: N802 -- the name that fuzzers look for
    """Nothing but ValueError may come out; every hit has a line of the file."""
    for name in ("train.py", "train.ipynb", "settings.yaml", "train"):
        try:
            source = read_source(name, data)
        except ValueError:
            continue
        hits = () if source is None else loading(source)
        last = data.count(b"\n") + data.count(b"\r") + 2
        if any(not 1 <= hit.line <= last for hit in hits):
            raise AssertionError("a hit lies outside the file")


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
