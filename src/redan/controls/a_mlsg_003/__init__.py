"""A-MLSG-003: training."""

SHELF: tuple[str, ...] = (
    "d001_features_the_problem_does_not_need_are_removed",
    "c001_information_in_the_model_is_reduced",
    "c002_training_data_is_anonymised_or_pseudonymised",
    "d002_derived_features_have_unit_tests",
    "d003_preprocessing_software_is_validated",
)
