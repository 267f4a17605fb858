"""Costly input does not exhaust the service."""
