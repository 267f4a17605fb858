"""A network of 64 x 64 pixels in colour that tells garments, how they lie and their colour, to be reprogrammed.

Usage: python victim.py [--pictures N] [--epochs N] [--seed S]

Each picture holds one picture of Fashion-MNIST, turned by a multiple of a right angle, in one of two sizes and one of
four colours, anywhere on a ground of coloured squares; there are 160 classes. The weights are cached.
`redan attack reprogramming` takes `models/garments.onnx` and `models/garments.npz`.
"""

import argparse
import gzip
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
MODELS = HERE / "models"
DATA = Path("/usr/share/datasets/fashion-mnist")
SIDE, CLASSES = 64, 160
COLOURS = np.array([[1, 0.2, 0.2], [0.2, 1, 0.2], [0.25, 0.3, 1], [1, 1, 0.2]], np.float32)
GROUNDS = (2, 4, 8, 16)  # squares in each direction
CUT = 0.05  # grey above which a pixel belongs to the garment


class Block(nn.Module):
    """Two convolutions beside a short cut (He et al., CVPR 2016)."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.c = nn.Sequential(*convolution(before, after, 3, stride), nn.ReLU(), *convolution(after, after, 3, 1))
        short = nn.Sequential(*convolution(before, after, 1, stride))
        self.d = short if stride > 1 or before != after else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Features."""
        return torch.relu(self.c(x) + self.d(x))


def convolution(before: int, after: int, kernel: int, stride: int) -> list[nn.Module]:
    """A convolution and its normalisation."""
    return [nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(after)]


def network() -> nn.Sequential:
    """A small residual network, a million weights."""
    first = [*convolution(3, 24, 5, 2), nn.ReLU(), *convolution(24, 48, 3, 2), nn.ReLU()]
    blocks = [Block(48, 96, 2), Block(96, 160, 2), Block(160, 160, 1)]
    return nn.Sequential(*first, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(160, CLASSES))


def idx(name: str) -> np.ndarray:
    """An array of bytes of a gzipped IDX file."""
    data = gzip.decompress((DATA / name).read_bytes())
    shape = np.frombuffer(data, ">u4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def lying(part: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of shape (n, 3, 64, 64) in [0, 1], and which garment lies how in which colour."""
    x, y = idx(f"{part}-images-idx3-ubyte.gz"), idx(f"{part}-labels-idx1-ubyte.gz")
    rng = np.random.default_rng(seed)
    made = np.empty((n, 3, SIDE, SIDE), np.float32)
    chosen, turned, coloured = (rng.integers(0, most, n) for most in (len(x), 4, len(COLOURS)))
    for row in range(n):
        squares = int(rng.choice(GROUNDS))
        made[row] = np.kron(rng.random((3, squares, squares)), np.ones((SIDE // squares, SIDE // squares)))
        garment = np.rot90(x[chosen[row]], turned[row]) / np.float32(255)
        garment = np.kron(garment, np.ones((2, 2), np.float32)) if rng.random() < 0.5 else garment
        side = len(garment)
        a, b = rng.integers(0, SIDE - side + 1, 2)
        here = made[row, :, a : a + side, b : b + side]
        here[:] = np.where(garment > CUT, COLOURS[coloured[row], :, None, None] * garment, here)
    return made, 16 * y[chosen].astype(np.int64) + 4 * turned + coloured


def trained(pictures: int, epochs: int, seed: int) -> nn.Sequential:
    """The network, with a line for each epoch; each epoch has pictures of its own."""
    torch.manual_seed(seed)
    net = network()
    rng = torch.Generator().manual_seed(seed)
    steps = torch.optim.Adam(net.parameters(), 2e-3)
    each = -(-pictures // 128)
    falling = torch.optim.lr_scheduler.OneCycleLR(steps, 4e-3, epochs * each)
    for epoch in range(epochs):
        began = time.monotonic()
        x, y = lying("train", pictures, 1000 * seed + epoch)
        for rows in torch.randperm(len(x), generator=rng).split(128):
            steps.zero_grad()
            nn.functional.cross_entropy(net(torch.from_numpy(x[rows])), torch.from_numpy(y[rows])).backward()
            steps.step()
            falling.step()
        print(f"epoch {epoch + 1}: {time.monotonic() - began:.0f} s", flush=True)
    return net.eval().requires_grad_(requires_grad=False)


def accuracy(net: nn.Module, x: np.ndarray, y: np.ndarray) -> float:
    """Share of pictures that it tells."""
    with torch.no_grad():
        told: list[Tensor] = [net(part).argmax(1) for part in torch.from_numpy(x).split(200)]
    return float((torch.cat(told).numpy() == y).mean())


def pretrained(folder: Path = MODELS) -> nn.Sequential:
    """The network as it was trained here.

    Raises:
        SystemExit: it was not.
    """
    path = folder / "garments.pt"
    if not path.is_file():
        raise SystemExit(f"{path} is not there: python victim.py")
    net = network()
    net.load_state_dict(torch.load(path, weights_only=True))
    return net.eval().requires_grad_(requires_grad=False)


def main() -> None:
    """Trains, measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=30_000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    MODELS.mkdir(exist_ok=True)
    net = trained(options.pictures, options.epochs, options.seed)
    x, y = lying("t10k", 1000, 99)
    torch.save(net.state_dict(), MODELS / "garments.pt")
    np.savez(MODELS / "garments.npz", x=x, y=y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            (torch.zeros(1, 3, SIDE, SIDE),),
            MODELS / "garments.onnx",
            input_names=["x"],
            output_names=["logits"],
            dynamic_axes={"x": {0: "n"}, "logits": {0: "n"}},
            opset_version=17,
            dynamo=False,
        )
    print(f"{MODELS / 'garments.onnx'}: {accuracy(net, x, y):.1%} of 1,000 test pictures are told")


if __name__ == "__main__":
    main()
