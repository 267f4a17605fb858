"""Input from uncontrolled sources is transformed."""
