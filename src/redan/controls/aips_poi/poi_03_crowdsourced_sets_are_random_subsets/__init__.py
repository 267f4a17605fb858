"""Crowdsourced sets are random subsets of a large community."""
