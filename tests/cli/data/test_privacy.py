"""`redan data privacy` from the outside."""

import json

import pytest

from privacy_records import bent
from redan.cli.app import main


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main(["data", "privacy", *[str(word) for word in words]])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


@pytest.fixture
def written(tmp_path):
    def write(**changes):
        path = tmp_path / "privacy.json"
        path.write_text(json.dumps(bent(**changes).to_json(), indent=1), encoding="utf-8")
        return path

    return write


def test_exits_say_what_was_found(written, capsysbinary):
    """0 for a claim that adds up, 1 for one with a mistake, 3 where it cannot be told."""
    code, out, _ = call(capsysbinary, written())
    assert (code, "add up to" in out) == (0, True)
    code, out, _ = call(capsysbinary, written(sampler="shuffled"))
    assert (code, "shuffled order" in out, "2403.17673" in out) == (1, True, True)
    code, out, _ = call(capsysbinary, written(clipping=None))
    assert (code, "does not state 'clipping'" in out) == (3, True)


def test_programs_get_numbers_and_people_a_page(written, tmp_path, capsysbinary):
    """JSON holds epsilon, the claim as threshold and each mistake by name; the page is written."""
    code, out, _ = call(capsysbinary, written(epsilon=0.01), "--format", "json", "--html", tmp_path / "page.html")
    first, *others = json.loads(out)["findings"]
    assert code == 1
    assert first["measure"]["threshold"] == 0.01
    assert first["measure"]["value"] > 0.01
    assert [one["part"] for one in others] == ["epsilon-understated"]
    assert "privacy.json" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_what_is_no_record_is_refused_with_its_line(written, tmp_path, capsysbinary):
    """A file that is none, or not there, ends with 2 and one sentence."""
    path = written()
    path.write_text(path.read_text().replace('"steps": 200', '"steps": "many"'), encoding="utf-8")
    code, _, err = call(capsysbinary, path)
    assert (code, "'steps'" in err, "privacy.json:9" in err) == (2, True, True)
    assert call(capsysbinary, tmp_path / "none.json")[0] == 2
