"""A security expert is named and all roles are trained."""
