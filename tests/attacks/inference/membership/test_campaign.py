"""A model, members and others in; a verdict out, or a refusal with its reason."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest

from attacks.inference.membership.plants import drawn
from redan.attacks.campaign.inputs import Opening, Target
from redan.attacks.inference.membership import matrix_from
from redan.attacks.inference.membership.blind import blind_baseline, blind_to_target
from redan.attacks.inference.membership.campaign import Wanted, inferred, try_membership
from redan.attacks.inference.membership.fidelity import likeness
from redan.attacks.inference.membership.quantiles import qmia
from redan.attacks.inference.membership.shadows import Kept, parsed, plan_of, trained
from redan.attacks.inference.membership.telling import records_at_risk, tell
from redan.attacks.inference.membership.verdict import lowest, verdict
from redan.errors import IncompleteError, InputError, UsageError
from redan.terms import Outcome

pytest.importorskip("sklearn")
skops = pytest.importorskip("skops.io")


def outcome(found, **more):
    return tell(found, "model:m", **more).outcome


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Rows with noisy classes, two estimators that learnt them, and files of both halves."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    folder = tmp_path_factory.mktemp("membership")
    rng = np.random.default_rng(5)
    x = rng.normal(size=(1600, 6)).astype(np.float32)
    y = (x[:, 0] + rng.normal(0, 1.5, 1600) > 0).astype(np.int64)
    for name, rows in (("in", slice(0, 800)), ("out", slice(800, None))):
        np.savez(folder / f"{name}.npz", x=x[rows], y=y[rows])
        header = ",".join([*(f"f{i}" for i in range(6)), "class"])
        words = np.where(y[rows] == 1, "yes", "no")
        lines = [",".join([*(repr(float(v)) for v in row), word]) for row, word in zip(x[rows], words, strict=True)]
        (folder / f"{name}.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    np.savez(folder / "moved.npz", x=x[800:] + 1, y=y[800:])
    skops.dump(RandomForestClassifier(25, random_state=0).fit(x[:800], y[:800]), folder / "weak.skops")
    skops.dump(LogisticRegression().fit(x[:800], y[:800]), folder / "firm.skops")
    return folder


def campaign(made, model, *, others="out.npz", shadows=16, **more):
    opening = Opening(str(made / model), trusted=("sklearn.tree._tree.Tree",))
    return try_membership(opening, made / "in.npz", made / others, Wanted(shadows=shadows, **more))


def test_weak_model_is_broken_and_firm_one_holds(made):
    """A forest that knows its records by heart is found out; a line through them is not blamed."""
    weak = campaign(made, "weak.skops")
    assert outcome(weak) is Outcome.BROKEN
    assert weak.recipe == "RandomForestClassifier, trained as it was"
    assert weak.accuracy[0] > 0.99
    firm = campaign(made, "firm.skops")
    assert outcome(firm) is Outcome.HOLDS
    assert verdict(firm, multiple=1.0).outcome is not Outcome.HOLDS
    assert firm.cost.queries == 1600


def test_shifted_split_is_refused(made):
    """Non-members from elsewhere are told by a classifier that never asks the model, so that nothing is claimed."""
    found = campaign(made, "weak.skops", others="moved.npz", shadows=0)
    told = tell(found, "model:m")
    assert told.outcome is Outcome.NOT_RUN
    assert "differ without the model" in told.message
    assert any(one.shifted for one in found.blind)


def test_a_wide_interval_says_how_many_records_would_tell():
    """Numbers of both kinds, a whole multiple of those given, that bring the same curves to a verdict."""
    found = inferred(drawn(models=21, samples=2400, effect=1.6, seed=10))
    told = verdict(found)
    assert told.outcome is Outcome.NOT_RUN
    given = found.tested[0].curve
    members, others = (
        int(word.replace(",", "")) for word in re.findall(r"[\d,]*\d (?=members|non-members)", told.advice)
    )
    assert members % given.positives == others % given.negatives == 0
    assert members // given.positives == others // given.negatives >= 4
    fewer = inferred(drawn(models=21, samples=900, effect=1.6, seed=10))
    assert "non-members or more" in verdict(fewer).advice
    assert lowest(fewer) > 0.01


def test_without_shadows_nothing_found_is_no_bound(made):
    """Attacks without shadows never clear a model."""
    assert outcome(campaign(made, "firm.skops", shadows=0)) is Outcome.NOT_RUN


def test_members_as_others_are_refused(made):
    """All non-members being members leaves nobody to tell apart; labels and kinds of files are looked at."""
    with pytest.raises(IncompleteError, match="members too"):
        campaign(made, "weak.skops", others="in.npz")
    with pytest.raises(UsageError, match="two kinds"):
        campaign(made, "weak.skops", others="out.csv")
    with pytest.raises(UsageError, match="columns"):
        campaign(made, "weak.skops", label="class")


def test_tables_of_words(made, tmp_path):
    """A table with words as classes, and an estimator that names its columns."""
    pandas = pytest.importorskip("pandas")
    from sklearn.ensemble import RandomForestClassifier

    frame = pandas.read_csv(made / "in.csv")
    tree = RandomForestClassifier(25, random_state=0).fit(frame.drop(columns="class"), frame["class"])
    skops.dump(tree, tmp_path / "m.skops")
    opening = Opening(str(tmp_path / "m.skops"), trusted=("sklearn.tree._tree.Tree",))
    found = try_membership(opening, made / "in.csv", made / "out.csv", Wanted(label="class", shadows=6))
    assert outcome(found) is Outcome.BROKEN
    assert all(name.startswith("record ") for name, _ in records_at_risk(found))
    with pytest.raises(UsageError, match="label"):
        try_membership(opening, made / "in.csv", made / "out.csv", Wanted(shadows=2))


def test_same_seed_same_finding(made):
    """Two runs of a seed tell the same, and nothing of a record but its row."""
    one, two = (tell(campaign(made, "weak.skops", shadows=4), "model:m").to_json() for _ in range(2))
    assert json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True)
    assert {"log-roc", "distributions"} == {picture["kind"] for picture in one["detail"]["pictures"]}
    assert all(record["record"].startswith("row ") for record in one["detail"]["records_most_at_risk"])


def test_few_records_and_constant_scores_are_refused():
    """Forty of each are needed, and scores that differ."""
    made = drawn(samples=60)
    with pytest.raises(IncompleteError, match="too few"):
        inferred(made)
    flat = drawn(samples=900)
    with pytest.raises(IncompleteError, match="alike"):
        inferred(matrix_from(0 * flat.phi, flat.inside))


def test_verdict_needs_non_members():
    """With three hundred of them, no rate is shown for three attacks together, and the number that would do is told."""
    found = verdict(inferred(drawn(models=21, samples=600, effect=4)))
    assert found.outcome is Outcome.NOT_RUN
    assert found.needed > 300
    assert verdict(inferred(drawn(models=21, samples=2400, effect=4))).outcome is Outcome.BROKEN
    assert verdict(inferred(drawn(models=21, samples=3000, effect=0, seed=3))).outcome is Outcome.HOLDS


def test_shadows_unlike_the_model_clear_nothing():
    """Shadows with other scores or sizes are told, and then nothing found is no bound."""
    made = drawn(models=21, samples=3000, effect=0, seed=3)
    assert likeness(made).alike
    phi = made.phi.copy()
    phi[0] += 8
    moved = matrix_from(phi, made.inside)
    assert not likeness(moved).alike
    assert verdict(inferred(moved)).outcome is Outcome.NOT_RUN
    assert "trained on" in likeness(made, trained_on=60_000).unlike[0]


def test_baseline_is_at_chance_on_one_population():
    """Over eight splits of one population, a difference is claimed in few; of two populations, always."""
    rng = np.random.default_rng(0)
    false = 0
    for seed in range(8):
        x, members = rng.normal(size=(300, 4)), rng.random(300) < 0.5
        false += blind_baseline(x, members, seed=seed).shifted
        assert blind_baseline(x + members[:, None], members, seed=seed).shifted
    assert false <= 2


def test_shadows_tell_a_shifted_split_by_difficulty():
    """Members that every model finds easier are told by shadows that were not trained on them."""
    made = drawn(models=21, samples=2000, effect=0)
    assert not blind_to_target(made).shifted
    easy = matrix_from(made.phi + made.inside[0], made.inside)
    assert blind_to_target(easy).shifted
    assert verdict(inferred(easy)).outcome is Outcome.NOT_RUN


def test_quantiles_take_difficulty_out():
    """Where hard and easy records differ by a feature, regression finds members that one threshold does not."""
    from redan.attacks.inference.membership import judged

    rng = np.random.default_rng(1)
    hard, members = rng.normal(size=2000), rng.random(2000) < 0.5
    phi = 4 * hard + 2 * members + rng.normal(size=2000)
    found = judged(qmia(phi, np.column_stack([hard, rng.normal(size=2000)]), members), members)
    assert found.area.interval.low > judged(phi, members).area.interval.high
    with pytest.raises(InputError, match="too few"):
        qmia(phi[:50], hard[:50], np.arange(50) < 40)


def test_plans_keep_both_sides():
    """Each sample is with and without shadows; sizes follow the share of members."""
    members = np.arange(900) < 600
    for shadows in (2, 3, 8):
        inside = plan_of(members, shadows, 0).inside
        assert len(set(inside.sum(axis=0))) == 1
        assert 0 < inside.sum(axis=0)[0] < shadows
    assert plan_of(members, 40, 0, coins=True).inside.mean() == pytest.approx(2 / 3, abs=0.02)
    with pytest.raises(InputError, match="compare"):
        plan_of(members, 1, 0)


def test_work_goes_on_where_it_stopped(tmp_path):
    """Shadows in the file are not trained again, a line that was cut off is, and other work is refused."""
    calls = []

    def scores(rows, seed):
        calls.append(seed)
        return np.random.default_rng(seed).normal(size=50) + len(rows)

    trainer = SimpleNamespace(name="t", scores=scores)
    plan, file = plan_of(np.arange(50) < 25, 4, 7), tmp_path / "work"
    whole = trained(trainer, plan, work=file)
    assert len(calls) == 4
    file.write_bytes(file.read_bytes()[:-30])
    np.testing.assert_array_equal(trained(trainer, plan, work=file), whole)
    assert len(calls) == 5
    np.testing.assert_array_equal(trained(trainer, plan), whole)
    with pytest.raises(InputError, match="work"):
        Kept(file, plan.digest("other"), 50)
    for bad in (b"{}\n", b"[1]\n", b"\xff\n"):
        with pytest.raises(InputError, match="work"):
            parsed(bad, "a", 3, "f")


@pytest.mark.slow
def test_workers_train_the_same_shadows(made, tmp_path):
    """Shadows from a Ray cluster of this machine are those of this process, and are kept."""
    pytest.importorskip("ray")
    from redan.attacks.campaign.parts import Cluster

    here = campaign(made, "firm.skops", shadows=2)
    there = campaign(made, "firm.skops", shadows=2, cluster=Cluster(), work=tmp_path / "work")
    np.testing.assert_array_equal(here.matrix.phi, there.matrix.phi)
    assert (tmp_path / "work").read_bytes().count(b"\n") == 3


class Served:
    """An endpoint that answers by a rule of the rows and of how often it was asked."""

    classes, forward = None, 0

    def __init__(self, told):
        self.told, self.times = told, 0

    def ask(self, x):
        self.times += 1
        return self.told(x, self.times)


def served(made, told, **more):
    target = Target("m", endpoint=Served(told), of="http://127.0.0.1#m")
    return try_membership(lambda: target, made / "in.npz", made / "out.npz", Wanted(shadows=0, **more))


def likely(x):
    share = 1 / (1 + np.exp(-x[:, :1].astype(np.float64)))
    return np.hstack([1 - share, share])


def test_an_endpoint_that_answers_at_random_is_not_cleared(made):
    """Asked again it says something else: that is told, and nothing found is no bound."""
    rng = np.random.default_rng(0)
    noisy = served(made, lambda x, times: np.clip(likely(x) + rng.normal(0, 0.1, (len(x), 1)) * [1, -1], 0.01, 0.99))
    assert noisy.unsteady > 20
    assert f"answered {noisy.unsteady} of 32 records differently" in tell(noisy, "model:m").message
    told = verdict(noisy._replace(likeness=likeness(drawn(models=21, samples=3000, effect=0, seed=3))))
    assert told.outcome is Outcome.NOT_RUN
    assert "unsteady" in told.why
    assert "noise" in told.advice
    still = served(made, lambda x, times: likely(x))
    assert still.unsteady == 0
    assert still.cost.queries == 1600 + 32
    assert not still.notes or "Asked again" not in " ".join(still.notes)


def test_an_endpoint_that_is_not_asked_twice_says_so(made):
    """A budget that reaches once, and a service that refuses then."""
    once = served(made, lambda x, times: likely(x), budget=1600)
    assert once.cost.queries == 1600
    assert "not asked twice" in " ".join(once.notes)


def test_one_answer_to_everything_and_one_class_are_refused(made, tmp_path):
    """A constant model tells nothing, labels or scores; no shadow learns from one class."""
    for told in (lambda x, times: np.tile([[0.3, 0.7]], (len(x), 1)), lambda x, times: np.ones(len(x), dtype=int)):
        with pytest.raises(IncompleteError, match="one answer to all 1,600 records"):
            served(made, told)
    for name in ("in", "out"):
        rows = np.load(made / f"{name}.npz")
        np.savez(tmp_path / f"{name}.npz", x=rows["x"][rows["y"] == 1], y=rows["y"][rows["y"] == 1])
    opening = Opening(str(made / "firm.skops"))
    with pytest.raises(InputError, match="one class") as caught:
        try_membership(opening, tmp_path / "in.npz", tmp_path / "out.npz", Wanted(shadows=2))
    assert "in.npz" in caught.value.where
    assert outcome(try_membership(opening, tmp_path / "in.npz", tmp_path / "out.npz", Wanted(shadows=0))) is (
        Outcome.NOT_RUN
    )


def test_a_bound_that_every_model_meets_clears_none():
    """Beyond a true-positive rate of one there is nothing to exceed."""
    found = inferred(drawn(models=21, samples=3000, effect=4.0, seed=3))
    assert verdict(found, multiple=10).outcome is Outcome.BROKEN
    told = verdict(found, multiple=100)
    assert told.outcome is Outcome.NOT_RUN
    assert "cannot show a false-positive rate of 0.001" in told.why
    beyond = verdict(found, multiple=1000)
    assert beyond.outcome is Outcome.NOT_RUN
    assert "less than 1000" in beyond.advice


def test_rows_that_cannot_be_asked_are_told_by_their_file(made, tmp_path):
    """Labels that are missing throughout, and a number that became a word: the file, the column, both types."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(made / "out.csv")
    frame.assign(**{"class": None}).to_csv(tmp_path / "none.csv", index=False)
    words = frame.assign(f1=frame["f1"].astype(object))
    words.loc[3, "f1"] = "inf"
    words.to_csv(tmp_path / "words.csv", index=False)
    from sklearn.linear_model import LogisticRegression

    known = pandas.read_csv(made / "in.csv")
    skops.dump(LogisticRegression().fit(known.drop(columns="class"), known["class"]), tmp_path / "m.skops")
    for name, says in (("none.csv", "for a missing label"), ("words.csv", r"f1 \(string, not double\)")):
        with pytest.raises(InputError, match=says) as caught:
            try_membership(
                Opening(str(tmp_path / "m.skops")), made / "in.csv", tmp_path / name, Wanted(label="class", shadows=2)
            )
        assert name in caught.value.where


def test_work_of_another_model_or_other_records_is_refused(made, tmp_path):
    """The same kind of model with another constant, or other rows in the same places, has other shadows."""
    from sklearn.linear_model import LogisticRegression

    rows = np.load(made / "in.npz")
    skops.dump(LogisticRegression(C=0.001).fit(rows["x"], rows["y"]), tmp_path / "other.skops")
    np.savez(tmp_path / "in.npz", x=rows["x"][::-1], y=rows["y"][::-1])
    work = tmp_path / "work"
    campaign(made, "firm.skops", shadows=2, work=work)
    kept = work.read_bytes()
    wanted = Wanted(shadows=2, work=work)
    for model, members in ((tmp_path / "other.skops", made), (made / "firm.skops", tmp_path)):
        with pytest.raises(InputError, match="no work of these shadows"):
            try_membership(Opening(str(model)), members / "in.npz", made / "out.npz", wanted)
    assert work.read_bytes() == kept
