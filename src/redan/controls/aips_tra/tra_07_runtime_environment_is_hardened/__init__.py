"""The runtime environment is hardened."""
