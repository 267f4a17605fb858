"""Keyed pseudonyms: tokens, numbers that stay valid, free text, whole files, and the way back."""

from redan.defences.pseudonymise.back import Way, seen_by
from redan.defences.pseudonymise.fields import Field, Replaced, originals, pseudonyms, translated
from redan.defences.pseudonymise.files import Written, rewrite
from redan.defences.pseudonymise.ring import Ring, load_ring, new_ring, rotated, save_ring
from redan.defences.pseudonymise.text import Rewritten, pseudonymise_text

__all__ = [
    "Field",
    "Replaced",
    "Rewritten",
    "Ring",
    "Way",
    "Written",
    "load_ring",
    "new_ring",
    "originals",
    "pseudonymise_text",
    "pseudonyms",
    "rewrite",
    "rotated",
    "save_ring",
    "seen_by",
    "translated",
]
