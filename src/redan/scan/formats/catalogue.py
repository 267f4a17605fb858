"""The formats of this folder, in the order in which they name a file; fallbacks come last."""

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

FORMATS: tuple[Format, ...] = (
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
