"""Permissions of the files behind an element."""

from dataclasses import dataclass

from redan.canon import digest_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FileModes:
    """POSIX permission bits of an element's files.

    Args:
        element: element id.
        modes: (path as `redan.toml` gives it, permission bits such as 0o640), in order.
    """

    element: str
    modes: tuple[tuple[str, int], ...]

    @property
    def digest(self) -> str:
        """SHA-256 over the names and modes."""
        return digest_of([[name, mode] for name, mode in self.modes])
