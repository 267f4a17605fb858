"""The Croissant card is one that the format's own library validates and loads, and the datasheet has seven sections."""

import datetime as dt
import hashlib
import json
import logging

import pytest

from redan.measures.profile import profile
from redan.reports import croissant, datasheet
from redan.reports.dataset_facts import DatasetFacts, personal_columns
from redan.system.read import read
from redan.tables import open_table

ROWS = "id,age,day,member,spent\n1,30,2020-01-01,Yes,1.5\n2,,2020-01-02,No,\n3,41,,Yes,2.25\n"
BARE = '[system]\nname = "shop"\n[[dataset]]\nname = "train"\nrole = "train"\npath = "data/train.csv"\n'
FULL = """
[system]
name = "shop"
owner = "Ann"

[[source]]
name = "survey"
kind = "public"
host = "Example University"
contributors = "1,200 volunteers"
collection = "web survey"
terms = "https://spdx.org/licenses/CC-BY-4.0"
url = "https://example.org/survey"

[[dataset]]
name = "train"
role = "train"
path = "data/train.csv"
sources = ["survey"]
identifiers = ["id"]
sensitive = ["age"]
purpose = "Predict spending."
collected = 2024-05-01
retention = "18 months"

[[model]]
name = "spend"
trained_on = ["train"]
"""


def facts_of(folder, text, rows=ROWS):
    (folder / "data").mkdir()
    path = folder / "data" / "train.csv"
    path.write_text(rows)
    (folder / "redan.toml").write_text(text)
    system = read(folder)
    dataset = system.datasets[0]
    found = profile(open_table(path), personal_columns(dataset))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return DatasetFacts(system=system, dataset=dataset, profile=found, sha256=digest, size=path.stat().st_size)


