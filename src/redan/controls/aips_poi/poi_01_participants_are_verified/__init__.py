"""Contributors are verified before their data counts."""
