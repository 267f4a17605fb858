"""What a check found: an outcome about a subject, with its measure, place and remedy."""

from redan.findings.finding import Finding, Location, Measure, Remedy, broken, holds, not_applicable, not_run
from redan.stats.interval import Interval

__all__ = ["Finding", "Interval", "Location", "Measure", "Remedy", "broken", "holds", "not_applicable", "not_run"]
