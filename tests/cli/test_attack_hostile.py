"""What every verb of `redan attack` says of files that are none: one line with what, where and remedy, and exit 2."""

import pickle

import numpy as np
import pandas as pd
import pytest

from redan import files
from redan.cli.app import main
from redan.errors import UsageError

skops = pytest.importorskip("skops.io")
VERBS = ("evasion", "backdoor", "extraction", "membership", "reprogramming")


def call(capsysbinary, verb, model, data, *words):
    more = {"membership": ("--nonmembers", data), "evasion": ("--threat", "linf:0.1")}.get(verb, ())
    with pytest.raises(SystemExit) as left:
        main(["attack", verb, *(str(word) for word in ("--model", model, "--data", data, *more, *words))])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A linear model of two named columns, its rows, rows of one class, and files that are no models."""
    from sklearn.linear_model import LogisticRegression

    folder = tmp_path_factory.mktemp("hostile")
    rng = np.random.default_rng(4)
    rows = pd.DataFrame({"age": rng.normal(size=200), "paid": rng.normal(size=200)})
    kind = np.where(rows["age"] > 0, "left", "stays")
    skops.dump(LogisticRegression().fit(rows, kind), folder / "m.skops")
    rows.assign(kind=kind).to_csv(folder / "rows.csv", index=False)
    rows.assign(kind=kind == "left").to_csv(folder / "flags.csv", index=False)
    rows.drop(columns="paid").assign(kind=kind).to_csv(folder / "narrow.csv", index=False)
    (folder / "text.onnx").write_text("no model\n" * 40)
    (folder / "pickled.onnx").write_bytes(pickle.dumps({"a": 1}))
    return folder


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("model", "data", "label", "says"),
    [
        ("m.skops", "gone.csv", "kind", ("gone.csv: ", "no such file", "readable")),
        ("gone.onnx", "rows.csv", "kind", ("gone.onnx: ", "no such file", "readable")),
        ("text.onnx", "rows.csv", "kind", ("text.onnx: ", "of no format", "export it")),
        ("pickled.onnx", "rows.csv", "kind", ("pickled.onnx: ", "runs code", "--unsafe-format")),
        ("m.skops", "narrow.csv", "kind", ("narrow.csv: ", "not there: paid", "give a table")),
        ("m.skops", "rows.csv", "paid", ("rows.csv: ", "reads the column 'paid'", "--label")),
        ("m.skops", "rows.csv", "churn", ("rows.csv: ", "no column 'churn'", "name")),
    ],
)
def test_files_that_are_none_are_one_line(capsysbinary, folder, tmp_path, verb, model, data, label, says):
    """No traceback, nothing on standard output, and no page."""
    page = tmp_path / "p.html"
    code, out, err = call(capsysbinary, verb, folder / model, folder / data, "--label", label, "--html", page)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert all(word in err for word in says), err
    assert not page.exists()


@pytest.mark.parametrize("verb", ["backdoor", "extraction"])
def test_classes_of_the_model_are_named_where_labels_are_none_of_them(capsysbinary, folder, verb):
    """A model that knows left and stays, and labels that say true and false."""
    code, _, err = call(capsysbinary, verb, folder / "m.skops", folder / "flags.csv", "--label", "kind")
    assert code == 2, err
    assert "2 classes: left, stays" in err


def test_a_page_that_cannot_be_written_leaves_what_was_found(capsysbinary, folder, tmp_path, monkeypatch):
    """A disk that fills up meanwhile: the findings are told, and the exit code is that of the page."""

    def full(path, data):
        raise UsageError("cannot be written: No space left on device", where=str(path))

    monkeypatch.setattr(files, "write_atomic", full)
    code, out, err = call(
        *(capsysbinary, "extraction", folder / "m.skops", folder / "rows.csv", "--label", "kind"),
        *("--queries", 20, "--attack", "equations", "--answers", "label", "--html", tmp_path / "p.html"),
    )
    assert code == 2
    assert "makes the best copy" in out
    assert "Traceback" not in err


@pytest.mark.parametrize("verb", VERBS)
def test_nothing_that_is_read_is_written_over(capsysbinary, folder, tmp_path, verb):
    """A page under the name of the data or of the model, or one that cannot be: one line before anything is asked."""
    rows, model = folder / "rows.csv", folder / "m.skops"
    before = rows.read_bytes(), model.read_bytes()
    for page, says in ((rows, "would overwrite"), (model, "would overwrite"), (tmp_path, "not a regular file")):
        code, out, err = call(capsysbinary, verb, model, rows, "--label", "kind", "--html", page)
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert says in err
    assert (rows.read_bytes(), model.read_bytes()) == before


def test_scores_are_not_kept_over_the_data(capsysbinary, folder, tmp_path):
    """Nor in the place of the page, nor where nothing can be written, nor work in a folder that is not there."""
    rows = folder / "rows.csv"
    before = rows.read_bytes()
    for words, says in (
        (("--keep", rows), "would overwrite"),
        (("--keep", tmp_path / "k", "--html", tmp_path / "k"), "would overwrite"),
        (("--work", rows), "would overwrite"),
        (("--keep", rows / "k"), "cannot be written"),
        (("--work", tmp_path / "gone" / "w"), "folder is not there"),
    ):
        code, out, err = call(capsysbinary, "membership", folder / "m.skops", rows, "--label", "kind", *words)
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert says in err
    assert rows.read_bytes() == before
    assert not list(tmp_path.iterdir())


def test_a_column_of_words_among_numbers_is_named(capsysbinary, folder, tmp_path):
    """One word makes a column text; the line says which."""
    frame = pd.read_csv(folder / "rows.csv").astype({"paid": object})
    frame.loc[3, "paid"] = "inf"
    frame.to_csv(tmp_path / "words.csv", index=False)
    code, out, err = call(capsysbinary, "extraction", folder / "m.skops", tmp_path / "words.csv", "--label", "kind")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "paid (32) of text" in err
