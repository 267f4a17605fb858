"""Accounting of private training: what a record of it adds up to, and which mistakes it shows."""
