"""Records of training runs: every file that was opened, by digest, as an in-toto statement."""
