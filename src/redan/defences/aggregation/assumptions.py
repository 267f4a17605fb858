"""How many bad participants each rule withstands, and how many participants that takes."""

from typing import Literal, TypeAlias

from redan.errors import InputError

Rule: TypeAlias = Literal["mean", "median", "trimmed-mean", "krum", "multi-krum", "bulyan"]
RULES: tuple[Rule, ...] = ("mean", "median", "trimmed-mean", "krum", "multi-krum", "bulyan")


def least_participants(rule: Rule, bad: int) -> int | None:
    """The fewest participants with which a rule withstands a number of bad ones.

    Sources: Krum and multi-Krum, 2 f + 3: Blanchard et al., NIPS 2017, proposition 1. Bulyan, 4 f + 3: El Mhamdi et
    al., ICML 2018, section 4. Median and trimmed mean, 2 f + 1: Yin et al., ICML 2018 (a share below one half).

    Args:
        rule: that combines the updates.
        bad: participants that may send anything.

    Returns:
        None when no number is enough: a mean withstands nobody.
    """
    if bad == 0:
        return 1 if rule in ("mean", "median", "trimmed-mean") else 3
    if rule == "mean":
        return None
    return {"median": 2 * bad + 1, "trimmed-mean": 2 * bad + 1, "bulyan": 4 * bad + 3}.get(rule, 2 * bad + 3)


def most_bad(rule: Rule, participants: int) -> int:
    """The most bad participants that a rule withstands among so many; 0 when it withstands none.

    Args:
        rule: that combines the updates.
        participants: that send an update.
    """
    if rule == "mean":
        return 0
    spare, each = {"median": (1, 2), "trimmed-mean": (1, 2), "bulyan": (3, 4)}.get(rule, (3, 2))
    return max(0, (participants - spare) // each)


def check_assumption(rule: Rule, participants: int, bad: int) -> None:
    """Refuses a combination in which the rule promises nothing.

    Raises:
        InputError: there are too few participants for the number of bad ones.
    """
    if bad < 0:
        raise InputError(f"{bad} participants cannot be bad", remedy="give 0 or more")
    least = least_participants(rule, bad)
    if least is None:
        raise InputError("a mean withstands no bad participant", remedy=f"choose from {', '.join(RULES[1:])}")
    if participants < least:
        raise InputError(
            f"{rule} needs {least} participants to withstand {bad} bad ones, and there are {participants}",
            remedy="use updates of more participants, assume fewer bad ones, or use the median",
        )
