"""Private training: noise and clipping with a guarantee, and the record that proves it."""
