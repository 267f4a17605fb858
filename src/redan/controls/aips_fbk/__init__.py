"""AIPS-FBK: malicious feedback."""

SHELF: tuple[str, ...] = ("fbk_01_feedback_is_vetted_before_retraining",)
