"""Load is evaluated before preprocessing and training."""
