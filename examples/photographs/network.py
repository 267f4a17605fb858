"""EfficientNet-lite0 for ImageNet, with the weights of a public package, and photographs as it takes them."""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

SIDE = 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
DATA = Path(__file__).resolve().parent / "data"
# Channels in and out, how often, kernel, stride, factor by which a block widens.
STAGES = (
    (32, 16, 1, 3, 1, 1),
    (16, 24, 2, 3, 2, 6),
    (24, 40, 2, 5, 2, 6),
    (40, 80, 3, 3, 2, 6),
    (80, 112, 3, 5, 1, 6),
    (112, 192, 4, 5, 2, 6),
    (192, 320, 1, 3, 1, 6),
)


def convolution(before: int, after: int, kernel: int = 1, stride: int = 1, *, groups: int = 1) -> list[nn.Module]:
    """A convolution and its normalisation; of a stride of 2 the padding is larger behind, as TensorFlow has it."""
    missing = kernel - stride
    pad = nn.ZeroPad2d((missing // 2, missing - missing // 2) * 2) if missing > 0 else nn.Identity()
    layer = nn.Conv2d(before, after, kernel, stride, groups=groups, bias=False)
    return [pad, layer, nn.BatchNorm2d(after, eps=1e-3)]


class Block(nn.Module):
    """Widens, filters each channel by itself, narrows; adds its input where the shape stays."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, factor: int) -> None:
        super().__init__()
        wide = before * factor
        first = [*convolution(before, wide), nn.ReLU6()] if factor > 1 else []
        middle = [*convolution(wide, wide, kernel, stride, groups=wide), nn.ReLU6()]
        self.layers = nn.Sequential(*first, *middle, *convolution(wide, after))
        self.added = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        """Features."""
        return x + self.layers(x) if self.added else self.layers(x)


class Lite0(nn.Module):
    """From pictures in [0, 1], shape (n, 3, 224, 224), to the logits of 1,000 classes.

    Source: Tan and Le, EfficientNet, ICML 2019 (arXiv 1905.11946); "lite" leaves out squeeze-and-excitation and has
    ReLU6 in place of swish.
    """

    def __init__(self) -> None:
        super().__init__()
        blocks = [
            Block(after if again else before, after, kernel, 1 if again else stride, factor)
            for before, after, times, kernel, stride, factor in STAGES
            for again in range(times)
        ]
        ends = [*convolution(3, 32, 3, 2), nn.ReLU6()], [*convolution(320, 1280), nn.ReLU6()]
        self.features = nn.Sequential(*ends[0], *blocks, *ends[1], nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classes = nn.Linear(1280, 1000)
        self.register_buffer("mean", torch.tensor(MEAN).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.classes(self.features((x - self.mean) / self.std))


def pretrained(folder: Path = DATA) -> Lite0:
    """The network with its published weights, whose names differ and whose order is the same."""
    net = Lite0()
    found = torch.load(folder / "efficientnet-lite0-57934424.pth", weights_only=True, map_location="cpu")
    net.load_state_dict(dict(zip(net.state_dict(), found.values(), strict=True)))
    return net.eval().requires_grad_(requires_grad=False)


def names(folder: Path = DATA) -> list[str]:
    """What the 1,000 classes are called, the first of several names each."""
    found = json.loads((folder / "imagenet1k_label_to_names.json").read_text(encoding="utf-8"))
    return [found[str(place)].split(",")[0] for place in range(len(found))]


def crop(path: Path, *, share: float = 1.0, at: tuple[float, float] = (0.5, 0.5)) -> np.ndarray:
    """A square of a photograph, shape (3, 224, 224) in [0, 1].

    Args:
        path: of the photograph.
        share: of its shorter side.
        at: where of the room that is left, across and down.
    """
    with Image.open(path) as file:
        picture = file.convert("RGB")
    side = round(min(picture.size) * share)
    left, top = (round((size - side) * place) for size, place in zip(picture.size, at, strict=True))
    square = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, (left, top, left + side, top + side))
    return np.moveaxis(np.asarray(square, dtype=np.float32) / np.float32(255), -1, 0).copy()
