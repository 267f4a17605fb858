"""Features that the problem does not need are removed."""
