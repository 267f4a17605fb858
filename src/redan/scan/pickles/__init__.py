"""Pickle streams, walked by an abstract machine: every import, call and state that an unpickler would perform."""
