"""AIPS-TRA: traditional product security around the model."""

SHELF: tuple[str, ...] = (
    "tra_01_only_declared_addresses_listen",
    "tra_02_access_is_strictly_controlled",
    "tra_03_traffic_and_data_are_protected",
    "tra_04_vulnerabilities_are_analysed_periodically",
    "tra_05_pipeline_code_is_written_securely",
    "tra_06_security_events_are_logged",
    "tra_07_runtime_environment_is_hardened",
)
