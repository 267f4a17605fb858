"""A public base model does not keep the door open."""
