"""`redan data card` and `redan data profile` from the outside."""

import json

import pytest

from redan.cli.app import main

TOML = """[system]
name = "shop"
[[dataset]]
name = "train"
role = "train"
path = "train.csv"
[[dataset]]
name = "planned"
role = "test"
"""
ROWS = "id,score\n" + "".join(f"{i},{i / 7:.3f}\n" for i in range(1, 101))


@pytest.fixture
def project(tmp_path):
    (tmp_path / "redan.toml").write_text(TOML)
    (tmp_path / "train.csv").write_text(ROWS)
    return tmp_path


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


def test_card_goes_to_standard_output_alone(project, capsysbinary):
    """JSON alone on standard output; what is not stated on standard error."""
    code, out, err = call(capsysbinary, "data", "card", "train", "--dir", project, "--published", "2025-01-02")
    assert code == 0
    card = json.loads(out)
    assert card["datePublished"] == "2025-01-02"
    assert "license, url, creator" in err


def test_datasheet_is_written_to_a_file(project, capsysbinary):
    """With --output nothing is printed and the whole file is there."""
    target = project / "sheets" / "train.md"
    code, out, _ = call(
        capsysbinary, "data", "card", "train", "--dir", project, "--format", "datasheet", "--output", target
    )
    assert (code, out) == (0, "")
    assert target.read_text().startswith("# Datasheet: train")


def test_profile_as_text_and_json(project, capsysbinary):
    """The row number is recognised and its bounds are not shown; those of the score are."""
    code, out, _ = call(capsysbinary, "data", "profile", project / "train.csv", "--format", "json")
    found = json.loads(out)
    assert (code, found["schema"], found["rows"]) == (0, "redan/profile/v1", 100)
    assert [(c["name"], c["personal"], c["low"]) for c in found["columns"]] == [
        ("id", True, None),
        ("score", False, "0.143"),
    ]
    code, out, _ = call(capsysbinary, "data", "profile", project / "train.csv")
    assert code == 0
    assert "100 rows" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["card", "nothing"], "no dataset is called 'nothing'"),
        (["card", "planned"], "has no path"),
    ],
)
def test_faults_of_the_description_are_one_line(project, capsysbinary, words, said):
    """Exit 2 and one line on standard error."""
    code, out, err = call(capsysbinary, "data", *words, "--dir", project)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("content", [b"", b"a,b\n1\n1,2,3\n", b"\xff\xfe\x00a"])
def test_files_that_are_no_tables_are_one_line(tmp_path, capsysbinary, content):
    """Empty, ragged and non-UTF-8 files give exit 2 and one line."""
    (tmp_path / "t.csv").write_bytes(content)
    code, out, err = call(capsysbinary, "data", "profile", tmp_path / "t.csv")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
