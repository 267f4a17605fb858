"""Every format that is read, one line each; the first that is recognised and refines others names the file."""

from redan.scan.contract import Format
from redan.scan.pickles import legacy, streams

FORMATS: tuple[Format, ...] = (
    Format(name="pickle", recognise=streams.recognise, read=streams.read),
    Format(name="pytorch-legacy", recognise=streams.is_legacy_torch, read=legacy.read),
)
