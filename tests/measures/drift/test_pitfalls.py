"""The known ways to get shift wrong, each with the wrong way's figure beside ours.

The wrong ways are those of widely used monitors (evidently 0.7.23 where a formula is meant), written down here in a few
lines each; the figures were published with the project's research or follow from arithmetic.
"""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare, ks_2samp, norm

from redan.measures.drift import Settings, chi_square, freeze, ks, psi, shift
from redan.measures.drift.bins import Bins, counted, edges_of
from redan.measures.drift.features import features
from redan.measures.drift.psi import psi_value
from redan.stats import two_sample

DECILES = norm.ppf(np.arange(1, 20) / 20)


def goodness_of_fit(reference, current):
    """The wrong way: the reference is scaled up and taken for the truth."""
    return chisquare(current, reference * current.sum() / reference.sum()).pvalue


def equal_width(reference, current):
    """The wrong way: Sturges' equal-width bins over both samples together."""
    edges = np.histogram_bin_edges(np.concatenate([reference, current]), bins="sturges")
    a, b = (np.histogram(side, edges)[0] / len(side) for side in (reference, current))
    a, b = (np.where(side == 0, 1e-4, side) for side in (a, b))
    return float(((b - a) * np.log(b / a)).sum())


@pytest.mark.parametrize(("levels", "wrong"), [(2, 0.19), (5, 0.31), (10, 0.50), (20, 0.75), (40, 0.94)])
def test_two_samples_are_no_goodness_of_fit(levels, wrong):
    """Pitfall 1: at nominal 5 % the wrong way alarms in up to 94 % of quiet cases, ours in 5 % within 1.5 points."""
    rng = np.random.default_rng(levels)
    a, b = (rng.multinomial(1_000, np.full(levels, 1 / levels), size=3_000) for _ in range(2))
    ours = np.mean([two_sample.chi_square(x, y).p < 0.05 for x, y in zip(a, b, strict=True)])
    theirs = np.mean([goodness_of_fit(x, y) < 0.05 for x, y in zip(a[:400], b[:400], strict=True)])
    assert abs(ours - 0.05) <= 0.015
    assert theirs == pytest.approx(wrong, abs=0.09)


@pytest.mark.parametrize("expected", [0.5, 1.0, 3.0])
def test_chi_square_keeps_its_level_where_counts_are_small(expected):
    """With a few rows per level, draws take the place of the approximation, and 5 % stay at most 6.5 %."""
    rng = np.random.default_rng(7)
    rows = round(40 * expected)
    a, b = (rng.multinomial(rows, np.full(40, 1 / 40), size=120) for _ in range(2))
    found = np.mean([two_sample.chi_square(x, y, rng).p < 0.05 for x, y in zip(a, b, strict=True)])
    assert found <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 120)


def test_one_row_does_not_silence_the_alarm():
    """Pitfall 2: one row of a million silences the wrong way (1.03 to 0.02), ours still says 0.93 and alarms."""
    rng = np.random.default_rng(2)
    reference, current = rng.normal(size=10_000), rng.normal(1, 1, 10_000)
    blinded = np.append(current, 1e6)
    assert equal_width(reference, current) > 0.8
    assert equal_width(reference, blinded) < 0.05  # far below any alarm
    assert psi(reference, blinded).value == pytest.approx(0.94, abs=0.05)
    assert psi(reference, blinded).value == pytest.approx(psi(reference, current).value, abs=0.01)
    whole = shift(pd.DataFrame({"x": reference}), pd.DataFrame({"x": blinded}), jointly=False)
    assert whole.noticed
    assert whole.features[0].moved.low > 0.34  # of the 0.383 that one standard deviation moves


@pytest.mark.parametrize("planted", [1e6, -1e6, math.inf, -math.inf, math.nan, 1e308, 5e-324])
def test_no_single_row_raises_or_silences_it(planted):
    """Pitfall 2, the other way round, too: whatever one row holds, here or in the reference, the verdict stays."""
    rng = np.random.default_rng(3)
    quiet, moved = rng.normal(size=1_000), rng.normal(1, 1, 1_000)
    frames = {name: pd.DataFrame({"x": v, "y": rng.normal(size=1_000)}) for name, v in (("q", quiet), ("m", moved))}
    spoilt = {name: frame.assign(x=np.append(frame["x"][1:], planted)) for name, frame in frames.items()}
    reference = pd.DataFrame({"x": rng.normal(size=1_000), "y": rng.normal(size=1_000)})
    stained = reference.assign(x=np.append(reference["x"][1:], planted))
    for old in (reference, stained):
        assert not shift(old, spoilt["q"], jointly=False).noticed
        assert [f.name for f in shift(old, spoilt["m"], jointly=False).shifted] == ["x"]
    assert not shift(stained, spoilt["q"]).joint.shifted
    assert shift(stained, spoilt["m"]).joint.shifted


