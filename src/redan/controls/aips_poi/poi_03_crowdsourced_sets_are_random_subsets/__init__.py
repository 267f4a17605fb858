"""Crowdsourced sets are drawn at random from many contributors."""
