"""One file per format: how it is recognised by its bytes, and what in it can run, reach out or mislead."""
