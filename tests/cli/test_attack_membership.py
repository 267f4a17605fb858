"""`redan attack membership` from the outside."""

import json
import signal
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from attacks.inference.membership.plants import drawn
from redan.attacks.inference.membership import save_matrix
from redan.cli.app import main

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas" / "attack.v1.schema.json").read_text())


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main(["attack", "membership", *(str(word) for word in words)])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """An estimator that learnt half of its noisy rows by heart, and scores of twenty shadows of another model."""
    skops = pytest.importorskip("skops.io")
    from sklearn.linear_model import LogisticRegression

    folder = tmp_path_factory.mktemp("f")
    rng = np.random.default_rng(8)
    x, y = np.eye(1100, dtype=np.float32)[rng.permutation(1100)], rng.integers(0, 3, 1100)  # numbers of customers
    np.savez_compressed(folder / "in.npz", x=x[:300], y=y[:300])
    np.savez_compressed(folder / "out.npz", x=x[300:], y=y[300:])
    skops.dump(LogisticRegression(C=1e4).fit(x[:300], y[:300]), folder / "m.skops")
    save_matrix(folder / "leak.npz", drawn(models=21, samples=1600, effect=4.0))
    save_matrix(folder / "none.npz", drawn(models=21, samples=3000, effect=0.0, seed=3))
    return folder


def test_an_estimator_that_knows_its_records_is_found_out(capsysbinary, files, tmp_path):
    """Broken, with a page, the scores of all models kept, and the same finding from those scores."""
    page, keep = tmp_path / "p.html", tmp_path / "k.npz"
    said = call(
        *(capsysbinary, "--model", files / "m.skops", "--data", files / "in.npz", "--nonmembers", files / "out.npz"),
        *("--shadows", 4, "--format", "json", "--html", page, "--keep", keep, "--work", tmp_path / "w"),
    )
    assert said[0] == 1, said
    told = json.loads(said[1])
    jsonschema.validate(told, SCHEMA)
    (finding,) = told["findings"]
    assert finding["measure"]["interval"][0] > finding["measure"]["threshold"]
    assert "log-roc" in page.read_text()
    assert call(capsysbinary, "--scores", keep)[0] == 1


def test_scores_alone_are_enough(capsysbinary, files):
    """Scores of any framework's models are judged: a leak is broken, none holds, and the bound can be moved."""
    assert call(capsysbinary, "--scores", files / "leak.npz")[0] == 1
    code, out, _ = call(capsysbinary, "--scores", files / "none.npz")
    assert code == 0
    assert "average over records" in out
    assert call(capsysbinary, "--scores", files / "leak.npz", "--threshold", 100)[0] in {0, 3}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing to attack"),
        (("--scores", "a.npz", "--model", "m"), "leave out"),
        (("--scores", "a.npz"), "a.npz"),
        (("--model", "m.skops", "--data", __file__), "nonmembers"),
    ],
)
def test_what_is_missing_is_said(capsysbinary, words, said):
    """One line and the code of a wrong call, without a traceback."""
    code, _, err = call(capsysbinary, *words)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_an_interrupted_run_goes_on_and_finds_the_same(capsysbinary, files, tmp_path, monkeypatch):
    """SIGINT in the middle of the fourth shadow: what is done is kept, is not done again, and the findings are equal."""
    from redan.attacks.inference.membership import shadows

    words = (
        *("--model", files / "m.skops", "--data", files / "in.npz", "--nonmembers", files / "out.npz"),
        *("--shadows", 6, "--format", "json"),
    )
    whole = call(capsysbinary, *words)
    train, numbers = shadows.one, []

    def interrupted(trainer, plan, number):
        numbers.append(number)
        if number == 3:
            signal.raise_signal(signal.SIGINT)
        return train(trainer, plan, number)

    monkeypatch.setattr(shadows, "one", interrupted)
    code, out, err = call(capsysbinary, *words, "--work", tmp_path / "w")
    assert (code, out) == (3, "")
    assert "run again to go on" in err
    kept = (tmp_path / "w").read_bytes()
    assert kept.count(b"\n") == 1 + 3
    monkeypatch.setattr(shadows, "one", lambda *of: numbers.append(of[2]) or train(*of))
    assert call(capsysbinary, *words, "--work", tmp_path / "w") == whole
    assert numbers == [0, 1, 2, 3, 3, 4, 5]
    assert (tmp_path / "w").read_bytes().startswith(kept)