def test_planted_row_does_not_set_the_width_of_the_kernel():
    """A kernel test on raw values is blind after one row of a million; ours goes by ranks of the reference."""
    from redan.measures.drift import mmd

    rng = np.random.default_rng(4)
    reference, current = rng.normal(size=(300, 2)), rng.normal(1, 1, (300, 2))
    current[0] = 1e6
    assert mmd(reference, current, rng=rng).p <= 0.005


def test_huge_samples_make_no_alarm_of_nothing():
    """Pitfall 3: at a million rows a shift of 0.05 standard deviations has p 1e-150 and moves 2 % of the rows: no alarm."""
    rng = np.random.default_rng(5)
    reference, current = rng.normal(size=1_000_000), rng.normal(0.05, 1, 1_000_000)
    found = ks(reference, current)
    assert found.p < 1e-120  # the wrong way would alarm
    assert found.statistic == pytest.approx(0.02, abs=0.003)
    frames = [pd.DataFrame({"x": side}) for side in (reference, current)]
    whole = shift(*frames, jointly=False)
    assert not whole.noticed
    assert whole.features[0].moved.high < 0.03
    assert shift(*frames, jointly=False, settings=Settings(tolerated=0.01)).noticed  # the size decides, not n


@pytest.mark.parametrize(("rows", "wrong"), [(100, 0.85), (200, 0.39), (500, 0.0)])
def test_psi_has_a_critical_value_of_its_own(rows, wrong):
    """Pitfall 4: with 100 rows PSI exceeds 0.1 in 85 % of quiet cases; ours knows its mean, and 5 % is 5 %."""
    rng = np.random.default_rng(6)
    share = np.full(10, 0.1)
    a, b = (rng.multinomial(rows, share, size=2_000) for _ in range(2))
    values = np.array([psi_value(x, y) for x, y in zip(a, b, strict=True)])
    assert np.mean(values > 0.1) == pytest.approx(wrong, abs=0.07)
    assert values.mean() == pytest.approx(9 * (2 / rows), rel=0.15)
    samples = rng.normal(size=(150, 2, rows))
    found = [psi(x, y, seed=i) for i, (x, y) in enumerate(samples)]
    assert found[0].expected == pytest.approx(9 * (2 / rows))
    assert np.mean([f.value > f.critical for f in found]) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 150)
    assert np.mean([f.p <= 0.05 for f in found]) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 150)


def day(rng, bins, rows):
    """Counts of one day of 14 numbers and 6 columns of levels, none of which changed."""
    return {
        b.name: counted(rng.normal(size=rows), b)
        if b.ordered
        else np.concatenate([[0], rng.multinomial(rows, np.full(len(b.levels), 1 / len(b.levels))), [0]])
        for b in bins
    }


def test_a_quiet_month_of_twenty_columns():
    """Pitfalls 5 and 6: raw p-values alarm in every quiet month (and 64 % of days); ours in none of 25, even if nothing may move."""
    rng = np.random.default_rng(8)
    numbers = [Bins(name=f"x{i}", kind="number", edges=tuple(DECILES)) for i in range(14)]
    levels = [Bins(name=f"c{i}", kind="level", levels=tuple("abcdefghij"[: 3 + i])) for i in range(6)]
    bins, settings = (*numbers, *levels), Settings()
    alarms, strict, raw_days, raw_months = 0, 0, [], 0
    for _ in range(25):
        reference = day(rng, bins, 1_000)
        days = [features(bins, reference, day(rng, bins, 1_000), settings, settings.look) for _ in range(30)]
        raw = [any(f.change.p < 0.05 for f in found) for found in days]
        raw_days += raw
        raw_months += any(raw)
        alarms += any(f.shifted for found in days for f in found)
        strict += any(f.moved.low > 0 for found in days for f in found)
    assert raw_months == 25  # the wrong way: every month
    assert 0.4 < np.mean(raw_days) < 0.85  # 64 % by arithmetic; bins and levels make p a little conservative
    assert alarms == 0
    assert strict <= 25 * 0.05 + 1


