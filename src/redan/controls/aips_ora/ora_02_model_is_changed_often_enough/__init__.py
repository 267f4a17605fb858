"""The model is changed often enough."""
