"""`redan attack evasion --certify`: certified <= true <= empirical, of the smoothed network and under its name."""

import json

import pytest

from redan.cli.app import main
from redan.controls.planted_networks import linear, samples_csv, samples_npz, task

MADE = task(12)


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main(["attack", "evasion", *(str(word) for word in words)])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Linear networks, one that rests on columns that hold under noise, and one that does not."""
    found = tmp_path_factory.mktemp("certify")
    (found / "firm.onnx").write_bytes(linear(MADE.firm))
    (found / "frail.onnx").write_bytes(linear(MADE.frail))
    (found / "d.npz").write_bytes(samples_npz(MADE))
    (found / "d.csv").write_bytes(samples_csv(MADE))
    return found


@pytest.mark.parametrize(("model", "outcome"), [("firm.onnx", "holds"), ("frail.onnx", "not-run")])
def test_smoothing_is_shown_between_its_bounds(folder, capsysbinary, model, outcome):
    """A third finding about the smoothed network: certified at most empirical at every radius, both with a picture."""
    words = ("--model", folder / model, "--data", folder / "d.npz", "--threat", "l2:0.1", "--suite", "screen")
    _, out, err = call(
        capsysbinary, *words, "--certify", "smoothing:0.15:400", "--radius", 0.02, "--format", "json", "--html",
        folder / "p.html",
    )  # fmt: skip
    assert err == ""
    last = json.loads(out)["findings"][-1]
    assert (last["subject"], last["outcome"]) == (f"{model}, smoothed", outcome)
    assert last["measure"]["name"] == "certified_accuracy"
    (drawn,) = last["detail"]["pictures"]
    assert drawn["names"] == ["l2:0.02", "l2:0.1"]
    assert all(low <= high for low, high in zip(drawn["certified"], drawn["empirical"], strict=True))
    assert drawn["certified"] == sorted(drawn["certified"], reverse=True)
    assert last["detail"]["cost"]["forward"] > 12 * 400
    assert "smoothed by noise of 0.15" in (folder / "p.html").read_text()
    assert "cannot be drawn" not in (folder / "p.html").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--threat", "l2:0.1", "--certify", "smoothing"), "is no certificate"),
        (("--threat", "l2:0.1", "--certify", "smoothing:0"), "is no certificate"),
        (("--threat", "l2:0.1", "--certify", "smoothing:1.2.3"), "is no certificate"),
        (("--threat", "l2:0.1", "--certify", "smoothing:0.1:5"), "100 copies or more"),
        (("--threat", "linf:0.1", "--certify", "smoothing:0.1"), "radii in l2"),
        (("--threat", "l2:0", "--certify", "smoothing:0.1"), "radii in l2"),
        (("--threat", "l2:1", "--certify", "smoothing:0.1", "--data", "d.csv", "--label", "label"), "on arrays"),
    ],
)
def test_what_is_no_certificate_is_one_line(folder, capsysbinary, monkeypatch, words, says):
    """Told before anything is attacked, exit 2."""
    monkeypatch.chdir(folder)
    given = ("--data", "d.npz") if "--data" not in words else ()
    code, out, err = call(capsysbinary, "--model", "firm.onnx", *given, *words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert says in err
