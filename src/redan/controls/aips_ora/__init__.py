"""AIPS-ORA: oracle attacks on the model."""

SHELF: tuple[str, ...] = (
    "ora_01_model_extraction_is_bounded",
    "ora_02_model_is_changed_often_enough",
    "ora_03_public_base_does_not_keep_the_door_open",
)
