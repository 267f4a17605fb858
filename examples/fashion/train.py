"""Trains small networks on Fashion-MNIST: as usual, on adversarial inputs, on noise; writes ONNX and safetensors.

Usage: python train.py [KIND ...] [--epochs N] [--eps R] [--threads N] [--data FOLDER]

Without a kind it trains `undefended`, `second` (the same from other first weights), `hardened` (FGSM-RS) and `noisy`
(sigma 0.25); `pgd`, `trades`, `noisy-0.12` and `noisy-0.5` are trained on request. What was trained by the same script
with the same options is not trained again. `models/test.npz` holds the first 1,000 test pictures for `redan attack
evasion --data`, `models/check.npz` the next 100 for `redan check`.
"""

import argparse
import hashlib
import json
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from data import FOLDER, Pictures, pictures
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from torch import nn

from redan.attacks.threat import Linf
from redan.defences import training

HERE = Path(__file__).resolve().parent
MODELS = HERE / "models"
TEST_ROWS = 1_000
CHECK_ROWS = 100
USUAL = ("undefended", "second", "hardened", "noisy")
SIGMAS = {"noisy-0.12": 0.12, "noisy": 0.25, "noisy-0.5": 0.5}
RECIPES = {"undefended": "plain", "second": "plain", "hardened": "fgsm_rs", "pgd": "pgd", "trades": "trades"}


def network(seed: int = 0) -> nn.Sequential:
    """Two convolutions and two linear layers, 166,406 weights, as in Wong et al. (ICLR 2020) for MNIST."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 16, 4, 2, 1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 4, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(1568, 100),
        nn.ReLU(),
        nn.Linear(100, 10),
    )


def graph(net: nn.Sequential) -> onnx.ModelProto:
    """The network as ONNX, opset 17, from `x` to `logits`, any number of rows."""
    nodes, weights, at = [], [], "x"
    for number, layer in enumerate(net):
        out = "logits" if number == len(net) - 1 else f"h{number}"
        names = [f"{name}{number}" for name, _ in layer.named_parameters()]
        weights += [
            numpy_helper.from_array(value.detach().numpy(), name)
            for name, (_, value) in zip(names, layer.named_parameters(), strict=True)
        ]
        if isinstance(layer, nn.Conv2d):
            options = {"strides": layer.stride, "pads": layer.padding * 2, "kernel_shape": layer.kernel_size}
            nodes.append(helper.make_node("Conv", [at, *names], [out], **options))
        elif isinstance(layer, nn.Linear):
            nodes.append(helper.make_node("Gemm", [at, *names], [out], transB=1))
        else:
            nodes.append(helper.make_node("Relu" if isinstance(layer, nn.ReLU) else "Flatten", [at], [out]))
        at = out
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, 28, 28])
    told = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 10])
    made = helper.make_graph(nodes, "fashion", [given], [told], weights)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model


def trained(kind: str, rows: Pictures, options: argparse.Namespace) -> training.Trained:
    """One of the networks, with a line for each epoch."""
    began = time.monotonic()

    def told(epoch: training.Epoch) -> None:
        print(
            f"  epoch {epoch.number}: clean {epoch.clean.value:.3f}, under its measure {epoch.robust.value:.3f} "
            f"of {epoch.robust.n:,} rows kept out, {time.monotonic() - began:.0f} s",
            flush=True,
        )

    plan = training.Plan(epochs=options.epochs, held=1 / 30)
    if kind in SIGMAS:
        return training.gaussian(network(), rows.x, rows.y, sigma=SIGMAS[kind], plan=plan, progress=told)
    recipe = getattr(training, RECIPES[kind])
    return recipe(network(int(kind == "second")), rows.x, rows.y, threat=Linf(options.eps), plan=plan, progress=told)


def accuracy(net: nn.Module, rows: Pictures) -> float:
    """Share of pictures that are labelled rightly."""
    with torch.no_grad():
        answers = torch.cat([net(part).argmax(1) for part in torch.as_tensor(rows.x).split(1000)])
    return float((answers.numpy() == rows.y).mean())


def stamp(kind: str, options: argparse.Namespace) -> str:
    """What decides the weights: this script and the options."""
    said = [kind, options.epochs, 0 if kind in {*SIGMAS, "undefended", "second"} else options.eps]
    return hashlib.sha256(json.dumps(said).encode() + Path(__file__).read_bytes()).hexdigest()


def told_of(done: training.Trained, test: float) -> dict[str, object]:
    """How training went, for the tables of `bench`."""
    return {
        "recipe": done.recipe,
        "chosen": done.chosen,
        "stopped": done.stopped,
        "test_accuracy": test,
        "epochs": [[epoch.number, epoch.clean.value, epoch.robust.value] for epoch in done.epochs],
    }


def main() -> None:
    """Trains what is asked for and is not there yet."""
    kinds = (*RECIPES, *SIGMAS)
    parser = argparse.ArgumentParser(description="Small networks on Fashion-MNIST.")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(kinds))
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--eps", type=float, default=0.1)
    parser.add_argument("--data", type=Path, default=FOLDER)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if strange := [kind for kind in options.kinds if kind not in kinds]:
        parser.error(f"there is no {strange[0]!r}; name some of {', '.join(kinds)}")
    torch.set_num_threads(options.threads)
    MODELS.mkdir(exist_ok=True)
    test = pictures("t10k", options.data)
    np.savez_compressed(MODELS / "test.npz", x=test.x[:TEST_ROWS], y=test.y[:TEST_ROWS])
    chosen = slice(TEST_ROWS, TEST_ROWS + CHECK_ROWS)
    np.savez_compressed(MODELS / "check.npz", x=test.x[chosen], y=test.y[chosen])
    for kind in options.kinds or USUAL:
        stamped = MODELS / f"{kind}.stamp"
        if stamped.is_file() and stamped.read_text(encoding="utf-8") == stamp(kind, options):
            print(f"{kind}: already trained")
            continue
        print(f"{kind}:")
        done = trained(kind, pictures("train", options.data), options)
        save_file(done.module.state_dict(), MODELS / f"{kind}.safetensors")
        (MODELS / f"{kind}.onnx").write_bytes(graph(done.module).SerializeToString())
        right = accuracy(done.module, test)
        (MODELS / f"{kind}.json").write_text(json.dumps(told_of(done, right)), encoding="utf-8")
        stamped.write_text(stamp(kind, options), encoding="utf-8")
        print(f"  weights of epoch {done.chosen} ({done.stopped or 'all epochs'})")
        print(f"  test accuracy {right:.4f}")


if __name__ == "__main__":
    main()
