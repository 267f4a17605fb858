"""No dataset of unknown provenance is used."""
