"""It is on record which data each model used."""
