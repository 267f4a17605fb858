"""AIPS-EVA: evasion."""

SHELF: tuple[str, ...] = (
    "eva_01_surface_questions_are_answered",
    "eva_02_uncontrolled_input_is_transformed",
)
