"""Preprocessing software is validated."""
