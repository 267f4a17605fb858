"""The record of processing: each point of article 30 is answered from the description, or says that nobody did."""

import pytest

from redan.cli.app import main

TOML = """[system]
name = "shop"
owner = "Data | protection"
purpose = "predict churn"
[[person]]
name = "kim"
role = "security expert"
contact = "kim@example.org"
[[site]]
name = "cloud"
third_party = true
encrypted = true
[[source]]
name = "crm"
kind = "internal"
contributors = "customers"
[[dataset]]
name = "train"
role = "train"
path = "train.csv"
sources = ["crm"]
site = "cloud"
identifiers = ["mail"]
pseudonyms = ["who"]
purpose = "churn prevention"
lawful_basis = "contract"
collected = 2026-01-01
retention = "12 months"
[[model]]
name = "m"
trained_on = ["train"]
[[flow]]
from = "dataset:train"
to = "model:m"
data = ["train"]
"""


def entry(folder, capsysbinary):
    with pytest.raises(SystemExit) as left:
        main(["data", "card", "train", "--dir", str(folder), "--format", "processing"])
    out, _ = capsysbinary.readouterr()
    assert left.value.code == 0
    return out.decode()


def test_points_are_answered_from_description_and_data(tmp_path, capsysbinary):
    """Controller, purposes, data with their kinds, recipients, third parties, erasure and measures."""
    (tmp_path / "redan.toml").write_text(TOML)
    rows = "".join(f"k{i}@example.org,t{i},+49170{5550000 + 37 * i},{i % 7}\n" for i in range(60))
    (tmp_path / "train.csv").write_text(f"mail,who,caller,usage\n{rows}")
    text = entry(tmp_path, capsysbinary)
    for said in (
        "Data \\| protection; kim&#64;example.org",
        "m: predict churn",
        "mail (e-mail address), who, caller (phone number, found and not declared)",
        "| (d) recipients | model:m |",
        "cloud (agreement: not stated)",
        "until 2027-01-01",
        "pseudonyms in who; encrypted at rest",
    ):
        assert said in text, text
    assert "k3@example.org" not in text


def test_what_nobody_stated_says_so(tmp_path, capsysbinary):
    """A bare description gives an entry of open points."""
    toml = '[system]\nname = "x"\n[[dataset]]\nname = "train"\nrole = "train"\npath = "train.csv"\n'
    (tmp_path / "redan.toml").write_text(toml)
    (tmp_path / "train.csv").write_text("a,b\n" + "".join(f"{i % 5},{i % 3}\n" for i in range(60)))
    assert entry(tmp_path, capsysbinary).count("not stated") >= 10
