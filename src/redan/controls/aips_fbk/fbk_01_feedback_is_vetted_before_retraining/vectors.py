"""Feedback from nobody, from one loud voice, reviewed by its author; a cap that lets three voices move the model."""

import numpy as np

from redan.controls.contract import Vector
from redan.terms import Outcome

_CAPPED = "AIPS-FBK-01/feedback-is-authenticated-and-capped"
_VETTED = "AIPS-FBK-01/feedback-is-vetted"
_FEW = "AIPS-FBK-01/few-voices-cannot-move-the-model"
_COUNTED = "Whoever presses the button most often teaches the model, unless somebody counts."
_LOOKED = "A lie that nobody looked at is training data."
_WORK = "The cap decides whether an attacker needs three accounts or three hundred."
_ROWS = 900
_USAGE = 90.0


def _entries(*, loud: int = 0, unnamed: int = 0, unread: int = 0, own: int = 0) -> bytes:
    """Feedback of forty people, four entries each, and what is planted."""
    lines = [f"user{i % 40},ok,dana" for i in range(160)]
    lines += ["user7,fraud,dana"] * loud + [",fraud,dana"] * unnamed
    lines += [f"user{i % 40},fraud," for i in range(unread)] + ["Dana ,fraud,dana"] * own
    return "\n".join(["who,claim,reviewer", *lines, ""]).encode()


def _training() -> bytes:
    rng = np.random.default_rng(20260601)
    usage, months = rng.gamma(2.0, 50.0, _ROWS), rng.integers(0, 72, _ROWS)
    leaves = usage / 40 - months / 18 + rng.logistic(0, 0.3, _ROWS) > _USAGE / 40 - 2
    rows = [f"{usage[i]:.2f},{months[i]},{'yes' if leaves[i] else 'no'}" for i in range(_ROWS)]
    return "\n".join(["usage,months,leaves", *rows, ""]).encode()


def _system(keys: str, files: dict[str, bytes] | None = None) -> dict[str, bytes]:
    text = f"""[system]
name = "churn"
stage = "operation"

[[dataset]]
name = "train"
role = "train"
path = "train.csv"
label = "leaves"

[[feedback]]
name = "button"
into = "train"
{keys}
"""
    return {"redan.toml": text.encode(), "train.csv": _training(), **(files or {})}


def vectors() -> tuple[Vector, ...]:
    """Bad systems and their repaired twins."""
    known = 'authenticated = true\ncapped = true\ncap = 6\nvetted = true\npath = "said.csv"'
    columns = f'{known}\ncontributor = "who"\nreviewer = "reviewer"'
    open_ = columns.replace("capped = true\ncap = 6\n", "")

    def case(check: str, name: str, outcome: Outcome, keys: str, said: bytes | None = None) -> Vector:
        note = {_CAPPED: _COUNTED, _VETTED: _LOOKED, _FEW: _WORK}[check]
        files = _system(keys, None if said is None else {"said.csv": said})
        return Vector(name=name, files=files, check=check, expect=outcome, subject="feedback:button", note=note)

    return (
        case(_CAPPED, "anybody, as often as they like", Outcome.BROKEN, ""),
        case(_CAPPED, "one voice gave fifty entries", Outcome.BROKEN, columns, _entries(loud=50)),
        case(_CAPPED, "some entries have no author", Outcome.BROKEN, columns, _entries(unnamed=3)),
        case(_CAPPED, "every author is known and below the cap", Outcome.HOLDS, columns, _entries()),
        case(_CAPPED, "only declared", Outcome.HOLDS, "authenticated = true\ncap = 6"),
        case(_CAPPED, "no column of authors", Outcome.NOT_RUN, known, _entries()),
        case(_VETTED, "nobody reviews it", Outcome.BROKEN, ""),
        case(_VETTED, "a tenth was not reviewed", Outcome.BROKEN, columns, _entries(unread=16)),
        case(_VETTED, "authors reviewed their own", Outcome.BROKEN, columns, _entries(own=5)),
        case(_VETTED, "somebody else reviewed every entry", Outcome.HOLDS, columns, _entries()),
        case(_VETTED, "no column of reviewers", Outcome.NOT_RUN, known, _entries()),
        case(_FEW, "no cap: three voices move the model", Outcome.BROKEN, open_, _entries()),
        case(_FEW, "a cap of one entry", Outcome.HOLDS, "authenticated = true\ncap = 1"),
        case(_FEW, "a cap of a hundred entries", Outcome.BROKEN, "authenticated = true\ncap = 100"),
    )
