"""What an attack on pseudonyms says about a column, as a finding."""

from collections.abc import Iterable
from dataclasses import replace

from redan.canon import Json
from redan.findings import Finding, Measure, Remedy, broken, holds, not_run
from redan.findings.pictures import Shares, pictured
from redan.measures.enumeration.attack import POWER, Attack
from redan.measures.personal.headers import hinted
from redan.measures.personal.kinds import Kind
from redan.measures.personal.scan import RECOGNISERS
from redan.terms import Level

FEWEST = 20  # distinct pseudonyms; the power with fewer is told, but no verdict
_SHOWN = 30
_REPLACE = Remedy(
    text="Make the pseudonyms again from the originals with a key that is kept elsewhere, delete the hashed copies, "
    "and treat who could read them as having read the originals.",
    command="redan data pseudonymise DATA --column COLUMN=token --key pseudonyms.json -o SAFE",
    effort=Level.MEDIUM,
)
_MORE = Remedy(text="Give more rows, or the table that the pseudonyms were made from.", effort=Level.LOW)


def judged(check: str, subject: str, column: str, found: Attack) -> Finding:
    """The finding about one column of pseudonyms.

    Args:
        check: id of the check that asks.
        subject: element id or file.
        column: its name; it may say what the pseudonyms stand for.
        found: what trying came to.

    Returns:
        Broken when values were found by trying; not-run when there are too few pseudonyms, or when the header names a
        kind of value that could not be tried with enough power.
    """
    if found.how is not None:
        text = (
            f"Column {column!r}: {found.hits:,} of {found.n:,} pseudonyms were found by trying {_tried(found)}: "
            f"{found.how}."
        )
        return _drawn(broken(check, subject, text, _REPLACE, part=column, measure=_measure(found)), found)
    if found.n < FEWEST:
        text = f"Column {column!r} has {found.n} different pseudonyms, too few to tell whether they resist."
        return not_run(check, subject, text, remedy=_MORE, part=column)
    if found.form is None:
        text = (
            f"Column {column!r}: {found.n:,} pseudonyms are no digests, nor values that stand in the clear elsewhere."
        )
        return _drawn(holds(check, subject, text, part=column, measure=_measure(found)), found)
    unreached = [r.domain for r in found.reach if r.power < POWER]
    lacking = _lacking(column, found)
    if lacking:
        text = (
            f"Column {column!r} is called a {lacking}; of those, too few could be tried to find a plain hash among "
            f"{found.n:,} pseudonyms with a probability of {POWER:.0%}."
        )
        return _drawn(not_run(check, subject, text, remedy=_MORE, part=column), found)
    reached = len(found.reach) - len(unreached)
    text = (
        f"Column {column!r}: none of {found.n:,} pseudonyms was found by trying {_tried(found)}; plain hashes of any "
        f"of {reached} kinds of numbers would have been, with a probability of {POWER:.0%} at least. Names, and "
        "numbers that cannot be counted up, were not tried."
    )
    return _drawn(holds(check, subject, text, part=column, measure=_measure(found)), found)


def _tried(found: Attack) -> str:
    return f"{found.tried:,} values" if found.tried else "values that stand elsewhere"


def _lacking(column: str, found: Attack) -> Kind | None:
    """The kind that the header names, when an attack on it had no power in any of its domains, or was not made."""
    for kind in _kinds(column):
        powers = [r.power for r in found.reach if r.kind is kind]
        if not powers or min(powers) < POWER:
            return kind
    return None


def _kinds(column: str) -> Iterable[Kind]:
    numbers = (Kind.IMSI, Kind.IMEI, Kind.ICCID, Kind.PHONE, Kind.IP)
    return (k for k in numbers if any(hinted(column, r.hints) for r in RECOGNISERS if r.kind is k))


def _measure(found: Attack) -> Measure:
    return Measure(
        name="pseudonyms_found",
        value=found.hits / found.n if found.n else 0.0,
        interval=found.interval,
        n=found.n,
        threshold=0.0,
        unit="share",
    )


def _drawn(finding: Finding, found: Attack) -> Finding:
    shown = found.reach[-_SHOWN:]
    detail: dict[str, Json] = {
        "tried": found.tried,
        "form": found.form.encoding if found.form else None,
        "digits": found.form.digits if found.form else None,
        "reach": [{"domain": r.domain, "tried": r.tried, "power": round(r.power, 4)} for r in found.reach],
    }
    if shown:
        picture = Shares(
            title=f"{finding.part}: power of the attack, by what the pseudonyms might stand for",
            names=tuple(r.domain for r in shown),
            values=tuple(r.power for r in shown),
            expected=POWER,
            flagged=tuple(r.domain for r in shown[-1:]) if found.how else (),
        )
        detail.update(pictured([picture]))
    return replace(finding, detail=detail)
