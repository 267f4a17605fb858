"""Campaigns on tables: gradients where a network has some, proofs on trees beside what an attack left."""

import json
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from attacks.campaign.told import told
from redan.attacks.campaign.inputs import Opening
from redan.attacks.campaign.telling import tell
from redan.attacks.campaign.trying import Wanted, try_model
from redan.attacks.tables import cascading
from redan.attacks.threat import L2, Linf
from redan.controls.planted_networks import linear, samples_csv, task

TREE = ("sklearn.tree._tree.Tree",)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A forest, a linear estimator and a linear network on one task, with a table of its samples."""
    found, made, many = tmp_path_factory.mktemp("rows"), task(16), task(300, seed=1)
    (found / "d.csv").write_bytes(samples_csv(made))
    (found / "frail.onnx").write_bytes(linear(made.frail))
    forest = RandomForestClassifier(n_estimators=5, max_depth=4, random_state=0).fit(many.x, many.y)
    skops.io.dump(forest, found / "forest.skops")
    skops.io.dump(LogisticRegression(max_iter=500).fit(many.x, many.y), found / "line.skops")
    (found / "rules.toml").write_text('others = "free"\n')
    return found


def tried(folder: Path, model: str, **options):
    usual = {"threat": Linf(0.2), "label": "label", "queries": 40, "constraints": folder / "rules.toml"}
    path = folder / model
    return try_model(Opening(str(path), trusted=TREE), path, folder / "d.csv", Wanted(**{**usual, **options}))


def test_trees_are_certified_beside_what_survived(folder):
    """What is proved is at most what survived, nothing is both proved and broken, and the picture has every radius."""
    made = tried(folder, "forest.skops", radii=(0.05,))
    assert made.attacks[-1] == "exact"
    assert made.certified is not None
    assert not (made.certified & made.broken).any()
    assert made.certified.sum() <= (made.clean & ~made.broken).sum() <= made.clean.sum()
    first = next(tell(made, "m"))
    (drawn,) = [one for one in first.detail["pictures"] if one["kind"] == "between"]
    assert drawn["names"] == ["linf:0.05", "linf:0.2"]
    for low, high, (least, most) in zip(drawn["certified"], drawn["empirical"], drawn["true"], strict=True):
        assert low <= high
        assert least <= low
        assert most >= high
    assert first.detail["certified_accuracy"]["value"] <= first.detail["robust_accuracy"]["value"]
    assert first.detail["contradicted"] == 0
    assert made.rates().clean.value >= made.rates().robust.value
    json.dumps(first.to_json())


def test_more_steps_leave_less_open(folder):
    """Without steps nothing is proved; with them every row is broken or proved, which is told as the truth."""
    assert tried(folder, "forest.skops", prove=0).certified is None
    made = tried(folder, "forest.skops", prove=50_000, threat=Linf(0.01))
    assert made.bounds.open == 0
    assert "of these samples that is the truth" in next(tell(made, "m", threshold=0.1)).message


def test_only_trees_in_linf_are_proved(folder):
    """A linear model and another norm have no proof, and no picture of one."""
    for made in (tried(folder, "line.skops"), tried(folder, "forest.skops", threat=L2(0.2))):
        assert made.certified is None
        assert made.beside == ()
        assert "between" not in {one["kind"] for one in next(tell(made, "m")).detail["pictures"]}


def test_without_the_solver_it_is_said(folder, monkeypatch):
    """A missing extra is a note, never a proof."""
    monkeypatch.setattr(cascading, "missing_import", lambda extra: "veritas" if extra == "trees" else None)
    made = tried(folder, "forest.skops")
    assert made.certified is None
    assert "Nothing is proved of trees, which needs veritas, which is not installed." in made.notes


def test_networks_on_tables_are_attacked_by_gradients_first(folder):
    """An ONNX network of numeric columns has gradients; what they break is judged by onnxruntime."""
    made = tried(folder, "frail.onnx", threat=Linf(0.5))
    assert made.attacks[0] == "capgd"
    assert made.cost.backward > 0
    assert (made.breaker == 0).sum() > len(made.y) / 2
    assert "knows the model and its gradients" in made.attacker
    assert any("Gradients are those of" in note for note in made.notes)


def test_rows_are_cut_alike(folder):
    """Findings of a table are equal for every cut, whoever broke the rows of a part."""
    for model in ("forest.skops", "frail.onnx"):
        whole = tried(folder, model)
        assert told(tried(folder, model, part=5)) == told(whole)
        assert np.array_equal(tried(folder, model, part=7).x_adv, whole.x_adv)
