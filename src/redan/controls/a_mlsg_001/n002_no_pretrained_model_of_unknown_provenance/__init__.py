"""No pretrained model of unknown provenance is used."""
