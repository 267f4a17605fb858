"""Adversarial reprogramming: a model made to do a foreign task by a program around its input."""
