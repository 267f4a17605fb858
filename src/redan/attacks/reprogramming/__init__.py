"""Adversarial reprogramming: a model made to do a foreign task by a program around its input.

Public names are imported on first use; PyTorch is needed with gradients alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redan.attacks.reprogramming.differences import Differences as Differences
    from redan.attacks.reprogramming.frame import Frame as Frame
    from redan.attacks.reprogramming.frame import column_frame as column_frame
    from redan.attacks.reprogramming.frame import picture_frame as picture_frame
    from redan.attacks.reprogramming.learning import Course as Course
    from redan.attacks.reprogramming.learning import learn as learn
    from redan.attacks.reprogramming.service import Service as Service
    from redan.attacks.reprogramming.slopes import Slopes as Slopes
    from redan.attacks.reprogramming.tasks import Task as Task
    from redan.attacks.reprogramming.tasks import counting as counting
    from redan.attacks.reprogramming.tasks import digits as digits

_HOMES = {
    "Course": "learning",
    "Differences": "differences",
    "Frame": "frame",
    "Service": "service",
    "Slopes": "slopes",
    "Task": "tasks",
    "column_frame": "frame",
    "counting": "tasks",
    "digits": "tasks",
    "learn": "learning",
    "picture_frame": "frame",
}


def __getattr__(name: str) -> object:
    """Imports a public name from its home on first use (PEP 562).

    Raises:
        AttributeError: there is no such name.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return vars(import_module(f"{__name__}.{_HOMES[name]}"))[name]
