"""The places where bias favours an attacker are known."""
