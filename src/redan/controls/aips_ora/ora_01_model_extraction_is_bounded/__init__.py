"""Model extraction is bounded."""
