"""`redan attack reprogramming` from the outside."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from attacks.reprogramming import victims
from redan.cli.app import main
from redan.cli.attack.options import endpoint_of
from redan.controls.planted_networks import network_onnx

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas" / "attack.v1.schema.json").read_text())


def call(capsysbinary, *words):
    with pytest.raises(SystemExit) as left:
        main(["attack", "reprogramming", *(str(word) for word in words)])
    out, err = capsysbinary.readouterr()
    return left.value.code, out.decode(), err.decode()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The weak service as ONNX, its own data, and a foreign task: bars across or down."""
    folder = tmp_path_factory.mktemp("f")
    matrix, offset = victims.weak()
    (folder / "levels.onnx").write_bytes(network_onnx(256, 4, [("MatMul", matrix), ("Add", offset[None, :])]))
    np.savez(folder / "own.npz", x=victims.own(), y=np.zeros(400, np.int64))
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 600)
    x = 0.3 * rng.random((600, 6, 6)) + 0.5 * y[:, None, None]
    np.savez(folder / "task.npz", x=x, y=y + 7)
    np.savez(folder / "few.npz", x=x[:9], y=y[:9])
    own = victims.own()
    np.savez(folder / "little.npz", x=own[:12], y=np.zeros(12, np.int64))
    np.savez(folder / "twelve.npz", x=np.tile(own[:12], (20, 1)), y=np.zeros(240, np.int64))
    np.savez(folder / "strange.npz", x=own, y=np.arange(400) % 4 + 100)
    np.savez(folder / "hollow.npz", x=np.where(own > 0.9, np.nan, own), y=np.zeros(400, np.int64))
    np.savez(folder / "bright.npz", x=own * 255, y=np.zeros(400, np.int64))
    np.savez(folder / "one.npz", x=x, y=np.zeros(600, np.int64))
    np.savez(folder / "rare.npz", x=x, y=np.arange(600) >= 598)
    np.savez(folder / "some.npz", x=x[:120], y=y[:120])
    np.savez(folder / "alike.npz", x=np.ones((600, 6, 6)), y=y)
    np.savez(folder / "large.npz", x=np.random.default_rng(1).random((600, 20, 20)), y=y)
    (folder / "constant.onnx").write_bytes(network_onnx(256, 4, [("MatMul", np.zeros((256, 4), np.float32))]))
    return folder


