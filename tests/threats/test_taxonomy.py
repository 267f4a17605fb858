"""Every id that the product refers to exists in the pinned taxonomies, and the pinned data is what the script makes."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

from redan.controls.catalogue import load
from redan.threats.taxonomy import ALIASES, FILES, bare, entries, resolve

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "src" / "redan" / "threats" / "taxonomy"
SHARED = ROOT.parent / "shared" / "taxonomies"
KNOWN = entries()


def _script():
    spec = importlib.util.spec_from_file_location("pin_taxonomies", ROOT / "tools" / "pin_taxonomies.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("control", load().values(), ids=lambda control: control.id)
def test_every_id_of_a_control_is_pinned(control):
    """Each row of a control's crosswalk names an id of the pinned data."""
    assert control.crosswalk
    assert [row.id for row in control.crosswalk if row.id not in KNOWN] == []


def test_every_id_of_the_package_is_pinned_and_no_other():
    """The pinned ids are exactly those that a TOML file of the package names."""
    assert set(KNOWN) == _script().referenced()


def test_pinned_data_is_what_the_script_makes():
    """The committed files equal what tools/pin_taxonomies.py makes from the full lists."""
    if not SHARED.exists():
        pytest.skip("needs ../shared/taxonomies")
    script = _script()
    made = script.build(SHARED, script.referenced())
    assert {name: (DATA / name).read_text(encoding="utf-8") for name in made} == made
    assert set(made) == {*FILES, ALIASES}


def test_an_id_of_no_list_is_not_pinned():
    """The script cannot make an entry for an id that the full lists do not have."""
    if not SHARED.exists():
        pytest.skip("needs ../shared/taxonomies")
    made = _script().build(SHARED, {"AML.T9999@5.6.0", "AISVS-C1.1.6@1.0", "ML11:2023", "AML.T0020@5.6.0"})
    ids = [row["id"] for text in made.values() for row in json.loads(text).get("entries", [])]
    assert ids == ["AML.T0020@5.6.0"]


def test_every_file_states_source_edition_and_licence():
    """No entry is without its source, edition and licence."""
    for entry in KNOWN.values():
        assert entry.source
        assert entry.edition
        assert entry.licence
        edition = re.split(r"[@:]", entry.id)
        assert entry.edition.startswith(edition[1]) if len(edition) == 2 else entry.id.startswith("NISTAML.")


def test_share_alike_text_and_unverified_titles_are_not_carried():
    """AISVS and NIST entries are ids only; OWASP ML entries are ids and titles only."""
    for entry in KNOWN.values():
        if entry.id.startswith(("AISVS", "NISTAML")):
            assert entry.name is None
        else:
            assert entry.name
            assert len(entry.name) < 80
    for name in FILES:
        keys = {key for row in json.loads((DATA / name).read_text(encoding="utf-8"))["entries"] for key in row}
        assert keys <= {"id", "name", "maturity", "case_studies"}


def test_techniques_carry_maturity_and_cases():
    """Every ATLAS technique has what the likelihood weighs: maturity and number of cases."""
    evasion = KNOWN["AML.T0015@5.6.0"]
    assert (evasion.maturity, evasion.case_studies) == ("realized", 17)
    for entry in KNOWN.values():
        assert (entry.maturity is not None) == entry.id.startswith("AML.T")
        assert (entry.case_studies is not None) == entry.id.startswith("AML.T")


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("AML.T0020@5.6.0", "AML.T0020@5.6.0"),
        (" aml.t0020 ", "AML.T0020@5.6.0"),
        ("ml02", "ML02:2023"),
        ("ML02:2023", "ML02:2023"),
        ("nistaml.013", "NISTAML.013"),
        ("aisvs-c1.1.2", "AISVS-C1.1.2@1.0"),
        ("aix.rate-limit", "AIX.RATE-LIMIT@2026-08-22"),
        ("AML.T0115.000", "AML.T0019@5.6.0"),
    ],
)
def test_an_id_resolves_as_people_write_it(text, id_):
    """Case, edition and later name do not matter."""
    assert resolve(text, KNOWN).id == id_


@pytest.mark.parametrize("text", ["", "AML", "AML.T0020@2026.09", "ML02:2021", "AML.T9999", "AML.T0020@"])
def test_an_unknown_id_or_edition_is_not_guessed(text):
    """What is not pinned resolves to nothing, an edition that is not pinned included."""
    assert resolve(text, KNOWN) is None


def test_retired_ids_know_their_later_name():
    """ATLAS 2026.07 moved T0019; the entry says where to."""
    assert KNOWN["AML.T0019@5.6.0"].later == "AML.T0115.000"
    assert KNOWN["AML.T0020@5.6.0"].later is None
    assert json.loads((DATA / ALIASES).read_text())["retired"]["AML.T0104"] == "AML.T0115.002"


def test_bare_ids_are_unique():
    """Leaving out the edition never makes two ids the same."""
    assert len({bare(id_) for id_ in KNOWN}) == len(KNOWN)
