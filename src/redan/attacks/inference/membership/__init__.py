"""Membership: who can tell from the answers that a record was trained on.

Public names are imported on first use; scikit-learn is needed for shadows, quantiles and the blind baseline alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redan.attacks.inference.membership.judging import Tested as Tested
    from redan.attacks.inference.membership.judging import judged as judged
    from redan.attacks.inference.membership.judging import membership_test as membership_test
    from redan.attacks.inference.membership.likelihood import lira as lira
    from redan.attacks.inference.membership.matrix import ScoreMatrix as ScoreMatrix
    from redan.attacks.inference.membership.matrix import matrix_from as matrix_from
    from redan.attacks.inference.membership.matrix_file import read_matrix as read_matrix
    from redan.attacks.inference.membership.matrix_file import save_matrix as save_matrix
    from redan.attacks.inference.membership.robust import rmia as rmia
    from redan.attacks.inference.membership.scores import phi_of_logits as phi_of_logits
    from redan.attacks.inference.membership.scores import phi_of_probabilities as phi_of_probabilities
    from redan.attacks.inference.membership.simple import difficulty as difficulty
    from redan.attacks.inference.membership.simple import loss_threshold as loss_threshold

_HOMES = {
    "ScoreMatrix": "matrix",
    "Tested": "judging",
    "difficulty": "simple",
    "judged": "judging",
    "lira": "likelihood",
    "loss_threshold": "simple",
    "matrix_from": "matrix",
    "membership_test": "judging",
    "phi_of_logits": "scores",
    "phi_of_probabilities": "scores",
    "read_matrix": "matrix_file",
    "rmia": "robust",
    "save_matrix": "matrix_file",
}


def __getattr__(name: str) -> object:
    """Imports a public name from its home on first use (PEP 562).

    Raises:
        AttributeError: there is no such name.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return vars(import_module(f"{__name__}.{_HOMES[name]}"))[name]
