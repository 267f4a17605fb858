"""Every format that is read, one line each; the first that is recognised and refines others names the file."""

from redan.scan.contract import Format

FORMATS: tuple[Format, ...] = ()
