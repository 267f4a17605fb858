"""Regulatory duties for the data are met."""
