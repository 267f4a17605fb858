"""Safe loading: bytes are read once, verified, and exactly those bytes become a model."""
