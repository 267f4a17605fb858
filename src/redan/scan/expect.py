"""What a name promises: an extension never decides what is read, but a promise that the bytes break is told."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType

from redan.scan.records import Detection, ScanVerdict

# Extensions whose loaders run no code of the file: a person who sees one is less careful.
_HARMLESS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        ".safetensors": frozenset({"safetensors"}),
        ".gguf": frozenset({"gguf"}),
        ".onnx": frozenset({"onnx"}),
        ".npy": frozenset({"npy"}),
        ".json": frozenset({"json", "config", "tokenizer", "xgboost-json", "lightgbm-json", "catboost-json", "text"}),
        ".txt": frozenset({"text", "lightgbm", "xgboost", "json", "config"}),
        ".md": frozenset({"text"}),
        ".csv": frozenset({"text"}),
        ".tsv": frozenset({"text"}),
        ".yaml": frozenset({"text", "yaml"}),
        ".yml": frozenset({"text", "yaml"}),
    }
)
_LOADERS_THAT_RUN = frozenset({"pickle", "pytorch-legacy", "zip", "tar", "gzip", "zlib", "bzip2", "xz", "lzma", "npy"})


def expected(name: str, roots: Sequence[str], place: str) -> Iterator[Detection]:
    """A detection when a name promises a harmless format and the bytes are of one whose loaders can run code.

    Args:
        name: of the file or member.
        roots: names of the formats that the bytes are.
        place: of the member.
    """
    suffix = PurePosixPath(name).suffix.lower()
    promised = _HARMLESS.get(suffix)
    if promised is None:
        return
    found = [root for root in roots if root in _LOADERS_THAT_RUN and root not in promised]
    if found:
        yield Detection(
            rule="extension-mismatch",
            verdict=ScanVerdict.NOT_UNDERSTOOD,
            what=f"The name ends in {suffix}, but a loader that looks at the bytes reads {found[0]}.",
            member=place,
            reference="CVE-2025-1889, CVE-2025-10155",
            remedy="Do not load it; ask its maker why the name does not fit.",
        )
