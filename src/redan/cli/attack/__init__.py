"""Verbs that attack models: each calls a campaign on files and prints findings."""
