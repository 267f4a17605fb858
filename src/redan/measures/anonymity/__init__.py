"""How well persons hide among others: group sizes, variety and closeness of sensitive values, risk of recognition."""

from redan.measures.anonymity.closeness import TCloseness, t_closeness
from redan.measures.anonymity.diversity import LDiversity, l_diversity
from redan.measures.anonymity.groups import KAnonymity, Missing, k_anonymity
from redan.measures.anonymity.risk import Risk, reidentification_risk

__all__ = [
    "KAnonymity",
    "LDiversity",
    "Missing",
    "Risk",
    "TCloseness",
    "k_anonymity",
    "l_diversity",
    "reidentification_risk",
    "t_closeness",
]
