"""`redan attack evasion` on what is not fit to be attacked, and on runs that were cut short: one clear answer each."""

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from functools import partial
from itertools import count

import numpy as np
import pytest
import torch

from attacks.campaign.told import told
from attacks.test_endpoint import Served, W, X, Y, serving
from redan.attacks import endpoint
from redan.attacks.campaign.parts import here
from redan.attacks.campaign.white_box import NetworkCampaign
from redan.attacks.endpoint import Patience
from redan.attacks.evasion.network import Network
from redan.attacks.threat import Linf
from redan.cli.app import main
from redan.controls.planted_networks import linear, samples_npz, task
from redan.errors import IncompleteError, InputError

MADE = task(12)


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main(["attack", "evasion", *(str(word) for word in words)])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


def arrays(path, **changed):
    np.savez(path, **{"x": MADE.x, "y": MADE.y, **changed})
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A linear network that holds, and its samples."""
    found = tmp_path_factory.mktemp("hostile")
    (found / "m.onnx").write_bytes(linear(MADE.firm))
    (found / "d.npz").write_bytes(samples_npz(MADE))
    return found


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"x": MADE.x * 5}, "the box is from 0 to 1"),
        ({"x": np.where(MADE.x > 0.9, np.nan, MADE.x) * np.nan}, "no numbers"),
        ({"x": np.full_like(MADE.x, np.inf)}, "no numbers"),
        ({"y": MADE.y + 3}, "label 5 of a model of 3 classes"),
        ({"y": MADE.y - 1}, "a label is negative"),
        ({"y": MADE.y + 0.5}, "labels are fractions"),
        ({"y": MADE.y[:4]}, "give one label for each"),
        ({"x": MADE.x[:0], "y": MADE.y[:0]}, "give one label for each"),
        ({"x": MADE.x[:, :5]}, "the model"),
        ({"x": MADE.x.astype("U4")}, "d2.npz"),
    ],
    ids=["box", "nan", "infinite", "class", "negative", "fractions", "few-labels", "empty", "columns", "text"],
)
def test_samples_that_do_not_fit_are_one_error(folder, tmp_path, capsysbinary, changed, says):
    """Inputs out of the box, values that are no numbers, labels that are no classes: exit 2 or 3 and one line."""
    data = arrays(tmp_path / "d2.npz", **changed)
    code, out, err = call(
        capsysbinary, *("--model", folder / "m.onnx", "--data", data, "--threat", "linf:0.1", "--suite", "screen")
    )
    assert (code, out) in {(2, ""), (3, "")}
    assert err.count("\n") == 1
    assert says in err
    assert "internal" not in err


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (linear(np.full_like(MADE.firm, np.nan)), "no numbers"),
        (linear(MADE.firm)[:-40], "onnx"),
        (linear(MADE.firm[:, :1]), "label"),
        (linear(MADE.firm[:5]), "do not fit"),
    ],
    ids=["nan-weights", "cut-off", "one-class", "other-columns"],
)
def test_models_that_do_not_fit_are_one_error(folder, tmp_path, capsysbinary, model, says):
    """Weights that are no numbers, half a file, one output, other columns: one line and no finding."""
    (tmp_path / "m2.onnx").write_bytes(model)
    code, out, err = call(
        capsysbinary, *("--model", tmp_path / "m2.onnx", "--data", folder / "d.npz", "--threat", "linf:0.1")
    )
    assert (code, out) in {(2, ""), (3, "")}
    assert err.count("\n") == 1
    assert says in err.lower()
    assert "internal" not in err


def scripted(path, *parts, train=False):
    net = torch.nn.Sequential(torch.nn.Linear(*MADE.firm.shape, bias=False), *parts)
    with torch.no_grad():
        net[0].weight.copy_(torch.as_tensor(MADE.firm.T))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(net.train(train)).save(str(path))
    return path


def test_probabilities_are_refused(folder, tmp_path, capsysbinary):
    """A module that ends in a softmax flattens gradients, and says so before anything is attacked."""
    path = scripted(tmp_path / "m.pt", torch.nn.Softmax(1))
    words = ("--model", path, "--unsafe-format", "--data", folder / "d.npz", "--threat", "linf:0.1")
    code, out, err = call(capsysbinary, *words)
    assert (code, out) == (2, "")
    assert "gives probabilities" in err


def test_a_file_that_was_saved_in_training_mode_is_attacked_as_it_answers(folder, tmp_path, capsysbinary):
    """A file is put into evaluation mode; a module that somebody hands over in training mode is refused."""
    path = scripted(tmp_path / "m.pt", torch.nn.Dropout(0.5), train=True)
    words = ("--model", path, "--unsafe-format", "--data", folder / "d.npz", "--threat", "linf:0.1")
    code, out, _ = call(capsysbinary, *words, "--suite", "screen", "--format", "json")
    first = json.loads(out)["findings"][0]
    assert first["detail"]["trusted"] is True
    assert code in {0, 3}
    with pytest.raises(InputError, match="training mode"):
        Network(torch.nn.Sequential(torch.nn.Dropout(0.5)).train())


def test_one_class_in_the_samples_is_no_obstacle(folder, tmp_path, capsysbinary):
    """Samples of one class are attacked like others."""
    one = np.flatnonzero(MADE.y == MADE.y[0])
    data = arrays(tmp_path / "one.npz", x=MADE.x[one], y=MADE.y[one])
    words = ("--model", folder / "m.onnx", "--data", data, "--threat", "linf:0.1", "--suite", "screen")
    code, out, err = call(capsysbinary, *words)
    assert code in {0, 1, 3}
    assert f"of {len(one)} samples" in out
    assert err == ""


class Flaky(torch.nn.Module):
    """Raises at one of its calls, if at all."""

    def __init__(self, fails=None):
        super().__init__()
        self.net = torch.nn.Linear(*MADE.firm.shape, bias=False)
        self.calls, self.fails = count(), fails
        with torch.no_grad():
            self.net.weight.copy_(torch.as_tensor(MADE.firm.T))

    def forward(self, x):
        if next(self.calls) == self.fails:
            raise RuntimeError("out of memory")
        return self.net(x)


def test_a_model_that_raises_leaves_its_work(tmp_path):
    """An error of the model is incomplete, not a traceback; the same call goes on and tells what one run would."""

    def campaign(fails=None):
        net = Network(Flaky(fails).eval())
        return NetworkCampaign(network=net, x=MADE.x, y=MADE.y, threat=Linf(0.12), suite="screen", watched=3, size=5)

    whole = told(campaign().joined(here(campaign(), None)))
    for fails in (150, 450):
        with pytest.raises(IncompleteError, match=r"the model raised RuntimeError .* out of memory"):
            here(campaign(fails), tmp_path / "work")
    assert (tmp_path / "work.1").stat().st_size > 100
    again = campaign()
    assert told(again.joined(here(again, tmp_path / "work"))) == whole


QUERIED = ("--name", "m", "--threat", "linf:0.3", "--queries", "40", "--format", "json")


def found(out):
    told_ = json.loads(out)["findings"]
    told_[0]["detail"].pop("cost")
    return told_


@pytest.fixture
def asked(tmp_path):
    """Samples for the endpoint."""
    return arrays(tmp_path / "asked.npz", x=X, y=Y)


def test_an_endpoint_that_limits_the_rate_leaves_its_answers(asked, tmp_path, capsysbinary):
    """HTTP 429 with a long wait: exit 3, one line, what was paid for is kept; later the same call finds the rest."""
    work = ("--work", tmp_path / "answers")
    with serving(Served()) as url:
        whole = found(call(capsysbinary, "--model", url, "--data", asked, *QUERIED)[1])
    served = Served(refuse=lambda number: 429 if number > 6 else None, after="3600")
    with serving(served) as url:
        words = ("--model", url, "--data", asked, *QUERIED, *work)
        code, out, err = call(capsysbinary, *words)
        assert (code, out) == (3, "")
        assert "asks to wait 3600 s: HTTP 429; until then" in err
        assert "goes on from what is kept" in err
        served.refuse = lambda number: None
        code, out, err = call(capsysbinary, *words)
    assert err == ""
    assert found(out) == whole


def test_an_endpoint_that_times_out_is_incomplete(asked, capsysbinary, monkeypatch):
    """No answer in time, again and again: exit 3, one line, and the advice to keep answers."""
    monkeypatch.setattr(endpoint, "Patience", partial(Patience, timeout=0.3, tries=2, wait=0.0))
    with serving(Served(delay=2.0)) as url:
        code, out, err = call(capsysbinary, "--model", url, "--data", asked, *QUERIED)
    assert (code, out) == (3, "")
    assert "no answer in time" in err
    assert "with --work" in err
    assert W.shape == (12, 3)


def test_a_run_that_was_interrupted_goes_on(folder, tmp_path, capsysbinary):
    """Ctrl-C: exit 3 and one line; the same call goes on, and tells what a run in one go would."""
    words = ["--model", folder / "m.onnx", "--data", folder / "d.npz", "--threat", "linf:0.12", "--format", "json"]
    code = "import torch; torch.set_num_threads(1); from redan.cli.app import main; main()"
    work = tmp_path / "work"
    child = subprocess.Popen(
        [sys.executable, "-c", code, "attack", "evasion", *map(str, words), "--work", str(work)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    until = time.monotonic() + 120
    while time.monotonic() < until and child.poll() is None and not (work.exists() and work.stat().st_size > 200):
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=120)
    assert (child.returncode, out) == (3, "")
    assert err == "redan: interrupted; what was finished is kept, run again to go on\n"
    _, again, _ = call(capsysbinary, *words, "--work", work)
    _, whole, _ = call(capsysbinary, *words)
    assert found(again) == found(whole)
