"""Robustness: what attacks left of a model's accuracy, with intervals; read from judged answers, whoever attacked."""

from redan.measures.robustness.accuracy import Rate, Robustness, bars, rate, robustness
from redan.measures.robustness.bounds import Bounds, bounds
from redan.measures.robustness.breakers import Breakers, first_breakers
from redan.measures.robustness.confusion import Confusion, confusion
from redan.measures.robustness.curve import Curve, CurvePoint, curve, curve_of_sizes
from redan.measures.robustness.gallery import gallery
from redan.measures.robustness.paired import Paired, paired
from redan.measures.robustness.transfer import Matrix, Transfer, transfer, transfer_matrix

__all__ = [
    "Bounds",
    "Breakers",
    "Confusion",
    "Curve",
    "CurvePoint",
    "Matrix",
    "Paired",
    "Rate",
    "Robustness",
    "Transfer",
    "bars",
    "bounds",
    "confusion",
    "curve",
    "curve_of_sizes",
    "first_breakers",
    "gallery",
    "paired",
    "rate",
    "robustness",
    "transfer",
    "transfer_matrix",
]
