"""A network of 64 x 64 pixels that tells pairs of garments, to be reprogrammed; its weights are cached.

Usage: python victim.py [--pictures N] [--epochs N] [--seed S]

Each picture holds two pictures of Fashion-MNIST on a ground of noise, one in the upper left, one in the lower right;
the class is the pair, one of a hundred. `redan attack reprogramming` takes `models/pairs.onnx` and `models/pairs.npz`.
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
SIDE, SMALL, CLASSES = 64, 28, 100


def network() -> nn.Sequential:
    """Five convolutions with batch-norm and one linear layer, 0.37 million weights."""
    layers: list[nn.Module] = []
    before = 1
    for after, stride in ((24, 2), (48, 2), (96, 2), (128, 2), (160, 1)):
        layers += [nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        before = after
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(160 * 16, CLASSES))


def idx(name: str) -> np.ndarray:
    """An array of bytes of a gzipped IDX file."""
    data = gzip.decompress((DATA / name).read_bytes())
    shape = np.frombuffer(data, ">u4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def pairs(part: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of shape (n, 1, 64, 64) in [0, 1], and their pair."""
    x, y = idx(f"{part}-images-idx3-ubyte.gz"), idx(f"{part}-labels-idx1-ubyte.gz")
    rng = np.random.default_rng(seed)
    made = (0.15 * rng.random((n, 1, SIDE, SIDE))).astype(np.float32)
    one, other = (rng.integers(0, len(x), n) for _ in range(2))
    for row in range(n):
        (a, b), (c, d) = rng.integers(0, 5, 2), rng.integers(SIDE - SMALL - 4, SIDE - SMALL + 1, 2)
        made[row, 0, a : a + SMALL, b : b + SMALL] = x[one[row]] / 255
        made[row, 0, c : c + SMALL, d : d + SMALL] = x[other[row]] / 255
    return made, 10 * y[one].astype(np.int64) + y[other]


def trained(pictures: int, epochs: int, seed: int) -> nn.Sequential:
    """The network, with a line for each epoch."""
    torch.manual_seed(seed)
    net, (x, y) = network(), pairs("train", pictures, seed)
    rng = torch.Generator().manual_seed(seed)
    steps = torch.optim.Adam(net.parameters(), 2e-3)
    each = -(-len(x) // 128)
    falling = torch.optim.lr_scheduler.OneCycleLR(steps, 4e-3, epochs * each)
    for epoch in range(epochs):
        began = time.monotonic()
        for rows in torch.randperm(len(x), generator=rng).split(128):
            steps.zero_grad()
            nn.functional.cross_entropy(net(torch.from_numpy(x[rows])), torch.from_numpy(y[rows])).backward()
            steps.step()
            falling.step()
        print(f"epoch {epoch + 1}: {time.monotonic() - began:.0f} s", flush=True)
    return net.eval().requires_grad_(requires_grad=False)


def accuracy(net: nn.Module, x: np.ndarray, y: np.ndarray) -> float:
    """Share of pictures whose pair it tells."""
    with torch.no_grad():
        told: list[Tensor] = [net(part).argmax(1) for part in torch.from_numpy(x).split(200)]
    return float((torch.cat(told).numpy() == y).mean())


def pretrained(folder: Path = MODELS) -> nn.Sequential:
    """The network as it was trained here.

    Raises:
        SystemExit: it was not.
    """
    path = folder / "pairs.pt"
    if not path.is_file():
        raise SystemExit(f"{path} is not there: python victim.py")
    net = network()
    net.load_state_dict(torch.load(path, weights_only=True))
    return net.eval().requires_grad_(requires_grad=False)


def main() -> None:
    """Trains, measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    MODELS.mkdir(exist_ok=True)
    net = trained(options.pictures, options.epochs, options.seed)
    x, y = pairs("t10k", 1000, 99)
    torch.save(net.state_dict(), MODELS / "pairs.pt")
    np.savez(MODELS / "pairs.npz", x=x, y=y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            (torch.zeros(1, 1, SIDE, SIDE),),
            MODELS / "pairs.onnx",
            input_names=["x"],
            output_names=["logits"],
            dynamic_axes={"x": {0: "n"}, "logits": {0: "n"}},
            opset_version=17,
            dynamo=False,
        )
    print(f"{MODELS / 'pairs.onnx'}: {accuracy(net, x, y):.1%} of 1,000 pairs of test garments are told")


if __name__ == "__main__":
    main()
