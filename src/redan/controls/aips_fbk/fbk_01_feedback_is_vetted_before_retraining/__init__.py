"""Feedback is vetted before it is used for retraining."""
