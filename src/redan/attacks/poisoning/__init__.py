"""Backdoors: signs that a model was taught to answer a trigger."""
