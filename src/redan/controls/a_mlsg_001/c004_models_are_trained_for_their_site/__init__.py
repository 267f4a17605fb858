"""Models are trained for the site they serve."""
