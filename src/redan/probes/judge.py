"""Whether what came back is a refusal: pure, so that it can be tried on anything a server may send."""

from collections.abc import Callable, Collection
from typing import Final

from redan.probes.contract import Came, Verdict
from redan.probes.reply import Reply
from redan.terms import Outcome

DENIED: Final = frozenset({400, 401, 403, 404, 405, 407, 409, 410, 411, 421, 426, 431})  # who asks is not known
FORGED: Final = frozenset({400, 401, 403, 409})
MALFORMED: Final = frozenset({400, 405, 406, 411, 413, 414, 415, 416, 417, 422, 428, 431, 501})
CLOSED: Final = frozenset({401, 403, 404, 405, 400, 410, 411, 413, 415, 421, 426, 501})
_REDIRECT: Final = range(300, 400)
_ANSWER: Final = range(200, 300)
_FAULT: Final = 500
_AGAIN: Final = frozenset({429, 503})
_LONGEST_WAIT: Final = 30.0
_DIGITS: Final = 6


def holds(seen: str) -> Verdict:
    """It was refused."""
    return Verdict(Outcome.HOLDS, seen)


def broken(seen: str) -> Verdict:
    """It was not."""
    return Verdict(Outcome.BROKEN, seen)


def unclear(seen: str) -> Verdict:
    """It could not be told."""
    return Verdict(Outcome.NOT_RUN, seen)


def beside(seen: str) -> Verdict:
    """The question does not arise."""
    return Verdict(Outcome.NOT_APPLICABLE, seen)


def refused(
    allowed: Collection[int], *, cut: bool = False, redirect: bool = False
) -> Callable[[tuple[Came, ...]], Verdict]:
    """Judges connections of which each must be refused.

    Args:
        allowed: statuses that are a refusal for the right reason.
        cut: whether an end of the connection without an answer is a refusal, too.
        redirect: whether a redirection is one, such as to a page where people sign in.
    """

    def judge(came: tuple[Came, ...]) -> Verdict:
        return worst([_of(one, allowed, cut=cut, redirect=redirect) for one in came])

    return judge


def worst(verdicts: list[Verdict]) -> Verdict:
    """The one that counts: broken before what could not be told, before a refusal."""
    order = (Outcome.BROKEN, Outcome.ERROR, Outcome.NOT_RUN, Outcome.HOLDS, Outcome.NOT_APPLICABLE)
    kept = [one for kind in order for one in verdicts if one.outcome is kind]
    if not kept:
        return unclear("nothing was sent")
    first = kept[0]
    same = sum(one.outcome is first.outcome for one in verdicts)
    more = f"; {same} of {len(verdicts)}" if len(verdicts) > 1 and first.outcome is not Outcome.HOLDS else ""
    wait = max((one.wait for one in verdicts if one.wait is not None), default=None)
    return Verdict(first.outcome, first.seen + more, wait if first.outcome is Outcome.NOT_RUN else None)


def _of(one: Came, allowed: Collection[int], *, cut: bool, redirect: bool) -> Verdict:
    if not one.reached:
        return unclear("there was no connection")
    if not one.replies:
        return _silent(one, cut=cut)
    answers = [reply for reply in one.replies if reply.status in _ANSWER]
    if answers:
        return broken(f"it was answered with {answers[0].status}")
    return worst([_status(reply, allowed, redirect=redirect) for reply in one.replies])


def _silent(one: Came, *, cut: bool) -> Verdict:
    if one.rest:
        return broken("what came back is no answer of HTTP")
    if not one.ended:
        return broken("it was neither answered nor ended in time")
    return holds("the connection was ended") if cut else broken("the connection ended without an answer, as by a crash")


def _status(reply: Reply, allowed: Collection[int], *, redirect: bool) -> Verdict:
    status = reply.status
    if status in allowed:
        return holds(f"refused with {status}")
    if status in _AGAIN:
        return Verdict(Outcome.NOT_RUN, f"the endpoint had no answer to spare ({status})", wait_of(reply))
    if status >= _FAULT:
        return broken(f"it made a fault of the server ({status})")
    if status in _REDIRECT and redirect:
        return holds(f"led elsewhere with {status}")
    return unclear(f"refused with {status}, for another reason than what is tried")


def wait_of(reply: Reply) -> float:
    """Seconds after which an answer says to come back, within reason."""
    said = reply.field(b"retry-after")
    return min(float(said), _LONGEST_WAIT) if said.isdigit() and len(said) <= _DIGITS else 1.0


def answered(came: Came) -> bool:
    """Whether it is one whole answer to a question."""
    return came.status in _ANSWER and came.replies[0].whole and b'"outputs"' in came.replies[0].body


def never_two(allowed: Collection[int]) -> Callable[[tuple[Came, ...]], Verdict]:
    """Judges requests of which two readers could see different ones: none may be answered, none may be read as two."""
    one_by_one = refused(allowed, cut=True)

    def judge(came: tuple[Came, ...]) -> Verdict:
        return worst([broken("it was read as two requests") if len(c.replies) > 1 else one_by_one((c,)) for c in came])

    return judge


def alike(one: Reply, other: Reply) -> bool:
    """Whether two refusals say the same, but for identifiers and dates."""
    return one.status == other.status and _said(one) == _said(other)


def _said(reply: Reply) -> tuple[object, ...]:
    from redan.probes.leaks import without_identifiers

    names = sorted(name for name, _ in reply.fields if name not in {b"date", b"content-length"})
    return names, without_identifiers(reply.body)


def together(named: dict[str, Verdict], most: int = 6) -> Verdict:
    """The verdict on many things of one kind, with the names of those that are worst.

    Args:
        named: each by what it is called.
        most: names that are told.
    """
    if not named:
        return unclear("nothing was sent")
    first = worst(list(named.values()))
    same = [name for name, one in named.items() if one.outcome is first.outcome]
    if first.outcome is Outcome.HOLDS:
        return holds(f"all {len(named)} were refused")
    seen = next(one.seen for one in named.values() if one.outcome is first.outcome)
    more = f" and {len(same) - most} more" if len(same) > most else ""
    return first._replace(seen=f"{len(same)} of {len(named)}: {', '.join(same[:most])}{more} ({seen})")
