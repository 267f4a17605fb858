"""A naive twin of the content digest: plain Python over plain values, written from docs/spec/content.md alone."""

import datetime as dt
import decimal
import hashlib
import json
import math
import struct

import numpy as np

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def cell(value):  # noqa: PLR0911 - one line per rule
    """The canonical bytes of one typed value."""
    if value is None or (isinstance(value, (float, np.floating)) and math.isnan(value)) or value == "":
        return b"\x00"
    if isinstance(value, (bool, np.bool_)):
        return b"\x03" + bytes([bool(value)])
    if isinstance(value, np.float32):
        return number(float(str(value)))
    if isinstance(value, (int, np.integer)):
        return number(float(value)) if abs(int(value)) <= 1 << 53 else text(str(value))
    if isinstance(value, (float, np.floating)):
        return number(float(value))
    if isinstance(value, decimal.Decimal):
        plain = format(value.normalize(), "f")
        digits = plain.replace(".", "").replace("-", "").strip("0")
        whole = "." not in plain
        short = abs(int(value)) <= 1 << 53 if whole else len(digits) <= 15
        return number(float(plain)) if short else text(plain)
    if isinstance(value, dt.datetime):
        at = value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return b"\x04" + struct.pack(">qH", (at - EPOCH) // dt.timedelta(microseconds=1), 0)
    if isinstance(value, dt.date):
        return cell(dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC))
    if isinstance(value, bytes):
        return b"\x05" + struct.pack(">I", len(value)) + value
    return text(value)


def number(value):
    """A double; -0.0 is 0.0."""
    return b"\x01" + struct.pack(">d", value + 0.0)


def text(value):
    """UTF-8 with its length."""
    raw = value.encode()
    return b"\x02" + struct.pack(">I", len(raw)) + raw


def content(columns):
    """Ordered and unordered digest of columns of values, by name."""
    names = sorted(columns)
    rows = list(zip(*(columns[name] for name in names), strict=True))
    digests = [hashlib.sha256(b"".join(cell(value) for value in row)).digest() for row in rows]
    found = []
    for order, parts in (("given", digests), ("sorted", sorted(digests))):
        head = {"columns": names, "order": order, "rows": len(rows)}
        line = json.dumps(head, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        found.append(hashlib.sha256(b"redan content v1\n" + line + b"\n" + b"".join(parts)).hexdigest())
    return tuple(found)
