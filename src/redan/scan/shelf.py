"""Every format that is read, one line each; the first that is recognised and refines others names the file."""

from redan.scan.contract import Format
from redan.scan.formats import (
    boosters,
    config,
    containers,
    gguf,
    onnx,
    plain,
    pmml,
    safetensors,
    saved_model,
    sentencepiece,
    skops_schema,
)
from redan.scan.formats.hdf5 import reader as hdf5
from redan.scan.pickles import legacy, streams

FORMATS: tuple[Format, ...] = (
    Format(name="pickle", recognise=streams.recognise, read=streams.read),
    Format(name="pytorch-legacy", recognise=streams.is_legacy_torch, read=legacy.read),
    safetensors.FORMAT,
    gguf.FORMAT,
    hdf5.FORMAT,
    onnx.FORMAT,
    *saved_model.FORMATS,
    *sentencepiece.FORMATS,
    skops_schema.FORMAT,
    *boosters.FORMATS,
    pmml.FORMAT,
    *containers.FORMATS,
    config.FORMAT,
    plain.FORMAT,
)
