"""Traffic and data are protected."""
