"""Pseudonyms against an attacker who tries the values they may stand for."""

from redan.measures.enumeration.attack import BUDGET, Attack, Reach, attack
from redan.measures.enumeration.forms import Form, form_of

__all__ = ["BUDGET", "Attack", "Form", "Reach", "attack", "form_of"]
