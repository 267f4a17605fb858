"""Static examination of model files: what would a loader run, said without loading anything."""
