"""Transformations that are said to stop adversarial inputs; reported only beside an attacker who knows them."""

from redan.defences.torch_only import on_first_use

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
        "Effort": "report",
        "beside": "report",
    },
)
