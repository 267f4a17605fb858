"""AIPS-PIT: pitfalls of the process."""

SHELF: tuple[str, ...] = (
    "pit_01_a_security_expert_is_named",
    "pit_02_requirements_precede_training",
    "pit_03_controls_have_owners",
    "pit_04_checks_ran_at_every_stage",
    "pit_05_features_are_assessed_before_use",
    "pit_06_trustworthiness_questions_are_answered",
)
