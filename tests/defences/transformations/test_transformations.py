"""Transformations: the same as other implementations of them, and no defence against one who knows them."""

import io

import numpy as np
import pytest
import torch
from scipy import ndimage
from sklearn.datasets import load_sample_images
from torch import nn

from attacks import models
from redan.attacks.evasion.network import Network
from redan.attacks.evasion.white_box import apgd
from redan.attacks.threat import L2, Linf
from redan.defences import transformations as t
from redan.defences.transformations.report import without_limit
from redan.errors import InputError

ALL = [t.BitDepth(3), t.Median(3), t.Gaussian(0.7, 3), t.Jpeg(50), t.Noise(0.15), t.Shift(1)]
LITTLE = t.Effort(steps=30, queries=100, targets=2, draws=8, votes=9)


def pictures(n=3, channels=1, rows=20, columns=13):
    return torch.rand((n, channels, rows, columns), generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("channels", [1, 3])
def test_filters_are_those_of_scipy(channels):
    """The median and the Gaussian filter give the values of SciPy's with mirrored edges."""
    x = pictures(channels=channels)
    plain = x.numpy()
    median = ndimage.median_filter(plain, size=(1, 1, 5, 5), mode="mirror")
    smooth = ndimage.gaussian_filter(plain, sigma=(0, 0, 0.9, 0.9), mode="mirror", radius=(0, 0, 2, 2))
    assert np.array_equal(t.Median(5)(x).numpy(), median)
    assert np.allclose(t.Gaussian(0.9, 5)(x).numpy(), smooth, atol=1e-6)


def test_levels():
    """Two bits leave four levels, the nearest of them, whatever the input."""
    x = torch.tensor([[-0.2, 0.0, 0.16, 0.17, 0.5001, 0.9, 1.3]])
    assert torch.allclose(t.BitDepth(2)(x), torch.tensor([[0, 0, 0, 1, 2, 3, 3]]) / 3)


@pytest.mark.parametrize("quality", [10, 50, 75, 95])
@pytest.mark.parametrize("grey", [True, False])
def test_jpeg_loses_what_a_jpeg_library_loses(quality, grey):
    """A photograph comes back as from Pillow, but for coefficients that integer arithmetic rounds to the other side."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    photo = load_sample_images().images[1][100:203, 200:290]
    photo = photo[:, :, 1] if grey else photo
    stream = io.BytesIO()
    image.fromarray(photo).save(stream, "JPEG", quality=quality, subsampling=0)
    wanted = np.asarray(image.open(stream)).astype(float)
    x = torch.tensor(photo / 255, dtype=torch.float32).reshape(1, *photo.shape[:2], -1).permute(0, 3, 1, 2)
    found = t.Jpeg(quality)(x)[0].permute(1, 2, 0).squeeze(-1).numpy() * 255
    lost = np.abs(wanted - photo).mean()
    assert np.abs(found - wanted).mean() < 0.26 * lost
    assert np.median(np.abs(found - wanted)) == 0


@pytest.mark.parametrize("one", ALL[:4], ids=lambda one: type(one).__name__)
def test_who_knows_it_sees_the_same_answers_and_a_gradient(one):
    """Forward both are equal bit by bit; backward, only the known one has a gradient wherever the deployed has none."""
    data = models.digits()
    x, y = data.x_test[:40], data.y_test[:40]
    deployed, known = t.Defended(one, models.weak()), t.Known(one, models.weak())
    assert torch.equal(deployed(x), known(x))
    assert not deployed.training

    def loss(logits, rows):
        return nn.functional.cross_entropy(logits, y[rows], reduction="none")

    seen = Network(known).gradient(x, loss).gradient.flatten(1).abs().sum(1)
    assert (seen > 0).all()
    if isinstance(one, t.BitDepth | t.Jpeg):
        assert (Network(deployed).gradient(x, loss).gradient == 0).all()


@pytest.mark.parametrize("one", [t.BitDepth(3), t.Jpeg(50)], ids=lambda one: type(one).__name__)
def test_hidden_gradients_hide_nothing(one):
    """An attack on the deployed pair finds next to nothing; the one that knows it breaks many more."""
    data = models.digits()
    deployed, known = t.Defended(one, models.weak()), t.Known(one, models.weak())
    x, y = models.right(deployed, data, 60)
    threat = Linf(0.15)
    blind = apgd(deployed, x, y, threat=threat, steps=30)
    seen = apgd(known, x, y, threat=threat, steps=30)
    assert seen.broken.mean() > blind.broken.mean() + 0.2


@pytest.mark.parametrize("one", ALL, ids=lambda one: type(one).__name__)
def test_each_is_reported_beside_who_knows_it(one):
    """Whoever knows it breaks no fewer than who does not, and shares are of all samples; twice gives the same."""
    data = models.digits()
    x, y = data.x_test[:50], data.y_test[:50]
    told = t.beside(one, models.weak(), x, y, threat=Linf(0.1), effort=LITTLE)
    again = t.beside(one, models.weak(), x.numpy(), y.numpy(), threat=Linf((0.1,) * 50), effort=LITTLE)
    assert told.aware.hits <= told.unaware.hits <= told.clean.hits
    assert told.without.hits <= told.clean_without.hits
    assert {rate.n for rate in (told.clean, told.without, told.unaware, told.aware)} == {50}
    assert told.clean.hits - told.aware.hits == sum(count for _, count in told.first_breaker)
    assert told.aware == again.aware
    assert told.unaware == again.unaware
    assert told.cost.forward > 1000
    assert told.gained == told.aware.value - told.without.value


def test_a_filter_that_only_looks_like_a_defence_is_told():
    """A median filter: robust against inputs made without it, worse than no filter against who knows it."""
    data = models.digits()
    told = t.beside(t.Median(3), models.weak(), data.x_test[:60], data.y_test[:60], threat=Linf(0.1), effort=LITTLE)
    assert told.unaware.value > told.without.value
    assert told.aware.value < told.without.value
    assert told.gained < 0


def test_a_hardened_network_stays_robust_behind_a_filter():
    """What training gave is still there against who knows the filter: the report does not cry at everything."""
    data = models.digits()
    net = models.hardened()
    told = t.beside(t.BitDepth(4), net, data.x_test[:50], data.y_test[:50], threat=Linf(0.1), effort=LITTLE)
    assert told.aware.value > 0.7


def test_drawing_ones_draw_anew_and_can_be_averaged():
    """As deployed each call differs; for who knows the numbers of the draws each answer repeats, row by row."""
    data = models.digits()
    x = data.x_test[:10]
    for one in (t.Noise(0.2), t.Shift(2)):
        assert not torch.equal(one(x), one(x))
        known = t.Known(one, models.weak(), draws=5)
        assert torch.equal(known(x), known(x))
        assert torch.allclose(known(x)[3:4], known(x[3:4]), atol=1e-5)
        parts = torch.stack([models.weak()(one.at(x, number)).softmax(1) for number in range(5)])
        assert torch.allclose(known(x).exp(), parts.mean(0), atol=1e-5)


def test_noise_has_its_size_and_shifts_stay_in_their_range():
    """The spread of the noise is sigma; a shift by up to two pixels moves a dot by no more, in all directions."""
    x = torch.zeros(400, 1, 9, 9)
    assert float(t.Noise(0.3)(x).std()) == pytest.approx(0.3, rel=0.02)
    x[:, :, 4, 4] = 1.0
    places = {tuple(row) for row in t.Shift(2)(x).nonzero()[:, 2:].tolist()}
    assert places == {(r, c) for r in range(2, 7) for c in range(2, 7)}


def test_what_is_no_transformation_or_no_picture_is_refused():
    """Bits, squares, qualities and noise out of range, and rows of a table."""
    for make in (
        lambda: t.BitDepth(0),
        lambda: t.Median(2),
        lambda: t.Gaussian(0.0),
        lambda: t.Jpeg(0),
        lambda: t.Noise(0.0),
        lambda: t.Shift(0),
        lambda: t.Median(3)(torch.rand(2, 5)),
        lambda: t.Jpeg(50)(torch.rand(2, 2, 8, 8)),
        lambda: t.beside(t.BitDepth(3), models.weak(), torch.rand(3, 1, 8, 8) * 9, torch.ones(3).long(), threat=L2(1)),
    ):
        with pytest.raises(InputError):
            make()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("bit-depth:4", t.BitDepth),
        ("median:3", t.Median),
        ("gaussian:0.8", t.Gaussian),
        ("jpeg:75", t.Jpeg),
        ("noise:0.1", t.Noise),
        ("shift:2", t.Shift),
    ],
)
def test_words_of_a_description_are_transformations(text, kind):
    """Each word stands for one, and the report names it."""
    assert isinstance(t.named(text), kind)


@pytest.mark.parametrize(
    "text", ["blur:3", "median:2.5", "median:4", "bit-depth:0", "jpeg:101", "noise:", "noise:-1", ""]
)
def test_other_words_are_one_error(text):
    """Neither an unknown word nor a number that is none of it is a transformation."""
    with pytest.raises(InputError):
        t.named(text)


class Flat(nn.Module):
    """Answers that nothing changes."""

    def forward(self, x):
        return torch.tensor([[1.0, 0.0, -1.0]]).repeat(len(x), 1) + 0.0 * x.sum()


def test_an_attacker_without_limit_breaks_what_can_be_broken():
    """With the whole box, levels leave nothing of a weak network; a network that nothing moves is told."""
    x, y = models.right(models.weak(), models.digits(), 16)
    sign = without_limit(t.BitDepth(3), models.weak(), x, y, threat=Linf(0.1))
    assert not sign.fired
    assert without_limit(t.BitDepth(3), Flat().eval(), x, torch.zeros(16).long(), threat=L2(0.1)).fired


def test_gain_and_loss_are_those_of_single_samples():
    """The paired figures are differences of the rates beside them."""
    x, y = models.right(models.weak(), models.digits(), 24)
    told = t.beside(t.BitDepth(3), models.weak(), x, y, threat=Linf(0.05), effort=LITTLE)
    assert told.robustness.difference == pytest.approx(told.gained)
    assert told.accuracy.difference == pytest.approx(told.clean.value - told.clean_without.value)
