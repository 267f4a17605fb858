"""Private training: noise and clipping with a guarantee, and the record that proves it."""

from redan.defences.private.dp_sgd import Trained, clipped_sum, fit, train
from redan.defences.private.engine_record import record_of_engine
from redan.defences.private.model import PrivateModel, Shape
from redan.defences.private.plan import Plan, record_of
from redan.defences.private.torch_module import TrainedModule, train_module

__all__ = [
    "Plan",
    "PrivateModel",
    "Shape",
    "Trained",
    "TrainedModule",
    "clipped_sum",
    "fit",
    "record_of",
    "record_of_engine",
    "train",
    "train_module",
]