def test_daily_p_values_of_one_column():
    """Pitfall 6: thirty looks at one stable column alarm in about two of three months at p < 0.05."""
    rng = np.random.default_rng(9)
    months = 0
    for _ in range(60):
        reference = rng.normal(size=500)
        months += any(ks_2samp(reference, rng.normal(size=500), method="asymp").pvalue < 0.05 for _ in range(30))
    assert months / 60 > 0.5


def test_engines_get_the_same_frozen_edges():
    """Pitfall 13: edges are fixed once; another engine, and another row order, counts over the very same ones."""
    import polars as pl

    rng = np.random.default_rng(10)
    frame = pd.DataFrame(
        {"x": rng.gamma(2, 3, 5_000), "k": rng.integers(0, 9, 5_000), "c": rng.choice(list("abc"), 5_000)}
    )
    frozen = [freeze_of(f) for f in (frame, frame.sample(frac=1, random_state=1), pl.from_pandas(frame).lazy())]
    assert len({f.digest for f in frozen}) == 1
    current = pd.DataFrame({"x": rng.gamma(2, 3, 500), "k": rng.integers(0, 9, 500), "c": rng.choice(list("abc"), 500)})
    found = [shift(f, c, jointly=False).features for f in frozen for c in (current, pl.from_pandas(current).lazy())]
    assert all(f == found[0] for f in found)


def freeze_of(frame):
    from redan.tables import table_of

    return freeze(table_of(frame))


def test_levels_unseen_in_the_reference():
    """A level that the reference lacks is counted, not dropped and not divided by zero."""
    rng = np.random.default_rng(11)
    reference = pd.DataFrame({"c": rng.choice(["a", "b"], 800)})
    current = pd.DataFrame({"c": rng.choice(["a", "b", "new"], 800)})
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = (f["c"].value_counts().reindex(["a", "b", "new"], fill_value=0) for f in (reference, current))
        assert not np.isfinite(((b / 800 - a / 800) * np.log(b / a)).sum())  # the wrong way
    found = shift(reference, current, jointly=False).features[0]
    assert found.shifted
    assert found.unseen == pytest.approx(1 / 3, abs=0.05)
    assert math.isfinite(found.psi)
    assert chi_square(reference["c"].to_numpy(), current["c"].to_numpy()).p < 1e-20


def test_another_mix_of_classes():
    """A mix of classes that drifts moves no class within itself, and is told as what it is."""
    rng = np.random.default_rng(12)

    def made(rows, share):
        fraud = rng.random(rows) < share
        return pd.DataFrame({"x": rng.normal(fraud * 0.5, 1), "label": np.where(fraud, "fraud", "fine")})

    found = shift(made(2_000, 0.2), made(2_000, 0.6), label="label", jointly=False)
    assert found.classes.shifted
    assert not any(f.shifted for f in found.within_classes)
    assert found.classes.moved.low > 0.25


@pytest.mark.parametrize("form", ["grey", "colour", "channels first", "matrix", "columns"])
def test_a_change_of_light(form):
    """A darker or brighter day shows in pictures given as arrays, as a matrix of pixels and as columns of a table."""
    rng = np.random.default_rng(13)
    shapes = {"grey": (12, 12), "colour": (12, 12, 3), "channels first": (3, 12, 12)}.get(form, (36,))
    old, new, *lit = (
        np.clip(
            rng.normal(0.5, 0.1, (300, *shapes)) * factor * rng.uniform(0.8, 1.2, (300, *(1 for _ in shapes))), 0, 1
        )
        for factor in (1, 1, 0.7, 1.3)
    )
    if form == "columns":
        old, new, *lit = (pd.DataFrame(a, columns=[f"p{i}" for i in range(36)]) for a in (old, new, *lit))
    assert not shift(old, new).noticed
    for light in lit:
        found = shift(old, light)
        assert found.shifted
        assert found.joint.shifted


def test_edges_are_of_the_reference_alone():
    """Whatever the current data is, the bins are those of the reference, with open ends."""
    rng = np.random.default_rng(14)
    reference = rng.normal(size=1_000)
    assert edges_of(np.quantile(reference, [0.1, 0.9]), whole=False)[0] == pytest.approx(np.quantile(reference, 0.1))
    bins = Bins(name="x", kind="number", edges=edges_of(np.quantile(reference, [0.1, 0.9]), whole=False))
    assert counted(np.array([-1e300, 1e300, np.inf, -np.inf]), bins).tolist() == [0, 2, 0, 2]
