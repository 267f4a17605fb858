"""Rules as a constraints file, that reads back to the same rules."""

from collections.abc import Sequence

import tomlkit
from tomlkit.items import Table

from redan.attacks.tables.rules import Rules
from redan.errors import escaped


def written(rules: Rules, notes: Sequence[str] = ()) -> str:
    """The text of a constraints file.

    Args:
        rules: to be written; what is left at its default is left out.
        notes: lines for whoever reads it, written as comments at its head.
    """
    document = tomlkit.document()
    for note in notes:
        document.add(tomlkit.comment(escaped(note)))
    if rules.others != "refuse":
        document["others"] = rules.others
    columns = tomlkit.table(is_super_table=True)
    for name, column in rules.columns.items():
        columns.add(name, _table(column.model_dump(exclude_defaults=True)))
    if rules.columns:
        document.add("columns", columns)
    for key, records in (("one_hot", rules.one_hot), ("linear", rules.linear), ("ratio", rules.ratio)):
        if records:
            found = tomlkit.aot()
            for record in records:
                found.append(_table(record.model_dump(exclude_defaults=True)))
            document.add(key, found)
    return tomlkit.dumps(document)


def _table(values: dict[str, object]) -> Table:
    found = tomlkit.table()
    for key, value in values.items():
        if isinstance(value, dict):
            inline = tomlkit.inline_table()
            inline.update(value)
            found.add(key, inline)
        else:
            found.add(key, list(value) if isinstance(value, tuple) else value)
    return found
