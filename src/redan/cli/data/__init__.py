"""Verbs that look at data: each calls measures on files and prints findings."""
