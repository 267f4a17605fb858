"""Whether a use is one of the purposes that were stated: by the words of both, for a person to confirm."""

import re

_APART = re.compile(r"[,;/|]|\band\b|\bor\b|\n")
_WORD = re.compile(r"[^\W\d_]{3,}")
# words that stand in statements of every purpose and tell none apart
_SAID = """
the for from with that this which who whom whose what when into our their its are was were will shall may can only not
other all any each every more most being been has have had use used uses using usage purpose purposes data dataset
information record records model models system systems product service services customer customers user users client
clients person persons people subscriber subscribers predict predicts predicting prediction predictions predicted
forecast detect detects detecting detection decide decides deciding decision decisions analyse analyses analysing
analysis analyze analytics train training trained learn learning test testing improve improving improvement support
supporting provide providing likely whether soon next month year internal task
"""
_COMMON = frozenset(_SAID.split())
_ENDINGS = ("ations", "ation", "ments", "ment", "ings", "ing", "ers", "ies", "ed", "er", "es", "s", "e", "y")
_STEM = 4  # letters that are left at least


def covered(use: str, purposes: str) -> float | None:
    """How far a use is one of some purposes.

    Args:
        use: what something is used for.
        purposes: what it may be used for, several apart by commas or `and`.

    Returns:
        The largest share of telling words that the use has in common with one purpose, of the shorter of both, in
        [0, 1]; None when either has no telling word.
    """
    wanted = _telling(use)
    shares = [
        len(wanted & stated) / min(len(wanted), len(stated))
        for clause in _APART.split(purposes)
        if wanted and (stated := _telling(clause))
    ]
    return max(shares, default=None)


def _telling(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in _WORD.findall(text.lower()) if word not in _COMMON)


def _stem(word: str) -> str:
    """Enough to let `billing`, `bills` and `bill` meet; a library of stems would be more than the question needs."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM:
            return word[: -len(ending)]
    return word
