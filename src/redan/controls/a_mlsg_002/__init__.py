"""A-MLSG-002: data handling."""

SHELF: tuple[str, ...] = (
    "d001_regulatory_duties_are_met",
    "d002_validation_data_comes_from_other_sources",
    "d003_bias_that_helps_an_attacker_is_assessed",
    "n001_no_dataset_of_unknown_provenance",
    "d004_manipulation_of_data_is_ruled_out",
    "d005_records_of_all_data_used_are_kept",
)
