"""AIPS-REP: adversarial reprogramming."""

SHELF: tuple[str, ...] = ("rep_01_model_is_not_reprogrammable",)
