"""Attacks: what makes a model worse on purpose, at a stated cost, judged by somebody else than the attack."""
