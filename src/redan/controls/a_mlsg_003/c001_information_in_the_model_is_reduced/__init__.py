"""The information held in the model is reduced to what it needs."""
