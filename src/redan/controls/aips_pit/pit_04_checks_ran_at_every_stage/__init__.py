"""Checks ran in every stage and not first at release."""
