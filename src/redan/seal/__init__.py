"""Signatures: keys, DSSE envelopes and C2SP signed notes."""
