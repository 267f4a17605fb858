"""Training data is anonymised or pseudonymised."""
