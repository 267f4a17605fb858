"""`redan data load` from the outside: exits, JSON alone on standard output, and one line for every mistake."""

import datetime as dt
import json

import pytest

from redan.cli.app import main


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


def write(path, counts, label=lambda i, j: "ham"):
    lines = ["at,kind"]
    for i, count in enumerate(counts):
        begin = dt.datetime(2026, 3, 2, tzinfo=dt.UTC) + dt.timedelta(days=i)
        lines += [
            f"{begin + dt.timedelta(minutes=1 + 1_400 * j // count):%Y-%m-%dT%H:%M:%S},{label(i, j)}"
            for j in range(count)
        ]
    path.write_text("\n".join(lines) + "\n")
    return path


CALM = [40, 43, 38, 41, 36, 45, 39] * 4


def test_a_calm_source_is_met(tmp_path, capsysbinary):
    """Exit 0, and both questions that need no label hold."""
    path = write(tmp_path / "calm.csv", CALM)
    code, out, _ = call(capsysbinary, "data", "load", path, "--time", "at", "--every", "1 days", "--format", "json")
    whole = json.loads(out)
    assert (code, whole["outcome"]) == (0, "holds")
    assert {f["check"] for f in whole["findings"]} == {
        "AIPS-POI-02/volume-is-within-range",
        "AIPS-POI-02/no-source-has-stalled",
    }


def test_a_flood_a_gap_and_a_limit_are_found(tmp_path, capsysbinary):
    """Exit 1; the class, the silence and the limit are each told, and the page draws the volume."""
    counts = [*CALM[:9], 300, 0, 0, *CALM[12:]]
    path = write(
        tmp_path / "flood.csv", counts, lambda i, j: "spam" if i == 9 and j % 4 else "ham" if j % 5 else "spam"
    )
    page = tmp_path / "load.html"
    words = (
        "--time",
        "at",
        "--label",
        "kind",
        "--every",
        "1 days",
        "--limit",
        "100",
        "--html",
        page,
        "--format",
        "json",
    )
    code, out, _ = call(capsysbinary, "data", "load", path, *words)
    outcomes = {f["check"].split("/")[1]: f["outcome"] for f in json.loads(out)["findings"]}
    assert code == 1
    assert set(outcomes.values()) == {"broken"}
    assert len(outcomes) == 4
    assert "<svg" in page.read_text()


def test_a_reference_needs_no_history(tmp_path, capsysbinary):
    """Class shares against another file."""
    usual = write(tmp_path / "usual.csv", [100], lambda i, j: "spam" if j % 5 == 0 else "ham")
    now = write(tmp_path / "now.csv", [100], lambda i, j: "spam" if j % 2 else "ham")
    code, out, _ = call(
        capsysbinary,
        "data",
        "load",
        now,
        "--time",
        "at",
        "--label",
        "kind",
        "--reference",
        usual,
        "--low",
        50,
        "--high",
        150,
        "--every",
        "1 days",
    )
    assert code == 1
    assert "floods" in out


def test_too_little_is_incomplete(tmp_path, capsysbinary):
    """Exit 3 for three days without a declared range."""
    path = write(tmp_path / "few.csv", [5, 5, 5])
    code, out, _ = call(capsysbinary, "data", "load", path, "--time", "at")
    assert code == 3
    assert "not-run" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--time", "when"), "no column 'when'"),
        (("--time", "at", "--label", "nothing"), "no column 'nothing'"),
        (("--time", "at", "--every", "often"), "no duration"),
        (("--time", "at", "--low", "5"), "go together"),
        (("--time", "at", "--low", "5", "--high", "2"), "lower one first"),
        (("--time", "at", "--reference", "x.csv"), "needs --label"),
    ],
)
def test_mistakes_are_one_line(tmp_path, capsysbinary, words, says):
    """Exit 2 and one line on standard error, before anything is measured."""
    path = write(tmp_path / "calm.csv", [3, 3])
    code, out, err = call(capsysbinary, "data", "load", path, *words)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_a_column_without_times_is_incomplete(tmp_path, capsysbinary):
    """Text where times belong: exit 3 with the reason for every question."""
    path = tmp_path / "text.csv"
    path.write_text("at,kind\nsoon,a\nlater,b\n")
    code, out, _ = call(capsysbinary, "data", "load", path, "--time", "at", "--label", "kind", "--limit", 5)
    assert code == 3
    assert out.count("not-run") == 4
