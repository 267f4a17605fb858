"""Shift: what moved between a reference and now, by how much at least, and with how many false alarms."""

from redan.measures.drift.classifier import ClassifierTest, classifier_two_sample
from redan.measures.drift.features import Feature
from redan.measures.drift.frozen import Frozen, freeze
from redan.measures.drift.joint import Joint
from redan.measures.drift.kernel import Mmd, mmd
from redan.measures.drift.monitor import Monitor
from redan.measures.drift.psi import Psi, psi
from redan.measures.drift.settings import Settings
from redan.measures.drift.shift import Shift, shift
from redan.measures.drift.univariate import Change, chi_square, ks

__all__ = [
    "Change",
    "ClassifierTest",
    "Feature",
    "Frozen",
    "Joint",
    "Mmd",
    "Monitor",
    "Psi",
    "Settings",
    "Shift",
    "chi_square",
    "classifier_two_sample",
    "freeze",
    "ks",
    "mmd",
    "psi",
    "shift",
]
