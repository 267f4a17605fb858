"""What people and machines read: one file per format, all drawn from the same material."""
