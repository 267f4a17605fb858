"""Training data and know-how are protected while models are trained."""
