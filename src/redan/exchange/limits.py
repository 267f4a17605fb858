"""How large a question may be; every bound is checked before the memory that it bounds is used."""

from typing import NamedTuple


class Limits(NamedTuple):
    """Bounds of one message.

    Args:
        body: bytes.
        inputs: tensors.
        elements: numbers of all tensors together.
        rank: axes of one tensor.
        text: bytes of one element of BYTES, and of one name.
        finite: whether infinities and NaN are refused.
    """

    body: int = 4 << 20
    inputs: int = 64
    elements: int = 1 << 20
    rank: int = 8
    text: int = 1 << 16
    finite: bool = True
