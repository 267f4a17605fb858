"""Membership: who can tell from the answers that a record was trained on."""
