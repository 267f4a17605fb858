"""Pipeline code, read and never run: what it loads, and what a security analyser says of it."""
