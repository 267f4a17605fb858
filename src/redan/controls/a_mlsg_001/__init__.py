"""A-MLSG-001: design and architecture."""

SHELF: tuple[str, ...] = (
    "c001_training_data_and_know_how_are_protected",
    "c002_user_data_stays_near_its_source",
    "c003_reasoning_of_the_model_can_be_followed",
    "n001_redundancy_is_not_counted_on",
    "n002_no_pretrained_model_of_unknown_provenance",
    "c004_models_are_trained_for_their_site",
)
