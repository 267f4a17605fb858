"""The described product: reads redan.toml into a typed System; discovers one for `redan init`."""
