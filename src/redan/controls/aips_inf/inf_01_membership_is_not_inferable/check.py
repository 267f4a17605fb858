"""Membership in the training data: each question in a module of its own."""

from redan.controls.aips_inf.inf_01_membership_is_not_inferable.membership import CHECK as MEMBERSHIP

CHECKS = (MEMBERSHIP,)
