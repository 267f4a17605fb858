"""AIPS-DOS: denial of service."""

SHELF: tuple[str, ...] = ("dos_01_costly_input_does_not_exhaust_the_service",)
