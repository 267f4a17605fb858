"""Access to the model is limited."""
