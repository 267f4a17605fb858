"""Plan what applies and what it needs; run it, cheap first; the only broad except of the design side."""
