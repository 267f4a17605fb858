"""Bias that helps an attacker is assessed."""
