"""PyTorch files from before 1.6: five pickles and the raw storages behind them.

Source: torch/serialization.py, `_legacy_save` and `_legacy_load`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from redan.scan.contract import Context
from redan.scan.pickles.streams import ends_of, told, trailing
from redan.scan.pickles.values import Bag, Value
from redan.scan.pickles.walk import walk
from redan.scan.records import Detection, ScanVerdict
from redan.scan.region import Region

_STREAMS = 5  # magic number, protocol, system, object, keys of its storages
ELEMENT_BYTES: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("ByteStorage", "CharStorage", "BoolStorage", "UntypedStorage"), 1),
        **dict.fromkeys(("QInt8Storage", "QUInt8Storage", "QUInt4x2Storage", "QUInt2x4Storage"), 1),
        **dict.fromkeys(("Float8_e5m2Storage", "Float8_e4m3fnStorage"), 1),
        **dict.fromkeys(("HalfStorage", "BFloat16Storage", "ShortStorage"), 2),
        **dict.fromkeys(("FloatStorage", "IntStorage", "QInt32Storage"), 4),
        **dict.fromkeys(("DoubleStorage", "LongStorage", "ComplexFloatStorage"), 8),
        "ComplexDoubleStorage": 16,
    }
)


def read(region: Region, context: Context) -> Iterator[Detection]:
    """Everything that the five streams would do; the storages are passed over by the sizes that they state."""
    inner = replace(context, hint="torch")
    position = 0
    storages: dict[str, tuple[str, int]] = {}
    result: Value = None
    for _ in range(_STREAMS):
        machine = walk(region, position, inner, joblib=False)
        yield from told(machine, region, inner)
        if not machine.stopped:
            return
        position, result = machine.cursor.position, machine.result
        if len(ends_of(machine)) > 1:
            return
        storages.update(machine.seen.storages)
    if not isinstance(result, Bag) or not result.whole:
        yield _broken(position, context, "The file does not list its storages.")
        return
    for key in result.items:
        kind, count = storages.get(str(key), ("", 0))
        end = _behind(region, position, kind, count)
        if end is None:
            yield _broken(position, context, "A storage is not as long as the tensors say.")
            return
        position = end
    if position < region.size:
        yield trailing(region, position, context)


def _behind(region: Region, position: int, kind: str, count: int) -> int | None:
    """Where a storage ends; None when it does not fit what the tensors say."""
    width = ELEMENT_BYTES.get(kind)
    stated = int.from_bytes(region.read(position, 8), "little", signed=True)
    if width is None or stated != count or stated < 0:
        return None
    end = position + 8 + width * stated
    return end if end <= region.size else None


def _broken(offset: int, context: Context, what: str) -> Detection:
    return Detection(
        rule="unread-storages",
        verdict=ScanVerdict.NOT_UNDERSTOOD,
        what=what,
        member=context.place,
        offset=offset,
        reference="CWE-20",
        remedy="Save it again with a current version of torch, or as safetensors.",
    )
