"""Systems on which the questions of this control are tried, each question's in a module of its own."""

from redan.controls.aips_inf.inf_01_membership_is_not_inferable import membership_vectors, privacy_vectors
from redan.controls.contract import Vector


def vectors() -> tuple[Vector, ...]:
    """All of them."""
    return (*membership_vectors.vectors(), *privacy_vectors.vectors())
