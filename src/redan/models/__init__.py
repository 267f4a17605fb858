"""Safe loading: bytes are read once, verified, and exactly those bytes become a model.

Names are loaded when they are asked for: a process that needs one loader, such as a server, holds no other.
"""

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redan.models.formats import Format
    from redan.models.loaded import Loaded, Piece
    from redan.models.loading import load
    from redan.models.model import Model, OnnxModel, Port, SklearnModel, model_of
    from redan.models.skops_file import UntrustedTypesError

__all__ = [
    "Format",
    "Loaded",
    "Model",
    "OnnxModel",
    "Piece",
    "Port",
    "SklearnModel",
    "UntrustedTypesError",
    "load",
    "model_of",
]
_HOMES = MappingProxyType(
    {
        "Format": "formats",
        "Loaded": "loaded",
        "Model": "model",
        "OnnxModel": "model",
        "Piece": "loaded",
        "Port": "model",
        "SklearnModel": "model",
        "UntrustedTypesError": "skops_file",
        "load": "loading",
        "model_of": "model",
    }
)


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return vars(import_module(f"{__name__}.{home}"))[name]
