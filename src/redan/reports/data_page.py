"""The page of a `redan data` verb: its findings with their pictures, self-contained, and no row of data."""

from collections.abc import Iterable

from redan.findings import Finding


def render(title: str, files: Iterable[str], findings: Iterable[Finding]) -> bytes:
    """The page, as UTF-8; everything that comes from the data or the user is escaped.

    Args:
        title: the command.
        files: names of the files that were looked at.
        findings: with pictures in their detail.
    """
    raise NotImplementedError(title, files, findings)
