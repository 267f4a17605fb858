"""Archives and compressed streams: every member under every reading that a loader could have."""
