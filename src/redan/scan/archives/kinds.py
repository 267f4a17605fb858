"""What an archive is by the names of its members, and what that says of each of them."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from redan.scan.region import Region

_LABEL = re.compile(rb"[\x20-\x7e]{0,128}\s{0,2}")
_LABEL_BYTES = 256
_LABELS = frozenset({"version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id"})


class Kind(NamedTuple):
    """An archive of one kind.

    Args:
        name: `zip`, `pytorch-zip`, `torchscript` or `npz`.
        roots: folders, with the slash behind, that torch's members stand in.
    """

    name: str
    roots: tuple[str, ...] = ()

    def hint(self, name: str) -> str:
        """What the archive says of a member, as `Inside` has it."""
        for root in self.roots:
            if not name.startswith(root):
                continue
            inner = name[len(root) :]
            folder, _, rest = inner.partition("/")
            if folder in {"data", "constants"} and rest.isdecimal():
                return "opaque"  # raw numbers of a storage
            return "torchscript" if self.name == "torchscript" else "torch"
        return ""

    def is_label(self, name: str, content: Region) -> bool:
        """Whether a member is one of the short texts that torch writes beside its pickles."""
        for root in self.roots:
            if name.startswith(root) and name[len(root) :] in _LABELS:
                return content.size <= _LABEL_BYTES and _LABEL.fullmatch(content.upto(0, _LABEL_BYTES)) is not None
        return False


def kind_of(names: Sequence[str]) -> Kind:
    """The kind of an archive.

    Source: torch/csrc/jit/serialization, caffe2/serialize/inline_container.cc; numpy/lib/npyio.py.
    """
    roots = tuple(sorted({name.removesuffix("data.pkl") for name in names if _is_data(name)}))
    if roots:
        scripted = any(name.startswith((f"{root}code/", f"{root}constants.pkl")) for root in roots for name in names)
        return Kind("torchscript" if scripted else "pytorch-zip", roots)
    if names and all(name.endswith(".npy") for name in names):
        return Kind("npz")
    return Kind("zip")


def _is_data(name: str) -> bool:
    return name == "data.pkl" or name.endswith("/data.pkl")
