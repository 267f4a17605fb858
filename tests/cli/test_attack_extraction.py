"""`redan attack extraction` from the outside."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from attacks.extraction.victims import digits, tumours
from redan.attacks.sources import FunctionSource
from redan.cli.app import main

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas" / "attack.v1.schema.json").read_text())


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main(["attack", "extraction", *(str(word) for word in words)])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


def saved(model, x, path):
    path.write_bytes(to_onnx(model, x[:1], options={"zipmap": False}, target_opset=17).SerializeToString())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A linear model and a forest on a table of tumours with words as labels; a linear model on digits."""
    folder = tmp_path_factory.mktemp("f")
    x, y = tumours()
    frame = pd.DataFrame(x, columns=[f"c{i}" for i in range(10)]).assign(kind=y)
    frame[300:].to_csv(folder / "rest.csv", index=False)
    for name, model in (
        ("linear", LogisticRegression(C=10.0)),
        ("forest", RandomForestClassifier(n_estimators=20, random_state=0)),
        ("next", RandomForestClassifier(n_estimators=20, random_state=5)),
    ):
        saved(model.fit(x[:300], y[:300]), x, folder / f"{name}.onnx")
    saved(LogisticRegression(max_iter=500).fit(*digits()[:2]), digits()[0], folder / "digits.onnx")
    np.savez(folder / "digits.npz", x=digits()[2][:400], y=digits()[3][:400])
    np.savez(folder / "wide.npz", x=digits()[2][:400] * 5, y=digits()[3][:400])
    return folder


def test_a_linear_model_is_copied_and_told_with_its_cost_and_a_page(capsysbinary, files):
    """Broken, exit 1: the whole model at d + 1 questions, what it is held against, and a picture for each form."""
    words = ("--model", files / "linear.onnx", "--data", files / "rest.csv", "--label", "kind", "--queries", 60)
    code, out, err = call(
        capsysbinary,
        *words,
        "--attack",
        "equations",
        "--attack",
        "knockoff",
        "--html",
        files / "p.html",
        "--format",
        "json",
    )
    whole = json.loads(out)
    jsonschema.validate(whole, SCHEMA)
    measured, bounded = whole["findings"]
    assert (code, err, whole["outcome"], whole["verb"]) == (1, "", "broken", "extraction")
    assert (measured["outcome"], bounded["outcome"]) == ("holds", "broken")
    assert bounded["measure"]["value"] > 0.97
    assert bounded["measure"]["interval"][0] > 0.9 == bounded["measure"]["threshold"]
    detail = measured["detail"]
    assert [form["answers"] for form in detail["forms"]] == ["probabilities", "probabilities:2", "label"]
    equations = detail["forms"][0]["attacks"][0]
    assert [point["queries"] for point in equations["points"]] == [11, 16, 32, 60]
    assert equations["points"][0]["fidelity"]["value"] == 1.0
    assert detail["cost"]["queries"] == 3 * 2 * 60
    assert 0.4 < detail["beside"]["the most frequent answer"] < 0.8
    assert detail["unknowns"] >= 11
    page = (files / "p.html").read_text()
    assert page.count('class="picture fidelity-curve"') == 6
    assert "questions, doubling" in page


def test_labels_and_a_small_budget_hold(capsysbinary, files):
    """A forest that tells the class alone, asked sixteen times, against a bound that copies need more for."""
    words = ("--model", files / "forest.onnx", "--data", files / "rest.csv", "--label", "kind")
    code, out, _ = call(
        capsysbinary, *words, "--answers", "label", "--queries", 4, "--attack", "knockoff", "--threshold", 0.995
    )
    assert code == 0, out
    assert "Answering label, up to 4 questions" in out
    assert "below the agreed 100%" in out or "below the agreed 99%" in out


def test_a_copy_is_compared_with_the_next_generation_and_with_a_second_seed(capsysbinary, files):
    """A finding of its own for rotation."""
    words = ("--model", files / "forest.onnx", "--data", files / "rest.csv", "--label", "kind", "--queries", 64)
    code, out, _ = call(
        capsysbinary, *words, "--answers", "probabilities", "--attack", "active",
        "--second", files / "next.onnx", "--next", files / "next.onnx", "--format", "json",
    )  # fmt: skip
    found = json.loads(out)["findings"]
    assert found[2]["check"] == "AIPS-ORA-02/rotation-outpaces-extraction"
    assert 0.8 < found[2]["measure"]["value"] <= 1.0
    assert 0.8 < found[0]["detail"]["beside"]["a model trained alike"] <= 1.0
    assert code in {1, 3}


