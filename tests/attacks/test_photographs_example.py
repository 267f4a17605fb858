"""The photographs example: its network, its crops and its drawing, without the packages it fetches."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
Image = pytest.importorskip("PIL.Image")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "photographs"


@pytest.fixture
def example(monkeypatch):
    """Its scripts as modules, whose names are not kept."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    names = ("network", "first_adversarial_example")
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield [importlib.import_module(name) for name in names]
    for name in names:
        sys.modules.pop(name, None)


def test_the_network_is_the_published_one_in_size(example):
    """4,652,008 weights, as in the published file, and 1,000 logits for a picture."""
    net = example[0].Lite0().eval()
    assert sum(weight.numel() for weight in net.parameters()) == 4_652_008
    assert net(torch.zeros(1, 3, 224, 224)).shape == (1, 1000)


def test_a_crop_is_a_square_of_the_photograph(example, tmp_path):
    """The left and the right end of a picture that is black on the left and white on the right."""
    pixels = np.zeros((60, 120, 3), np.uint8)
    pixels[:, 60:] = 255
    Image.fromarray(pixels).save(tmp_path / "halves.png")
    left, right = (example[0].crop(tmp_path / "halves.png", share=0.5, at=(side, 0.5)) for side in (0.0, 1.0))
    assert left.shape == (3, 224, 224)
    assert left.dtype == np.float32
    assert (left.max(), right.min()) == (0.0, 1.0)


def test_aimed_is_right_until_the_network_is_sure(example):
    """Class 1 exactly where the target's share is above the bar."""
    net = torch.nn.Identity()
    aimed = example[1].Aimed(net, 1, 0.9)
    x = 5 * torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(aimed(x).argmax(1) == 1, net(x).softmax(1)[:, 1] > 0.9)
    assert 0 < int(aimed(x).argmax(1).sum()) < 200


def test_the_sheet_holds_its_pictures_as_they_are(example):
    """Three pictures in a row, pixel by pixel."""
    parts = [(np.full((3, 8, 8), share, np.float32), "one", "two") for share in (0.0, 0.2, 1.0)]
    sheet = np.asarray(example[1].drawn(parts))
    edge, step = example[1].EDGE, 8 + example[1].GAP
    found = [sheet[edge : edge + 8, edge + place * step :][:, :8] for place in range(3)]
    assert [int(one.min()) for one in found] == [int(one.max()) for one in found] == [0, 51, 255]
