"""Looks at a folder that nobody has described yet and drafts a redan.toml; nothing it finds is imported or loaded."""