def test_arrays_are_attacked_in_their_box(capsysbinary, files):
    """Digits as rows; equal seeds tell equal findings but for the time."""
    words = ("--model", files / "digits.onnx", "--data", files / "digits.npz", "--queries", 65, "--attack", "equations")
    told = []
    for _ in range(2):
        code, out, _ = call(capsysbinary, *words, "--answers", "probabilities", "--format", "json")
        told.append([finding["measure"] for finding in json.loads(out)["findings"]])
        assert code == 1
    assert told[0] == told[1]
    assert told[0][0]["value"] == 1.0


def test_classes_that_do_not_count_from_nothing_are_taken_in_order(capsysbinary, files, tmp_path):
    """Labels 3 and 7 of a model that names none: accuracy is that of the words, and it is said how."""
    frame = pd.read_csv(files / "rest.csv")
    told = {}
    for name, kinds in (("words", frame["kind"]), ("numbers", frame["kind"].map({"benign": 3, "malignant": 7}))):
        frame.assign(kind=kinds).to_csv(tmp_path / f"{name}.csv", index=False)
        words = ("--model", files / "linear.onnx", "--data", tmp_path / f"{name}.csv", "--label", "kind")
        _, out, _ = call(
            capsysbinary, *words, "--queries", 20, "--attack", "equations", "--answers", "label", "--format", "json"
        )
        told[name] = json.loads(out)["findings"][0]
    assert told["words"]["detail"]["beside"] == told["numbers"]["detail"]["beside"]
    assert told["words"]["detail"]["beside"]["the model's own accuracy"] > 0.85
    assert "taken in sorted order" in told["numbers"]["message"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--attack", "unheard"), "no extraction attack"),
        (("--answers", "all"), "no form of answers"),
        (("--label", "kind"), "no columns"),
        (("--queries", "0"), "--queries"),
    ],
)
def test_usage_is_looked_at_before_anything_is_asked(capsysbinary, files, words, said):
    """Exit 2, with what may be written."""
    code, out, err = call(capsysbinary, "--model", files / "digits.onnx", "--data", files / "digits.npz", *words)
    assert (code, out) == (2, "")
    assert said in err


def test_bad_input_is_refused(capsysbinary, files):
    """Samples outside of the box, a table without its label, a model that is none."""
    for words, said in (
        (("--model", files / "digits.onnx", "--data", files / "wide.npz"), "outside of the box"),
        (("--model", files / "linear.onnx", "--data", files / "rest.csv"), "needs its label"),
        (("--model", files / "rest.csv", "--data", files / "digits.npz"), ""),
    ):
        code, out, err = call(capsysbinary, *words)
        assert (code, out) == (2, "")
        assert said in err
        assert "Traceback" not in err


def test_a_constant_model_tells_nothing(capsysbinary, files, tmp_path):
    """Not run, exit 3: a copy of it cannot be told from any other."""
    x, _ = tumours()
    model = LogisticRegression().fit(x[:40], np.arange(40) % 2)
    model.coef_[:], model.intercept_[:] = 0.0, 50.0
    saved(model, x, tmp_path / "m.onnx")
    frame = pd.DataFrame(x[:100], columns=[f"c{i}" for i in range(10)]).assign(kind=1)
    frame.to_csv(tmp_path / "d.csv", index=False)
    code, out, _ = call(
        capsysbinary, "--model", tmp_path / "m.onnx", "--data", tmp_path / "d.csv", "--label", "kind", "--queries", 20
    )
    assert code == 3
    assert "one answer to every sample" in out


