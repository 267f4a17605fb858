"""What an id means: a control, one of its questions, or an id of a public taxonomy that controls answer to."""

import difflib
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from redan.controls.catalogue import Control, Question
from redan.controls.decision import NAME as DECISION
from redan.errors import UsageError
from redan.terms import Kind, ThreatClass, Tier
from redan.threats.taxonomy import Entry, bare, resolve

_ALIKE = 0.6  # difflib's own default; one or two wrong letters of an id stay well above it
_SHOWN = 80  # characters of a wrong id that the message repeats; no id is longer


class Asked(NamedTuple):
    """One question, and the control that asks it."""

    control: Control
    question: Question


class Related(NamedTuple):
    """An id from outside, or a class of threats, and the controls that name it.

    Args:
        id: the pinned id, or the class of threats.
        entry: what is pinned about the id; None for a class of threats.
        controls: in catalogue order; may be empty for an id that only threats name.
    """

    id: str
    entry: Entry | None
    controls: tuple[Control, ...]


Meaning: TypeAlias = Control | Asked | Related


def find(text: str, controls: Mapping[str, Control], known: Mapping[str, Entry]) -> Meaning:
    """What an id means, as a person may write it.

    Args:
        text: a control (`a-mlsg-002-d002`), a question (`A-MLSG-002-D002/rows-are-not-shared`), an id of a
            taxonomy with or without its edition (`AML.T0020`), or a class of threats; case does not matter.
        controls: the catalogue.
        known: the pinned taxonomies.

    Raises:
        UsageError: nothing has that id; the remedy names the nearest one.
    """
    wanted = text.strip().lower()
    for control in controls.values():
        if wanted == control.id.lower():
            return control
        for question in questions(control):
            if wanted == question.id.lower():
                return Asked(control, question)
    if wanted in set(ThreatClass):
        return Related(wanted, None, tuple(c for c in controls.values() if wanted in c.threats))
    entry = resolve(text, known)
    if entry is not None:
        return Related(entry.id, entry, tuple(c for c in controls.values() if entry.id in (m.id for m in c.crosswalk)))
    near = nearest(wanted, controls, known)
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    remedy = f"did you mean {near}?" if near else "redan doctor lists every control"
    raise UsageError(f"no control, check, threat class or taxonomy id is called {shown!r}", remedy=remedy)


def questions(control: Control) -> tuple[Question, ...]:
    """The questions of `control.toml`, and the decision record that every Consider is asked for."""
    if control.kind is not Kind.CONSIDER:
        return control.checks
    text = "Is it on record whether this control was adopted or rejected, why, by whom, and until when that stands?"
    decision = Question(id=f"{control.id}/{DECISION}", question=text, tier=Tier.INSTANT, planned=False)
    return (*control.checks, decision)


def nearest(wanted: str, controls: Mapping[str, Control], known: Mapping[str, Entry]) -> str | None:
    """The id most like a mistyped one; None when nothing is like it."""
    names = [*controls, *(q.id for c in controls.values() for q in questions(c)), *ThreatClass]
    names += [name for entry in known for name in (entry, bare(entry))]
    spelled = {name.lower(): name for name in names}
    close = difflib.get_close_matches(wanted.lower()[:200], spelled, n=1, cutoff=_ALIKE)
    return spelled[close[0]] if close else None
