"""Extraction: how good a copy of a model somebody makes who may only ask it, for how many questions."""
