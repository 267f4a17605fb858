"""A forecaster does not reveal its input distribution."""
