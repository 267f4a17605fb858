"""How the readers speak: detections of one member, with names from the file shortened and escaped."""

from dataclasses import dataclass

from redan.errors import escaped
from redan.scan.records import Detection, ScanVerdict

_SHOWN = 60


def shown(text: str, limit: int = _SHOWN) -> str:
    """A name from a hostile file as a message may carry it: one line, printable, at most `limit` characters."""
    cut = text[:limit]
    line = escaped(cut)
    return f"{line}..." if len(text) > limit else line


def words(text: str) -> frozenset[str]:
    """The words of a text: how long lists of names are written down."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Voice:
    """Detections of one member.

    Args:
        place: of the member, as its context gives it.
    """

    place: str

    def bad(
        self, rule: str, what: str, *, offset: int | None = None, reference: str = "", remedy: str = ""
    ) -> Detection:
        """Something that can run code, read or write files, or is built to mislead."""
        return Detection(
            rule=rule,
            verdict=ScanVerdict.MALICIOUS,
            what=what,
            member=self.place,
            offset=offset,
            reference=reference,
            remedy=remedy,
        )

    def unclear(
        self, rule: str, what: str, *, offset: int | None = None, reference: str = "", remedy: str = ""
    ) -> Detection:
        """Something that nobody here understood, or whose effect depends on what else is installed."""
        return Detection(
            rule=rule,
            verdict=ScanVerdict.NOT_UNDERSTOOD,
            what=what,
            member=self.place,
            offset=offset,
            reference=reference,
            remedy=remedy,
        )
