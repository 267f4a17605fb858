"""Participants are verified before their data is used."""
