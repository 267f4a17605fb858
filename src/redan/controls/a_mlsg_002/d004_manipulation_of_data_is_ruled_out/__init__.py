"""Manipulation of training and validation data is ruled out."""
