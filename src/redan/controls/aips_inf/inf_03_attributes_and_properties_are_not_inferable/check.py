"""Attributes of persons, and shares of groups, told from a model's answers."""

from redan.controls.aips_inf.inf_03_attributes_and_properties_are_not_inferable import attribute, share

CHECKS = (attribute.CHECK, share.CHECK)
