"""Vulnerabilities are analysed periodically."""
