"""Public names that need PyTorch, imported on first use: a missing extra is said, and no traceback."""

from collections.abc import Callable, Mapping
from importlib import import_module

from redan.errors import MissingExtraError
from redan.extras import missing_import


def on_first_use(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """The `__getattr__` of a package (PEP 562).

    Args:
        package: its name.
        homes: the module below it that holds each public name.

    Returns:
        A function that raises `MissingExtraError` where PyTorch is not installed.
    """

    def found(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        missing = missing_import("torch")
        if missing is not None:
            raise MissingExtraError("torch", missing)
        return vars(import_module(f"{package}.{homes[name]}"))[name]

    return found