def test_a_service_that_works_for_strangers_is_told_with_its_cost_and_a_page(capsysbinary, files):
    """Broken, exit 1: what was reached beside chance, the label map alone and shuffled classes; a picture of the frame."""
    words = ("--model", files / "levels.onnx", "--data", files / "own.npz", "--task", files / "task.npz")
    code, out, err = call(
        capsysbinary, *words, "--queries", 800, "--answers", "probabilities", "--html", files / "p.html", "--work",
        files / "work", "--format", "json",
    )  # fmt: skip
    whole = json.loads(out)
    jsonschema.validate(whole, SCHEMA)
    assert (code, err, whole["outcome"], whole["verb"]) == (1, "", "broken", "reprogramming")
    reached = whole["findings"][0]
    (made,) = [one for one in reached["detail"]["attempts"] if one["name"] == "queries, probabilities"]
    assert made["accuracy"]["interval"][0] > reached["measure"]["threshold"]
    assert made["cost"]["queries"] <= 800
    assert made["without_a_program"]["n"] == 180
    assert {one["monitor"] for one in made["noticed"]} == {"near-duplicates", "one-program", "outlying-queries"}
    assert reached["detail"]["shuffled"]["value"] < 0.65
    page = (files / "p.html").read_text()
    assert page.count('class="picture programs"') == 1
    assert page.count('class="picture learning-curve"') == 1
    assert (files / "work").is_file()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--task", "chess"), 2),
        (("--task", "few.npz"), 2),
        (("--queries", 0), 2),
        (("--queries", 20), 2),
        (("--answers", "nothing"), 2),
        (("--label", "y"), 2),
    ],
)
def test_what_cannot_be_tried_is_refused(capsysbinary, files, words, code):
    """No such task, one of nine inputs, nothing to try, too few questions, no such form, an .npz with a label."""
    words = [files / word if str(word).endswith(".npz") else word for word in words]
    given = ("--model", files / "levels.onnx", "--data", files / "own.npz", "--task", files / "task.npz")
    found, _, err = call(capsysbinary, *given, *words)
    assert found == code
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("option", "name", "code", "says"),
    [
        ("--data", "little.npz", 3, ("little.npz: 12 samples", "give 100 or more")),
        ("--data", "twelve.npz", 3, ("12 samples of 240 that differ", "give 100 or more")),
        ("--data", "strange.npz", 2, ("from 100 to 103", "4 classes", "from 0")),
        ("--data", "hollow.npz", 2, ("hollow.npz: ", "no numbers", "clean")),
        ("--data", "bright.npz", 2, ("bright.npz: ", "outside of the box from 0 to 1", "--box")),
        ("--task", "one.npz", 2, ("one.npz: ", "of one class", "two classes")),
        ("--task", "rare.npz", 2, ("rare.npz: ", "2 of 600", "10 or more of each class")),
        ("--task", "some.npz", 2, ("some.npz: ", "120 inputs", "give 167 or more")),
        ("--task", "alike.npz", 2, ("alike.npz: ", "the same", "give inputs")),
        ("--task", "large.npz", 2, ("20 x 20", "smaller pictures")),
        ("--model", "constant.onnx", 3, ("one answer to everything", "scaled")),
        ("--box", ("0", "inf"), 2, ("from 0 to inf", "--box LOW HIGH")),
        ("--box", ("1", "0"), 2, ("from 1 to 0", "--box LOW HIGH")),
        ("--classes", "3", 2, ("4 classes", "--classes says 3")),
    ],
)
def test_what_says_nothing_is_one_line_with_what_to_do(capsysbinary, files, option, name, code, says):
    """Data, task, model or box that no verdict can rest on: nothing on standard output."""
    given = {
        "--model": files / "levels.onnx",
        "--data": files / "own.npz",
        "--task": files / "task.npz",
        "--queries": 600,
    }
    given[option] = files / name if "." in name else name
    words = [part for key, value in given.items() for part in (key, *(value if isinstance(value, tuple) else (value,)))]
    found, out, err = call(capsysbinary, *words)
    assert (found, out, err.count("\n")) == (code, "", 1), err
    assert all(word in err for word in says), err


def test_credentials_are_of_a_client_with_a_token_and_stand_in_no_message(capsysbinary, files, tmp_path):
    """A file of a model asks for none; a client that signs is refused; a file that is none is one line."""
    (tmp_path / "t.token").write_text("secretword")
    (tmp_path / "t.token").chmod(0o600)
    (tmp_path / "creds.toml").write_text('[client]\ntoken = "file:t.token"\n')
    given = ("--model", files / "levels.onnx", "--data", files / "own.npz", "--task", files / "task.npz")
    code, out, err = call(capsysbinary, *given, "--creds", tmp_path / "creds.toml")
    assert (code, out) == (2, "")
    assert "leave out --creds" in err
    assert "secretword" not in err
    (tmp_path / "t.key").write_text("QUJD" * 12)
    (tmp_path / "t.key").chmod(0o600)
    signing = '[client.signing]\nid = "a"\nsecret = "file:t.key"\n'
    (tmp_path / "creds.toml").write_text('[client]\ntoken = "file:t.token"\n' + signing)
    code, _, err = call(capsysbinary, *given, "--creds", tmp_path / "creds.toml")
    assert code == 2
    assert "sign no questions" in err
    code, _, err = call(capsysbinary, *given, "--creds", tmp_path / "gone.toml")
    assert (code, err.count("\n")) == (2, 1)


def test_a_token_goes_to_the_endpoint_and_nowhere_else():
    """As a header of each request; the opening does not show it."""
    from redan.attacks.campaign.inputs import Opening

    opening = Opening("http://127.0.0.1:9", "levels", token="secretword")
    assert "secretword" not in repr(opening)
    assert "secretword" not in opening().of
    assert opening().endpoint._headers["Authorization"] == "Bearer secretword"


@pytest.mark.parametrize(
    ("model", "name", "head"),
    [
        ("https://models.example:8443/v2", "garments", "garments at models.example:8443"),
        ("http://someone:secretword@127.0.0.1:9", None, "127.0.0.1:9"),
        ("model.onnx", "garments", ""),
        (None, None, ""),
    ],
)
def test_a_page_is_headed_by_the_endpoint_and_not_by_who_asks(model, name, head):
    """An endpoint is no file among those that were read; a file heads its page as it is."""
    assert endpoint_of(model, name) == head
