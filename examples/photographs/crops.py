"""Writes the network as ONNX, 20 squares of photographs with their classes, and 120 that show what its inputs are.

`redan attack evasion` takes away from the 20, all of which the network recognises; `redan attack reprogramming` looks
at the 120, recognised or not.

Usage: python fetch.py && python crops.py
"""

import warnings
from collections.abc import Iterator

import numpy as np
import torch
from network import DATA, SIDE, crop, names, pretrained

# What is to be seen in each photograph: the classes that are right, several where breeds cannot be told apart.
SEEN = {
    "chelsea.png": ("tabby", "tiger cat", "Egyptian cat"),
    "coffee.png": ("espresso", "cup", "coffee mug"),
    "flamingo.jpg": ("flamingo",),
    "hawk_cropped.jpeg": ("kite", "bald eagle"),
    "huey.jpg": ("Lhasa", "Tibetan terrier", "Shih-Tzu"),
    "kitty.jpg": ("tabby", "tiger cat", "Egyptian cat"),
}
SQUARES = tuple((share, (across, 0.5)) for share in (1.0, 0.9, 0.8, 0.7, 0.6) for across in (0.35, 0.5, 0.65))
ROWS = 20
OWN = tuple(
    (share, (across, down)) for share in (0.95, 0.85, 0.75, 0.65, 0.55) for across in (0.3, 0.7) for down in (0.3, 0.7)
)


def squares(told: dict[str, list[int]]) -> Iterator[tuple[np.ndarray, str]]:
    """Squares of all photographs in turn, with the file they are of."""
    for share, at in SQUARES:
        for name in told:
            yield crop(DATA / name, share=share, at=at), name


def own(net: torch.nn.Module, told: dict[str, list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Squares of all photographs, and what is right for each: what the network says where that is right."""
    x = [crop(DATA / name, share=share, at=at) for share, at in OWN for name in told]
    right = [told[name] for _ in OWN for name in told]
    said = [int(net(torch.as_tensor(picture)[None]).argmax()) for picture in x]
    return np.stack(x), np.array([one if one in seen else seen[0] for one, seen in zip(said, right, strict=True)])


def main() -> None:
    """Takes the first squares that the network recognises: of the others there is nothing to take away."""
    torch.set_num_threads(1)
    net, called = pretrained(), names()
    told = {name: [called.index(seen) for seen in right] for name, right in SEEN.items()}
    x, y, asked = [], [], 0
    for picture, name in squares(told):
        asked += 1
        answer = int(net(torch.as_tensor(picture)[None]).argmax())
        if answer in told[name]:
            x.append(picture)
            y.append(answer)
        if len(x) == ROWS:
            break
    np.savez(DATA / "crops.npz", x=np.stack(x), y=np.array(y))
    more, right = own(net, told)
    np.savez(DATA / "own.npz", x=more, y=right)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is the older one
        torch.onnx.export(
            net,
            (torch.zeros(1, 3, SIDE, SIDE),),
            DATA / "lite0.onnx",
            input_names=["x"],
            output_names=["logits"],
            dynamic_axes={"x": {0: "n"}, "logits": {0: "n"}},
            opset_version=17,
            dynamo=False,
        )
    print(f"{DATA / 'lite0.onnx'}, and {len(x)} of {asked} squares that it recognises: {DATA / 'crops.npz'}")


if __name__ == "__main__":
    main()
