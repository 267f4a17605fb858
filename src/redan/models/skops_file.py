"""skops from memory: only types that skops trusts by itself or that the caller named are made.

Source: skops.io, get_untrusted_types and loads.
"""

import json
from collections.abc import Iterable

from redan.errors import InputError
from redan.models.unpickling import FAULTS
from redan.models.versions import required

_PACKAGE = "skops"
_SHOWN = 5


class UntrustedTypesError(InputError):
    """A skops file needs types that nobody named.

    Args:
        types: their full names, in the order of the file.
    """

    def __init__(self, types: tuple[str, ...]) -> None:
        shown = ", ".join(json.dumps(name[:80]) for name in types[:_SHOWN])
        super().__init__(
            f"{len(types)} of the types in the skops file are not trusted: {shown}",
            remedy="look at them, and name those that you trust: --trust-type, trusted=[...]",
        )
        self.types = types


def estimator(data: bytes, trusted: Iterable[str]) -> tuple[object, str, str]:
    """The object in a skops file.

    Args:
        data: the file, verified.
        trusted: full names of further types that the caller looked at and trusts.

    Returns:
        The object, the loader and its version.

    Raises:
        MissingExtraError: skops is not installed.
        IncompleteError: a fault of the installed version is published.
        UntrustedTypesError: the file needs a type that nobody trusts.
        InputError: the file is damaged.
    """
    found = required(_PACKAGE, _PACKAGE)
    from skops import io as skops

    names = list(trusted)
    try:
        strange = [name for name in skops.get_untrusted_types(data=data) if name not in names]
        if strange:
            raise UntrustedTypesError(tuple(strange))
        return skops.loads(data, trusted=names), _PACKAGE, found
    except FAULTS as error:
        raise InputError(f"skops {found} does not load the file", remedy="save it again with this version") from error
