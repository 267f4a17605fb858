"""`redan data shift` from the outside."""

import json

import numpy as np
import pandas as pd
import pytest

from redan.cli.app import main


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A reference and days that are quiet, moved, mixed otherwise, and tiny."""
    folder, rng = tmp_path_factory.mktemp("days"), np.random.default_rng(1)

    def made(name, rows, moved=0.0, share=0.3):
        frame = pd.DataFrame(
            {
                "x": rng.normal(moved, 1, rows),
                "y": rng.normal(size=rows),
                "churn": np.where(rng.random(rows) < share, "yes", "no"),
                "day": pd.Timestamp("2026-03-01") + pd.to_timedelta(np.arange(rows) * 5 // rows, unit="D"),
            }
        )
        frame.to_csv(folder / f"{name}.csv", index=False)

    made("reference", 900)
    made("quiet", 800)
    made("moved", 800, moved=1)
    made("mix", 800, share=0.7)
    made("tiny", 8)
    return folder


def test_quiet_day(files, capsysbinary):
    """Nothing found: exit 0, and JSON alone on standard output, the same at every run."""
    words = ("data", "shift", files / "reference.csv", files / "quiet.csv", "--label", "churn", "--format", "json")
    code, out, _ = call(capsysbinary, *words)
    assert code == 0
    found = json.loads(out)
    assert found["schema"] == "redan/data/v1"
    assert [f["outcome"] for f in found["findings"]] == ["holds", "holds"]
    assert call(capsysbinary, *words)[1] == out


@pytest.mark.parametrize(("day", "part"), [("moved", "x"), ("mix", "churn")])
def test_another_day(files, day, part, capsysbinary, tmp_path):
    """Found: exit 1, the column by name, and a page with pictures."""
    page = tmp_path / "page.html"
    words = (files / "reference.csv", files / f"{day}.csv", "--label", "churn", "--time", "day", "--html", page)
    code, out, _ = call(capsysbinary, "data", "shift", *words)
    assert code == 1
    assert out.startswith("broken")
    assert part in out
    assert "<svg" in page.read_text(encoding="utf-8")


def test_tolerance_and_columns_can_be_set(files, capsysbinary):
    """More may move, or a column may be left out: exit 0."""
    pair = (files / "reference.csv", files / "moved.csv")
    assert call(capsysbinary, "data", "shift", *pair, "--threshold", "0.6", "--quiet")[:2] == (0, "")
    assert call(capsysbinary, "data", "shift", *pair, "--leave-out", "x")[0] == 0


def test_too_few_rows(files, capsysbinary):
    """Could not tell: exit 3."""
    code, out, _ = call(capsysbinary, "data", "shift", files / "reference.csv", files / "tiny.csv")
    assert code == 3
    assert "not enough data" in out


@pytest.mark.parametrize("option", ["--label", "--time", "--leave-out"])
def test_columns_must_exist(files, option, capsysbinary):
    """A column that is not there is a usage error, before anything is compared."""
    pair = (files / "reference.csv", files / "quiet.csv")
    code, out, err = call(capsysbinary, "data", "shift", *pair, option, "nowhere")
    assert (code, out) == (2, "")
    assert "nowhere" in err


def test_arrays_in_files(tmp_path, capsysbinary):
    """Pictures in .npz files are compared; darker ones are found."""
    rng = np.random.default_rng(2)
    for name, light in (("reference", 1.0), ("dark", 0.6), ("same", 1.0)):
        np.savez(tmp_path / f"{name}.npz", x=(rng.random((300, 10, 10)) * light).astype(np.float32))
    assert call(capsysbinary, "data", "shift", tmp_path / "reference.npz", tmp_path / "dark.npz")[0] == 1
    assert call(capsysbinary, "data", "shift", tmp_path / "reference.npz", tmp_path / "same.npz")[0] == 0


def test_without_scikit_learn(files, capsysbinary, monkeypatch):
    """Features are told all the same; the joint part is not-run with the install line, so the exit is 3."""
    monkeypatch.setattr("redan.extras.missing_import", lambda extra: "sklearn")
    code, out, _ = call(capsysbinary, "data", "shift", files / "reference.csv", files / "quiet.csv")
    assert code == 3
    assert "redan[sklearn]" in out
    assert "holds" in out
