"""The catalogue: one folder per control, named by a sentence that is true or false."""
