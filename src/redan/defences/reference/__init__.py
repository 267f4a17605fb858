"""The reference of a model, made from real data: what it was made for, and how sure it is of what."""

from redan.defences.reference.making import Asked, Made, make

__all__ = ["Asked", "Made", "make"]
