"""The three questions about the attack surface are answered."""
