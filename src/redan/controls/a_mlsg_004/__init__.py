"""A-MLSG-004: operation."""

SHELF: tuple[str, ...] = (
    "d001_inference_data_is_protected_against_tampering",
    "d002_model_and_configuration_are_protected",
    "d003_system_still_delivers_its_goal",
    "d004_inference_input_is_authentic_and_intact",
    "d005_input_is_protected_against_adversarial_examples",
    "c001_robustness_is_improved_and_known",
    "d006_environment_is_protected_and_shift_is_noticed",
    "d007_access_to_the_model_is_limited",
    "d008_users_are_trained",
)
