"""The quicker gradient of thin convolutions is the gradient."""

import pytest
import torch
from torch import nn

from redan.attacks.evasion import Network
from redan.attacks.evasion.faster import faster
from redan.attacks.evasion.thin import ThinConv, is_thin

KINDS = [
    {"kernel_size": 3},
    {"kernel_size": 4, "stride": 2, "padding": 1},
    {"kernel_size": (3, 5), "padding": (1, 2), "bias": False},
    {"kernel_size": 3, "dilation": 2, "padding": 2},
    {"kernel_size": 7, "stride": (2, 3), "padding": 3},
]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_logits_and_gradient_are_those_of_the_convolution(kind, channels):
    """Any stride, padding and dilation; channels last too."""
    torch.manual_seed(0)
    conv = nn.Conv2d(channels, 8, **kind).eval()
    assert is_thin(conv)
    for form in (torch.contiguous_format, torch.channels_last):
        x = torch.rand(5, channels, 13, 11).to(memory_format=form).requires_grad_()
        plain, quick = conv(x), ThinConv(conv)(x)
        weight = torch.randn_like(plain)
        (wanted,) = torch.autograd.grad((plain * weight).sum(), x)
        (told,) = torch.autograd.grad((quick * weight).sum(), x)
        assert torch.equal(plain, quick)
        assert torch.allclose(wanted, told, atol=1e-5)


def test_others_are_left_alone():
    """Many channels, groups, other paddings."""
    others = [nn.Conv2d(5, 4, 3), nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(1, 4, 3, padding="same")]
    others += [nn.Conv2d(1, 4, 3, padding=1, padding_mode="circular"), nn.Linear(3, 3)]
    assert not any(is_thin(part) for part in others)


def test_a_network_takes_the_quick_form():
    """The first convolution is replaced, in a copy; logits and gradients agree."""
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.Flatten())
    net = nn.Sequential(body, nn.Linear(8 * 24 * 24, 10)).eval()
    x = torch.rand(20, 1, 28, 28)
    network = Network(net)
    quick = faster(network, x.numpy())
    assert quick is not network
    assert [type(part) for part in quick.module.modules()].count(ThinConv) == 1
    assert not any(isinstance(part, ThinConv) for part in net.modules())
    one, other = (each.gradient(x, lambda logits, _: logits.amax(dim=1)) for each in (network, quick))
    assert torch.allclose(one.logits, other.logits, atol=1e-5)
    assert torch.allclose(one.gradient, other.gradient, atol=1e-5)
