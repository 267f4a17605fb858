"""A bill of materials for machine learning: CycloneDX 1.7 JSON from the description and the last evidence."""

from redan.reports.mlbom.document import document, render

__all__ = ["document", "render"]
