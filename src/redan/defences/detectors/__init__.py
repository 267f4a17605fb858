"""Detectors that refuse inputs as adversarial; reported only beside an attacker who knows them."""

from typing import TYPE_CHECKING

from redan.defences.torch_only import on_first_use

if TYPE_CHECKING:
    from redan.defences.detectors.base import Detector as Detector
    from redan.defences.detectors.base import Guarded as Guarded
    from redan.defences.detectors.base import limit_of as limit_of
    from redan.defences.detectors.given import Given as Given
    from redan.defences.detectors.given import hidden as hidden
    from redan.defences.detectors.report import Effort as Effort
    from redan.defences.detectors.report import beside as beside
    from redan.defences.detectors.squeezing import Squeezing as Squeezing
    from redan.defences.detectors.taught import Learned as Learned
    from redan.defences.detectors.taught import learned as learned

__getattr__ = on_first_use(
    __name__,
    {
        "Detector": "base",
        "Guarded": "base",
        "limit_of": "base",
        "Given": "given",
        "hidden": "given",
        "Squeezing": "squeezing",
        "Learned": "taught",
        "learned": "taught",
        "Effort": "report",
        "beside": "report",
    },
)
