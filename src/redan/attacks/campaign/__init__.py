"""Campaigns: a model, data and a threat model in, judged results and findings out, whatever the attacker may see."""
