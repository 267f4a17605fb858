"""AIPS-INF: what a model gives away about its training data."""

SHELF: tuple[str, ...] = (
    "inf_01_membership_is_not_inferable",
    "inf_02_secrets_are_not_memorised",
    "inf_03_attributes_and_properties_are_not_inferable",
)
