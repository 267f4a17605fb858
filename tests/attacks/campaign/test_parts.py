"""Parts of a campaign: the cut changes nothing, and what is joined is what one part would have been."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attacks.campaign.told import told
from attacks.models import digits, weak
from redan.attacks.campaign.black_box import AskedCampaign
from redan.attacks.campaign.parts import Part, cut, here, work_of
from redan.attacks.campaign.radii import radii_of
from redan.attacks.campaign.white_box import NetworkCampaign
from redan.attacks.evasion.network import Network
from redan.attacks.sources import FunctionSource
from redan.attacks.threat import L2, Linf
from redan.errors import InputError

N = 10


def samples():
    data = digits()
    return data.x_test.numpy()[:N], data.y_test.numpy()[:N]


def network(**options):
    x, y = samples()
    usual = {"threat": Linf(0.3), "suite": "screen", "radii": (0.5,), "watched": 3}
    return NetworkCampaign(network=Network(weak()), x=x, y=y, **{**usual, **options})


def asked(**options):
    x, y = samples()
    ask = Network(weak())
    source = lambda: FunctionSource(lambda rows: ask.logits(__import__("torch").as_tensor(rows)).numpy())  # noqa: E731
    usual = {"threat": Linf(0.3), "queries": 40, "radii": (0.1,)}
    return AskedCampaign(source=source, of="m", x=x, y=y, **{**usual, **options})


@given(st.integers(0, 50), st.integers(1, 60), st.integers(0, 2))
def test_every_sample_is_in_one_part_of_each_radius(n, size, further):
    """Parts cover all samples once at each radius, none is larger than asked, and numbers count up."""
    radii = radii_of(Linf(0.1), [0.2, 0.3][:further])
    parts = cut(n, radii, size)
    assert [part.number for part in parts] == list(range(len(parts)))
    for radius in radii:
        rows = [row for part in parts if part.eps == radius for row in range(part.start, part.stop)]
        assert rows == list(range(n))
    assert all(part.stop - part.start <= size for part in parts)


def test_radii_of_samples_are_cut_with_them():
    """Each part has the radii of its own samples, and no further ones are tried."""
    threat = L2((0.1, 0.2, 0.3))
    assert cut(3, radii_of(threat, [0.5]), 2) == (Part(0, 0, 2, (0.1, 0.2)), Part(1, 2, 3, (0.3,)))


def test_work_files_have_numbers_where_there_are_several():
    """One part keeps the name that was given."""
    part = Part(1, 0, 2, 0.1)
    assert work_of(Path("a/w"), part, 1) == Path("a/w")
    assert work_of(Path("a/w"), part, 3) == Path("a/w.2")
    assert work_of(None, part, 3) is None


@pytest.fixture(scope="module")
def whole():
    """A campaign in one part."""
    campaign = network()
    return told(campaign.joined(here(campaign, None)))


@pytest.mark.parametrize(("size", "slots"), [(4, 32), (10, 500)])
def test_neither_the_cut_nor_slots_change_findings(whole, size, slots):
    """Findings of a network are equal, byte by byte, for every cut and every number of samples in flight."""
    campaign = network(size=size, slots=slots)
    assert told(campaign.joined(here(campaign, None))) == whole


def test_one_sample_in_flight_at_a_time_changes_nothing():
    """Findings are equal where the batch holds one sample, and where it holds all."""
    alone, usual = (network(threat=Linf(0.8), radii=(), slots=slots, size=6) for slots in (1, 500))
    assert told(alone.joined(here(alone, None))) == told(usual.joined(here(usual, None)))


def test_queries_are_cut_alike():
    """Findings of a model that is asked are equal for every cut, with a curve over both radii."""
    found = {told(campaign.joined(here(campaign, None))) for campaign in (asked(), asked(size=4))}
    assert len(found) == 1
    assert "robust-curve" in found.pop()


def test_work_is_kept_for_each_part_and_gone_on_from(tmp_path):
    """A second run finds the work of the first, and tells the same, passes included; another seed is refused."""
    work = tmp_path / "work"
    made = network(size=5, radii=(0.05,))
    first = told(made.joined(here(made, work)))
    kept = ["work.1", "work.1@0.05", "work.2", "work.2@0.05"]
    assert sorted(path.name for path in tmp_path.iterdir()) == kept
    assert told(made.joined(here(made, work))) == first
    with pytest.raises(InputError, match="another model"):
        here(network(size=5, seed=1, radii=(0.05,)), work)


def test_answers_are_paid_for_once(tmp_path):
    """A campaign by queries that goes on asks nothing again but for the judge, and counts what was paid for."""
    first = asked(radii=())
    made = first.joined(here(first, tmp_path / "work"))
    again = first.joined(here(first, tmp_path / "work"))
    assert told(again) == told(made)
    assert again.cost.queries == made.cost.queries > N
    assert again.cost.forward < made.cost.forward


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"y": np.full(N, 10)}, "label 10 of a model of 10 classes"),
        ({"y": np.full(N, -1)}, "a label is negative"),
        ({"x": np.full((N, 1, 8, 8), 2.0, dtype=np.float32)}, "the box is from 0 to 1"),
        ({"x": np.full((N, 1, 8, 8), np.nan, dtype=np.float32)}, "no numbers"),
        ({"y": np.zeros(3, dtype=np.int64)}, "labels of shape"),
        ({"threat": type("L0", (Linf,), {"norm": "l0"})(3.0)}, "no suite for l0"),
        ({"suite": "best"}, "no suite 'best'"),
    ],
)
def test_what_does_not_fit_is_told_before_anything_is_attacked(change, says):
    """Samples of the last part are looked at before the first part is attacked."""
    x, y = samples()
    campaign = NetworkCampaign(network=Network(weak()), **{"x": x, "y": y, "threat": Linf(0.1), **change})
    before = campaign.network.meter.forward
    with pytest.raises(InputError, match=says):
        campaign.parts()
    assert campaign.network.meter.forward - before <= campaign.network.chunk
