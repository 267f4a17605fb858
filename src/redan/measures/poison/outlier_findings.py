"""What the search for outlying rows says, as findings."""
