"""Randomised smoothing: the majority answer under Gaussian noise, and the radius inside of which it cannot change."""

from redan.defences.torch_only import on_first_use

__getattr__ = on_first_use(
    __name__,
    {
        "Certificates": "certificates",
        "certify": "votes",
        "certify_at": "votes",
        "predict": "votes",
        "Smoothed": "smoothed",
    },
)
