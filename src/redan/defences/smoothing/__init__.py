"""Randomised smoothing: the majority answer under Gaussian noise, and the radius inside of which it cannot change."""

from typing import TYPE_CHECKING

from redan.defences.torch_only import on_first_use

if TYPE_CHECKING:
    from redan.defences.smoothing.certificates import Certificates as Certificates
    from redan.defences.smoothing.report import Effort as Effort
    from redan.defences.smoothing.report import Smoothing as Smoothing
    from redan.defences.smoothing.report import beside as beside
    from redan.defences.smoothing.smoothed import Smoothed as Smoothed
    from redan.defences.smoothing.votes import certify as certify
    from redan.defences.smoothing.votes import certify_at as certify_at
    from redan.defences.smoothing.votes import predict as predict

__getattr__ = on_first_use(
    __name__,
    {
        "Certificates": "certificates",
        "certify": "votes",
        "certify_at": "votes",
        "predict": "votes",
        "Smoothed": "smoothed",
        "Smoothing": "report",
        "Effort": "report",
        "beside": "report",
    },
)
