"""Every format that is read, one line each; the first that is recognised and refines others names the file."""

from redan.scan import npy, torchscript
from redan.scan.archives import compressed, tars, zips
from redan.scan.contract import Format
from redan.scan.formats import catalogue
from redan.scan.pickles import legacy, parts, streams

FORMATS: tuple[Format, ...] = (
    Format(name="pickle", recognise=streams.recognise, read=parts.read),
    Format(name="pytorch-legacy", recognise=streams.is_legacy_torch, read=legacy.read),
    Format(name="npy", recognise=npy.is_npy, read=npy.read),
    *zips.ZIPS,
    Format(name="tar", recognise=tars.is_tar, read=tars.read),
    Format(name="pytorch-tar", recognise=tars.is_torch_tar, read=tars.nothing_more, refines="tar"),
    *compressed.COMPRESSED,
    Format(name="torchscript-code", recognise=torchscript.is_code, read=torchscript.read),
    *catalogue.FORMATS,
)