def test_card_has_what_the_format_requires(tmp_path):
    """All required fields are there, the digest has 64 hex digits, and nothing is unstated."""
    card = croissant.card(facts_of(tmp_path, FULL), dt.date(2025, 1, 2))
    assert croissant.unstated(card) == ()
    assert card["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert card["datePublished"] == "2025-01-02"
    assert card["creator"] == {"@type": "sc:Organization", "name": "1,200 volunteers"}
    file = card["distribution"][0]
    assert len(file["sha256"]) == 64
    assert file["encodingFormat"] == "text/csv"
    assert file["contentSize"] == f"{len(ROWS)} B"
    assert card["rai:personalSensitiveInformation"] == ["id", "age"]


def test_nothing_is_invented(tmp_path):
    """Fields that nobody stated are absent and named."""
    card = croissant.card(facts_of(tmp_path, BARE))
    assert croissant.unstated(card) == ("license", "url", "creator", "datePublished")
    assert not {"license", "url", "creator", "publisher", "dateCreated"} & set(card)


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # rdflib, inside the peer
@pytest.mark.parametrize("text", [BARE, FULL])
def test_the_formats_own_library_accepts_the_card(tmp_path, text, caplog):
    """mlcroissant finds no error, reads the same metadata, and loads the rows through the card."""
    peer = pytest.importorskip("mlcroissant", reason="needs mlcroissant")
    caplog.set_level(logging.CRITICAL)
    facts = facts_of(tmp_path, text)
    (tmp_path / "card.json").write_bytes(croissant.render(facts, dt.date(2025, 1, 2)))
    dataset = peer.Dataset(jsonld=str(tmp_path / "card.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert dataset.metadata.name == "train"
    assert dataset.metadata.distribution[0].sha256 == facts.sha256
    rows = list(dataset.records("train-rows"))
    assert [row["train-rows/id"] for row in rows] == [1, 2, 3]
    assert [row["train-rows/member"] for row in rows] == [b"Yes", b"No", b"Yes"]
    assert rows[1]["train-rows/age"] is None


def test_card_and_datasheet_hold_no_bounds_of_personal_columns(tmp_path):
    """The identifier and the sensitive age show counts, not values."""
    facts = facts_of(tmp_path, FULL)
    sheet = datasheet.render(facts).decode()
    assert "| id | int | 0 | 3 | personal | personal |" in sheet
    assert "| age | int | 1 | 2 | personal | personal |" in sheet
    assert "| spent | float | 1 | 2 | 1.5 | 2.25 |" in sheet
    assert "30" not in json.dumps(croissant.card(facts)["recordSet"])


def test_datasheet_has_the_seven_sections_and_says_what_is_not_stated(tmp_path):
    """Sections stand in the paper's order; an unanswered question says so, an answered one does not."""
    sheet = datasheet.render(facts_of(tmp_path, FULL)).decode()
    heads = [line[3:] for line in sheet.splitlines() if line.startswith("## ")]
    assert heads == list(datasheet.SECTIONS)
    assert "**Who funded it?** not stated" in sheet
    assert "**For what purpose was the dataset created?** Predict spending." in sheet
    assert "**How long is it kept?** 18 months" in sheet
    assert "**Which models were trained on it?** spend" in sheet


def test_hostile_column_names_stay_in_their_cell(tmp_path):
    """Pipes, tags and line breaks in a header neither break the table nor become HTML."""
    rows = '"a|b","<script>x</script>","two\nlines"\n1,2,3\n4,5,6\n'
    sheet = datasheet.render(facts_of(tmp_path, BARE, rows)).decode()
    assert "<script>" not in sheet
    table = [line for line in sheet.splitlines() if line.startswith("| ")]
    assert len(table) == 4
    assert all(line.replace("\\|", "").count("|") == 7 for line in table)


def test_two_sources_are_both_named(tmp_path):
    """Terms of two sources are a list in the card and stand side by side in the datasheet."""
    more = '[[source]]\nname = "forum"\nkind = "crowd"\nterms = "forum rules"\n'
    facts = facts_of(tmp_path, FULL.replace('sources = ["survey"]', 'sources = ["survey", "forum"]') + more)
    assert croissant.card(facts)["license"] == ["https://spdx.org/licenses/CC-BY-4.0", "forum rules"]
    assert "forum: not stated" in datasheet.render(facts).decode()


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # rdflib, inside the peer
@pytest.mark.parametrize(
    "header",
    [
        '"a b",c',
        "a/b,c",
        '"a|b","<script>x</script>"',
        '"two\nlines",b',
        '"q""uote",b',
        "Ünï,日本",
        "@id,@type",
        '"http://x y",b',
        '"a#b","c?d"',
        '"a%20b",b',
        '"{x}",_:b',
        '"train-rows",b',
        '"a b","a_b"',
    ],
)
def test_hostile_names_give_a_card_that_loads(tmp_path, header, caplog):
    """Whatever a column is called, the format's own library finds no error, its ids differ and its rows load."""
    peer = pytest.importorskip("mlcroissant", reason="needs mlcroissant")
    caplog.set_level(logging.CRITICAL)
    facts = facts_of(tmp_path, BARE, f"{header}\n1,2\n3,4\n")
    (tmp_path / "card.json").write_bytes(croissant.render(facts, dt.date(2025, 1, 2)))
    dataset = peer.Dataset(jsonld=str(tmp_path / "card.json"))
    assert not dataset.metadata.ctx.issues.errors
    rows = [list(row.values()) for row in dataset.records("train-rows")]
    assert rows == [[1, 2], [3, 4]]


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # rdflib, inside the peer
@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame")  # pandas, inside the peer
@pytest.mark.parametrize("name", ["load_breast_cancer", "load_wine", "load_iris", "load_diabetes"])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_cards_of_real_datasets_load(tmp_path, name, suffix, caplog):
    """Published tables, as text and as Parquet: no error, as many rows as there are, and the digest has 64 digits."""
    peer = pytest.importorskip("mlcroissant", reason="needs mlcroissant")
    sets = pytest.importorskip("sklearn.datasets", reason="needs scikit-learn")
    caplog.set_level(logging.CRITICAL)
    frame = getattr(sets, name)(as_frame=True).frame
    path = tmp_path / f"train data.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    (tmp_path / "redan.toml").write_text(BARE.replace("data/train.csv", path.name))
    system = read(tmp_path)
    data, table = path.read_bytes(), open_table(path)
    facts = DatasetFacts(
        system=system,
        dataset=system.datasets[0],
        profile=profile(table, frozenset()),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
    )
    (tmp_path / "card.json").write_bytes(croissant.render(facts, dt.date(2025, 1, 2)))
    dataset = peer.Dataset(jsonld=str(tmp_path / "card.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert sum(1 for _ in dataset.records("train-rows")) == len(frame)
    assert len(facts.sha256) == 64


def test_provenance_and_conditions_of_use_are_stated_as_croissant_1_1_asks(tmp_path):
    """Sources are entities that the set was derived from, with who made them; the purpose is a condition of use."""
    card = croissant.card(facts_of(tmp_path, FULL))
    origin = card["prov:wasDerivedFrom"]
    assert origin["@type"] == "prov:Entity"
    assert origin["prov:wasAttributedTo"] == {"@type": "prov:Agent", "prov:label": "1,200 volunteers"}
    assert {"@type": "CreativeWork", "name": "purpose", "text": "Predict spending."} in card["usageInfo"]
    (tmp_path / "bare").mkdir()
    assert "prov:wasDerivedFrom" not in croissant.card(facts_of(tmp_path / "bare", BARE))


def test_no_card_shows_a_password_of_an_address(tmp_path):
    """User, password and signed queries of a source's address are in neither card."""
    secret = FULL.replace("https://example.org/survey", "https://ann:hunter22@example.org/survey?sig=hunter33")
    assert "hunter33" in secret
    facts = facts_of(tmp_path, secret)
    shown = croissant.render(facts).decode() + datasheet.render(facts).decode()
    assert "hunter22" not in shown
    assert "hunter33" not in shown
