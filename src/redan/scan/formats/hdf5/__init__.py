"""HDF5 read for its structure: objects, attributes and references to other files; numbers are never looked at."""
