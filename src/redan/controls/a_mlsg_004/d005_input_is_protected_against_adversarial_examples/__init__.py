"""Input is protected against adversarial examples."""
