"""What the search for floods of copies says, as findings."""
