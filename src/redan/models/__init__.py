"""Safe loading: bytes are read once, verified, and exactly those bytes become a model."""

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
