"""Numbers about data and models, with their intervals."""
