"""Fuzz target: free text and columns never make the recognition of personal data raise.

Run with atheris: `python fuzz/fuzz_personal.py`.
"""

from itertools import pairwise

from redan.measures.personal.scan import scan_values
from redan.measures.personal.spans import find


def TestOneInput(data: bytes) -> None:  # noqa: N802
    """Text in, ordered places out; a header and values in, an answer out."""
    text = data.decode("utf-8", "replace")
    spans = find(text)
    if any(a.end > b.start for a, b in pairwise(spans)):
        raise RuntimeError("places overlap")
    header, _, body = text.partition("\n")
    found = scan_values(header, body.split("\n"))
    if found is not None and not 0 < found.matches <= found.n:
        raise RuntimeError("more matches than values")


if __name__ == "__main__":
    import sys

    import atheris

    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
