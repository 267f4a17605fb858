"""Dependencies of the pipeline: what is pinned, what a search for known vulnerabilities found, what was stated."""
