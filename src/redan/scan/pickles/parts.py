"""Pickles with raw bytes between them: the members of tars that torch wrote before 0.1.10.

Source: torch/serialization.py, `legacy_load`.
"""

from collections.abc import Iterator
from dataclasses import replace

from redan.scan.contract import Context
from redan.scan.pickles import streams
from redan.scan.pickles.legacy import ELEMENT_BYTES
from redan.scan.pickles.machine import Machine, tuple_of
from redan.scan.pickles.values import Name
from redan.scan.pickles.walk import walk
from redan.scan.records import Detection
from redan.scan.region import Region

_MOST = 1 << 20


def read(region: Region, context: Context) -> Iterator[Detection]:
    """Everything that the streams of a file or member would do."""
    inner = replace(context, hint="torch-tar")
    if context.hint == "torch-pickle":
        yield from streams.read(region, inner)
    elif context.hint in {"torch-storages", "torch-tensors"}:
        yield from _counted(region, inner, tensors=context.hint == "torch-tensors")
    else:
        yield from streams.read(region, context)


def _counted(region: Region, context: Context, *, tensors: bool) -> Iterator[Detection]:
    """A count, then as many pickles, each with raw bytes behind it; storages have a list of views at the end."""
    machine = walk(region, 0, context, joblib=False)
    yield from streams.told(machine, region, context)
    position, count = machine.cursor.position, machine.result
    if not machine.stopped or not isinstance(count, int) or not 0 <= count <= _MOST:
        yield streams.trailing(region, position, context)
        return
    for _ in range(count):
        machine = walk(region, position, context, joblib=False)
        yield from streams.told(machine, region, context)
        end = _behind(region, machine, tensors=tensors)
        if end is None:
            yield streams.trailing(region, machine.cursor.position, context)
            return
        position = end
    if not tensors:
        machine = walk(region, position, context, joblib=False)
        yield from streams.told(machine, region, context)
        position = machine.cursor.position
    if position < region.size:
        yield streams.trailing(region, position, context)


def _behind(region: Region, machine: Machine, *, tensors: bool) -> int | None:
    """Where the raw bytes behind a pickle end; None when that cannot be told."""
    position = machine.cursor.position
    if not machine.stopped:
        return None
    if tensors:
        sides = int.from_bytes(region.read(position, 4), "little", signed=True)
        end = position + 8 + 16 * sides + 8
        return end if sides >= 0 and end <= region.size else None
    parts = tuple_of(machine.result)
    kind = parts[2] if parts and len(parts) > len(("key", "location")) else None
    width = ELEMENT_BYTES.get(kind.name) if isinstance(kind, Name) else None
    count = int.from_bytes(region.read(position, 8), "little", signed=True)
    end = position + 8 + (width or 0) * count
    return end if width is not None and count >= 0 and end <= region.size else None
