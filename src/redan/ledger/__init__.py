"""An append-only log of opaque bytes: Merkle tree, proofs, signed checkpoints, and the local store."""
