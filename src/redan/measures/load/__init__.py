"""Load before training: volume, shares of classes, silence, and what became of the rows above a limit."""

from redan.measures.load.arrivals import Arrivals, Days, arrivals, days_of, merged
from redan.measures.load.classes import ClassLoad, against, class_floods
from redan.measures.load.overload import Overload, cut_by_arrival, over_limit
from redan.measures.load.silence import Silence, silence
from redan.measures.load.volume import Volume, volume

__all__ = [
    "Arrivals",
    "ClassLoad",
    "Days",
    "Overload",
    "Silence",
    "Volume",
    "against",
    "arrivals",
    "class_floods",
    "cut_by_arrival",
    "days_of",
    "merged",
    "over_limit",
    "silence",
    "volume",
]
