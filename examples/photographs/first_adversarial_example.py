"""The first adversarial example anybody sees: a photograph, a change that nobody sees, and another answer.

Usage: python fetch.py && python first_adversarial_example.py [--picture FILE]

After figure 1 of Goodfellow et al., Explaining and Harnessing Adversarial Examples (ICLR 2015): a photograph is moved
by 2/255 at most in each colour of each pixel. Their single step takes the first answer away; Auto-PGD goes on until the
network is 99 % sure of a class of our choice. Nobody believes the attack: the judge measures the change again, and asks
the network by itself.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from network import DATA, crop, names, pretrained
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn

from redan.attacks.evasion import apgd, fgsm
from redan.attacks.evasion.network import Network
from redan.attacks.judge import judge
from redan.attacks.threat import Linf

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "first-adversarial-example.png"
THREAT = Linf(2 / 255)
SHARE = 0.875  # of the photograph's shorter side, as ImageNet is evaluated
TARGET, SURE = "gibbon", 0.99
ROOM, GAP, EDGE = 46, 44, 12  # pixels below, between and around the three pictures


class Aimed(nn.Module):
    """Two classes: the network is as sure of the target as it should be, or it is not yet."""

    def __init__(self, net: nn.Module, target: int, sure: float) -> None:
        super().__init__()
        self.net, self.target = net, target
        self.bar = float(np.log(sure / (1 - sure)))
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        """The bar, and the logarithm of the odds of the target, shape (n, 2)."""
        logits = self.net(x)
        others = torch.cat([logits[:, : self.target], logits[:, self.target + 1 :]], dim=1).logsumexp(1)
        odds = logits[:, self.target] - others
        return torch.stack([torch.full_like(odds, self.bar), odds], dim=1)


def answer(net: nn.Module, x: np.ndarray, called: list[str]) -> str:
    """What the network says of a picture, and how sure it is."""
    share, place = net(torch.as_tensor(x)[None]).softmax(1)[0].max(0)
    return f"{called[place]}, {share:.1%}".replace("%", " %")


def drawn(parts: list[tuple[np.ndarray, str, str]], signs: str = "+=") -> Image.Image:
    """Pictures in a row with two lines of words below each and a sign between."""
    side = parts[0][0].shape[-1]
    sheet = Image.new("RGB", (len(parts) * (side + GAP) - GAP + 2 * EDGE, side + ROOM + 2 * EDGE), "white")
    pen, large, small = ImageDraw.Draw(sheet), ImageFont.load_default(30), ImageFont.load_default(15)
    for place, (values, first, second) in enumerate(parts):
        left = EDGE + place * (side + GAP)
        pixels = np.moveaxis(np.round(np.clip(values, 0, 1) * 255).astype(np.uint8), 0, -1)
        sheet.paste(Image.fromarray(pixels), (left, EDGE))
        for line, (words, shade) in enumerate(((first, "black"), (second, "#666666"))):
            pen.text((left + side / 2, EDGE + side + 14 + 20 * line), words, shade, small, anchor="mm")
        if place < len(signs):
            pen.text((left + side + GAP / 2, EDGE + side / 2), signs[place], "black", large, anchor="mm")
    return sheet


def main() -> None:
    """Attacks two photographs and draws the cat."""
    parser = argparse.ArgumentParser(description="The first adversarial example.")
    parser.add_argument("--picture", type=Path, default=PICTURE)
    options = parser.parse_args()
    torch.set_num_threads(1)
    net, called = pretrained(), names()
    plain = Network(net, chunk=1)
    target = called.index(TARGET)
    aimed = Network(Aimed(net, target, SURE), chunk=1)
    for photograph in ("coffee", "chelsea"):
        x = crop(DATA / f"{photograph}.png", share=SHARE)[None]
        before = plain.labels(x)
        step = fgsm(plain, x, before, threat=THREAT)
        climbed = apgd(aimed, x, np.zeros(1, np.int64), threat=THREAT, steps=100)
        # What is attacked is a file of whole numbers, so that is what the judge is shown.
        whole = (np.round(climbed.x_adv * 255) / 255).astype(np.float32)
        told = judge(plain.labels, x, before, whole, THREAT)
        print(f"{photograph}: {answer(net, x[0], called)}")
        print(f"  one step: {answer(net, step.x_adv[0], called)}")
        print(f"  Auto-PGD, {climbed.step[0]} passes: {answer(net, whole[0], called)}, ", end="")
        print(f"moved by {told.size[0] * 255:.2f}/255; the judge says {'broken' if told.broken[0] else 'not broken'}")
        if not (told.broken[0] and told.answers[0] == target):
            raise SystemExit(f"{photograph} could not be made a {TARGET}")
    moved = (whole - x)[0] / THREAT.eps
    sheet = drawn(
        [
            (x[0], answer(net, x[0], called), "photograph"),
            (0.5 + moved / 2, "2/255 of this", "at most, in each colour of each pixel"),
            (whole[0], answer(net, whole[0], called), "to people, the same cat"),
        ]
    )
    options.picture.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(options.picture, optimize=True)
    print(f"{options.picture}: {options.picture.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
