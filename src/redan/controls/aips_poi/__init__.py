"""AIPS-POI: poisoning."""

SHELF: tuple[str, ...] = (
    "poi_01_participants_are_verified",
    "poi_02_load_is_evaluated_before_training",
    "poi_03_crowdsourced_sets_are_random_subsets",
    "poi_04_federated_updates_are_aggregated_robustly",
    "poi_05_forecaster_does_not_reveal_its_input",
)
