"""The model reads only features that its task needs."""
