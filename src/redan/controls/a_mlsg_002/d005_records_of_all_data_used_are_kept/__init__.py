"""Records of all data used are kept."""