def test_a_model_that_shows_labels_is_not_told_to_show_more(capsysbinary, files, tmp_path):
    """One form, named as it is, whatever forms were asked for."""
    skops = pytest.importorskip("skops.io")
    from sklearn.svm import LinearSVC

    x, y = tumours()
    frame = pd.DataFrame(x[:300], columns=[f"c{i}" for i in range(10)])
    skops.dump(LinearSVC().fit(frame, y[:300]), tmp_path / "m.skops")
    code, out, _ = call(
        *(capsysbinary, "--model", tmp_path / "m.skops", "--data", files / "rest.csv", "--label", "kind"),
        *("--queries", 40, "--attack", "equations", "--format", "json"),
    )
    measured = json.loads(out)["findings"][0]
    assert code in {0, 1, 3}
    assert [form["answers"] for form in measured["detail"]["forms"]] == ["label"]
    assert "shows labels only" in measured["message"]


def test_samples_of_one_class_tell_nothing_of_models_that_learn_from_them(capsysbinary, files, tmp_path):
    """The copy is judged by the model's answers; accuracy, and models taught by one class, are not told."""
    frame = pd.read_csv(files / "rest.csv")
    frame.assign(kind="benign").to_csv(tmp_path / "one.csv", index=False)
    _, out, _ = call(
        *(capsysbinary, "--model", files / "linear.onnx", "--data", tmp_path / "one.csv", "--label", "kind"),
        *("--queries", 20, "--attack", "equations", "--answers", "label", "--format", "json"),
    )
    measured = json.loads(out)["findings"][0]
    assert set(measured["detail"]["beside"]) == {"the most frequent answer"}
    assert "is right on" not in measured["message"]


def test_models_to_compare_with_are_opened_before_anything_is_asked(capsysbinary, files, monkeypatch):
    """A next generation that is not there: no question, one line."""
    from redan.attacks.extraction import campaign

    def never(*_args, **_more):
        raise AssertionError("asked")

    monkeypatch.setattr(campaign, "_samples", never)
    words = ("--model", files / "digits.onnx", "--data", files / "digits.npz")
    for option in ("--next", "--second"):
        code, out, err = call(capsysbinary, *words, option, files / "gone.onnx")
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "gone.onnx" in err


def test_a_call_that_was_cut_off_goes_on_to_equal_findings(capsysbinary, files, monkeypatch):
    """Interrupted in the middle: the same call asks what is left alone, and says what one call would have said."""
    words = ["--model", files / "digits.onnx", "--data", files / "digits.npz", "--queries", 96, "--attack", "knockoff"]
    words += ["--attack", "adaptive", "--answers", "probabilities:2", "--answers", "label", "--format", "json"]
    asked, ask = [], FunctionSource.ask

    def until(most):
        def asking(self, x):
            if sum(asked) + len(x) > most:
                raise KeyboardInterrupt
            asked.append(len(x))
            return ask(self, x)

        asked.clear()
        monkeypatch.setattr(FunctionSource, "ask", asking)

    until(1_000_000)
    _, whole, _ = call(capsysbinary, *words)
    in_all, work = sum(asked), ("--work", files / "copy.work")
    until(in_all - 150)
    code, _, err = call(capsysbinary, *words, *work)
    first = sum(asked)
    assert (code, err.count("\n")) == (3, 1)  # interrupted
    until(1_000_000)
    _, rest, _ = call(capsysbinary, *words, *work)
    assert sum(asked) == in_all - first
    until(0)
    _, again, _ = call(capsysbinary, *words, *work)  # a call that is done asks nothing
    told = [[plain(finding) for finding in json.loads(out)["findings"]] for out in (whole, rest, again)]
    assert told[0] == told[1] == told[2]
    other = ["--model", files / "forest.onnx", "--data", files / "rest.csv", "--label", "kind"]
    code, _, err = call(capsysbinary, *other, *work)
    assert (code, err.count("\n")) == (2, 1)
    assert "another model" in err


def plain(finding):
    """Without what a call spent here: seconds, and samples computed."""
    found = json.loads(json.dumps(finding))
    for cost in _costs(found):
        cost.pop("seconds", None)
        cost.pop("forward", None)
    return found


def _costs(found):
    if isinstance(found, dict):
        for name, value in found.items():
            if name == "cost":
                yield value
            else:
                yield from _costs(value)
    elif isinstance(found, list):
        for value in found:
            yield from _costs(value)
