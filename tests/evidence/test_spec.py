"""The specification says what the code does."""

from pathlib import Path

import pytest

from redan.evidence import predicates
from redan.evidence.form import Pack
from redan.evidence.ledger_entries import TYPES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "spec" / "evidence.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("uri", [predicates.POLICY, predicates.CONTROL, predicates.RUN, predicates.TEST_RESULT])
def test_every_type_is_specified(uri):
    """The type URIs of the page are those of the code."""
    assert f"`{uri}`" in PAGE


@pytest.mark.parametrize(
    "model", [predicates.Registration, predicates.Control, predicates.Answer, predicates.Measured, predicates.Run]
)
def test_every_field_is_specified(model):
    """Each field stands on the page under the name that is signed."""
    missing = [field.alias for field in model.model_fields.values() if f"`{field.alias}`" not in PAGE]
    assert missing == []


def test_the_pack_and_the_ledger_entries_are_specified():
    """The form of the pack and the types of entries are those of the code."""
    assert all(f'"{field.alias or name}"' in PAGE for name, field in Pack.model_fields.items())
    assert all(f"| `{kind}` |" in PAGE for kind in TYPES)
