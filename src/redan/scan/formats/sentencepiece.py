"""SentencePiece tokenisers and the fingerprint of TensorFlow models: small protobufs that hold texts and numbers only.

Sources: `sentencepiece_model.proto`; `fingerprint.proto` of TensorFlow 2.21. Checked to the level where values begin.
"""

from collections.abc import Iterator

from redan.scan.contract import Context, Format
from redan.scan.formats.protobuf import ProtoError, Wire, looks_like, shape
from redan.scan.records import Detection
from redan.scan.region import Region
from redan.scan.say import Voice

_MODEL = shape(f1="b*", f2="b", f3="b", f4="b", f5="b")
_PIECE = shape(f1="b", f2="f", f3="v")
_FINGERPRINT = shape(f1="v", f2="v", f3="v", f4="v", f5="v", f6="b", f7="b")
_FINGERPRINT_BYTES = 400


def recognise(region: Region, name: str) -> bool:  # noqa: ARG001 -- content decides, as Format asks
    """Whether the first level has pieces, a trainer and a normaliser, and the first piece a text and a score."""
    if not looks_like(region, _MODEL, frozenset({1})):
        return False
    first = next(Wire(region, None).fields(0, region.size))
    return first.number == 1 and looks_like(region.window(first.start, first.size), _PIECE, frozenset({1, 2}))


def read(region: Region, context: Context) -> Iterator[Detection]:
    """Detections of a tokeniser: none when it consists of pieces and settings."""
    try:
        wire = Wire(region, context.budget)
        for piece in wire.message(0, wire.size, _MODEL).get(1, []):
            wire.message(piece.start, piece.size, _PIECE)
    except ProtoError as error:
        yield Voice(context.place).unclear("sentencepiece-structure", f"The file is no tokeniser: {error}.")


def recognise_fingerprint(region: Region, name: str) -> bool:  # noqa: ARG001 -- content decides, as Format asks
    """Whether the whole of a small file is five checksums, an identifier and a version."""
    return region.size <= _FINGERPRINT_BYTES and looks_like(region, _FINGERPRINT, frozenset({1, 2, 3, 4}))


def read_fingerprint(region: Region, context: Context) -> Iterator[Detection]:
    """Detections of a fingerprint: none when its shape is right."""
    try:
        Wire(region, context.budget).message(0, region.size, _FINGERPRINT)
    except ProtoError as error:
        yield Voice(context.place).unclear("tf-fingerprint", f"The file is no fingerprint: {error}.")


FORMATS = (
    Format(name="sentencepiece", recognise=recognise, read=read),
    Format(name="tf-fingerprint", recognise=recognise_fingerprint, read=read_fingerprint),
)
