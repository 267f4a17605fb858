"""The model cannot be reprogrammed for a foreign task."""
