"""Registers and signed rows that several tests use."""

import datetime as dt

import pyarrow as pa

from redan.defences.contribution import sign_rows
from redan.measures.participants import parse_register
from redan.seal.keys import generate

COLUMNS = {"at": "time", "speed": "number", "road": "text", "icy": "text"}


def signers(*names, kinds=("ed25519", "p256")):
    return {name: generate(kinds[i % len(kinds)]) for i, name in enumerate(names)}


def register_text(keys, more="", columns=COLUMNS, context="acme/roads"):
    head = "".join(f'{name} = "{kind}"\n' for name, kind in columns.items())
    people = "".join(f'[[participant]]\nid = "{name}"\nkey = """{key.public.pem}"""\n' for name, key in keys.items())
    return f'context = "{context}"\n[columns]\n{head}{people}{more}'


def register(keys, more="", **changes):
    return parse_register(register_text(keys, more, **changes).encode(), where="people.toml")


def observed(count, start=0):
    times = [
        dt.datetime(2026, 3, 1, tzinfo=dt.UTC).replace(tzinfo=None) + dt.timedelta(hours=start + i)
        for i in range(count)
    ]
    return pa.table(
        {
            "at": pa.array(times, pa.timestamp("us")),
            "speed": [40.5 + i for i in range(count)],
            "road": [f"0{i}" if i % 2 else f"A{i}" for i in range(count)],
            "icy": ["yes" if i % 3 else "no" for i in range(count)],
        }
    )


def signed(keys, known, count=6):
    """Rows of every participant as dictionaries, with `who` and `sig`."""
    rows = []
    for place, (name, key) in enumerate(keys.items()):
        frame = observed(count, 100 * place)
        for row, signature in zip(frame.to_pylist(), sign_rows(frame, known, name, key), strict=True):
            rows.append({**row, "who": name, "sig": signature})
    return rows
