"""Transformations that are said to stop adversarial inputs; reported only beside an attacker who knows them."""

from typing import TYPE_CHECKING

from redan.defences.torch_only import on_first_use

if TYPE_CHECKING:
    from redan.defences.transformations.base import Defended as Defended
    from redan.defences.transformations.base import Known as Known
    from redan.defences.transformations.base import Transformation as Transformation
    from redan.defences.transformations.filters import BitDepth as BitDepth
    from redan.defences.transformations.filters import Gaussian as Gaussian
    from redan.defences.transformations.filters import Median as Median
    from redan.defences.transformations.jpeg import Jpeg as Jpeg
    from redan.defences.transformations.randomised import Noise as Noise
    from redan.defences.transformations.randomised import Shift as Shift
    from redan.defences.transformations.report import Effort as Effort
    from redan.defences.transformations.report import beside as beside
    from redan.defences.transformations.words import named as named

__getattr__ = on_first_use(
    __name__,
    {
        "Transformation": "base",
        "Defended": "base",
        "Known": "base",
        "BitDepth": "filters",
        "Median": "filters",
        "Gaussian": "filters",
        "Noise": "randomised",
        "Shift": "randomised",
        "Jpeg": "jpeg",
        "named": "words",
        "Effort": "report",
        "beside": "report",
    },
)
