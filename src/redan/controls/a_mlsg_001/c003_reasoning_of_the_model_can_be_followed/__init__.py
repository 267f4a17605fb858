"""The reasoning of the chosen technology can be followed."""
