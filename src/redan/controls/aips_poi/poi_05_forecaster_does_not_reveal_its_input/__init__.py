"""A forecast gives nothing away about its inputs."""
