"""Sets of classes on real data, from the verb that calibrates them to the answers of a gateway."""

import hashlib
import json

import numpy as np
import pytest

from gateway import bundles, houses
from redan.defences.reference import Asked, make
from redan.defences.reference.rows import Rows
from redan.guards.reference import written
from redan.models import model_of
from redan.models.onnx_session import onnx_session

pytest.importorskip("sklearn", reason="needs the extra 'sklearn'")
SPLITS, COVERAGE = 12, 0.9


@pytest.fixture(scope="module")
def digits():
    """A model of handwritten digits that is too sure of itself, and rows that it was not trained on."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = (x[order] / 16).astype(np.float32), y[order]
    fitted = LogisticRegression(max_iter=200, C=100.0).fit(x[:500], y[:500])
    data = bundles.network(fitted.coef_.T * 3, bias=fitted.intercept_ * 3, label=False)
    return data, (x[:500], y[:500]), (x[500:], y[500:])


def rows(x, y):
    """As the verb reads them."""
    return Rows(feed={"x": x}, columns=tuple(f"x[{i}]" for i in range(64)), labels=y.astype(str), dropped=0)


def split(digits, seed):
    """A reference made with one half of the fresh rows, and the other half."""
    data, train, (x, y) = digits
    order = np.random.default_rng([1, seed]).permutation(len(x))
    first, second = order[: len(x) // 2], order[len(x) // 2 :]
    model = model_of(onnx_session(data, {}, threads=1)[0])
    asked = Asked(model, hashlib.sha256(data).hexdigest(), rows(*train), rows(x[first], y[first]), True, refused=0.02)
    return make(asked, np.random.default_rng(seed)), x[second], y[second]


def test_sets_of_a_gateway_cover_every_class_as_declared(digits, tmp_path):
    """Over splits of real digits, each with a calibration and a gateway of its own; refused rows promise nothing."""
    folder = bundles.bundle(tmp_path / "p", digits[0], None, endpoint=f'answers = "label"\ncoverage = {COVERAGE}')
    text = (folder / "redan.toml").read_text().replace('key = "team.pub"', f'key = "team.pub"\n{bundles.REFERENCE}')
    (folder / "redan.toml").write_text(text)
    hits, sizes, passed = [], [], []
    for seed in range(SPLITS):
        made, x, y = split(digits, seed)
        bundles.put(folder, {"model.onnx": digits[0], "reference.json": written(made.reference)})
        with houses.gateway(folder) as found:
            near = found.models["churn"].around.checked[0].bounds["x"]
            inside = near.within(x) & (near.distances(x) <= near.furthest)
            answer = houses.asked(found.plane, body=bundles.body(x[inside]))
            assert answer[0] == 200
            assert houses.asked(found.plane, body=bundles.body(x))[0] == 422
            values, _ = bundles.told(answer[2])
        sets, right = values["conformal_set"], y[inside]
        own = sets[np.arange(len(right)), right]
        hits.append([own[right == k].mean() for k in range(10)])
        sizes.append(sets.sum(axis=1).mean())
        passed.append(inside.mean())
    mean, error = np.mean(hits, axis=0), np.std(hits, axis=0) / np.sqrt(SPLITS)
    assert (mean > COVERAGE - 3 * np.maximum(error, 0.01)).all(), mean
    assert np.mean(hits) > COVERAGE
    assert np.mean(sizes) < 1.3
    assert 0.9 < np.mean(passed) < 1.0


def test_the_temperature_of_a_model_that_is_too_sure_is_above_one(digits):
    """Its logits were made three times as large; calibrated, the right classes are likelier on fresh rows."""
    made, _, _ = split(digits, 0)
    assert 1.5 < made.reference.calibration.temperature < 6
    assert made.losses[1] < made.losses[0]
    assert made.sets.hits / made.sets.rows > 0.85


def test_the_verb_makes_what_a_gateway_serves(digits, tmp_path, capsysbinary):
    """From two files to a sealed folder: the file is that of the model, and the gateway answers with it."""
    from redan.cli.app import main

    data, (x, y), (fresh, labels) = digits
    folder = bundles.bundle(tmp_path / "p", data, None, endpoint="coverage = 0.9", model=bundles.REFERENCE)
    np.savez(tmp_path / "train.npz", x=x, y=y)
    np.savez(tmp_path / "held.npz", x=fresh[:700], y=labels[:700])
    words = ["--model", folder / "bundle" / "model.onnx", "--data", tmp_path / "train.npz", "--refused", "0.02"]
    words += ["--calibration", tmp_path / "held.npz", "--out", tmp_path / "reference.json", "--format", "json"]
    with pytest.raises(SystemExit) as left:
        main(["defend", "reference", *map(str, words)])
    out, _ = capsysbinary.readouterr()
    assert left.value.code in {0, 1}
    found = {one["part"]: one for one in json.loads(out)["findings"]}
    assert found["calibration"]["outcome"] == "holds"
    assert found["envelope"]["measure"]["n"] > 400
    files = {"model.onnx": data, "reference.json": (tmp_path / "reference.json").read_bytes()}
    bundles.put(folder, files)
    with houses.gateway(folder) as made:
        status, _, answer = houses.asked(made.plane, body=bundles.body(x[:5]))
        assert status == 200
        values, said = bundles.told(answer)
        assert said == {"coverage": 0.9, "coverage_valid": True}
        assert values["conformal_set"].shape == (5, 10)
