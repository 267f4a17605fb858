"""The words of run time: what a client sends, what comes back, what was decided and what is written down about it."""
