"""What a claimed reduction lowers: the same tests for membership and for canaries, before and after it."""

from redan.controls.a_mlsg_003.c001_information_in_the_model_is_reduced import canaries, membership

CHECKS = (membership.CHECK, canaries.CHECK)
