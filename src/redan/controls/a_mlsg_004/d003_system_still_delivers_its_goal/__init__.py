"""The system still delivers its goal."""
