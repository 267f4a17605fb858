"""Draws what a finding carries to be looked at: one file per kind of picture, all from small aggregates."""

from redan.reports.pictures.shelf import drawn

__all__ = ["drawn"]
