"""Draws at the ends of their range, and in blocks."""

import numpy as np
import torch

from redan.attacks.evasion import draws


def test_no_draw_reaches_an_end_of_its_range(monkeypatch):
    """The largest and the least whole number give uniform numbers inside of 0 and 1, and finite normal ones."""
    ends = torch.tensor([[0, 2**32 - 1, 2**32 - 256]])
    monkeypatch.setattr(draws, "bits", lambda *_: ends)
    key = torch.ones(1, dtype=torch.int64)
    drawn = draws.uniform(key, key, 0, 3)
    assert ((drawn > 0) & (drawn < 1)).all()
    assert torch.isfinite(draws.normal(key, key, 0, 3)).all()


def squares(counter, key):
    """The generator as its paper writes it, number by number."""
    most = 2**64
    x = y = counter * key % most
    z = (y + key) % most
    for add in (y, z, y):
        x = (x * x + add) % most
        x = x >> 32 | x << 32 & (most - 1)
    return (x * x + z) % most >> 32


def test_blocks_change_no_number():
    """Across the ends of blocks the numbers are those of the paper, for one sample and for several."""
    for n, size, places in ((1, 40_000, (0, 1, 16_383, 16_384, 39_999)), (3, 12_000, (0, 5_460, 5_461, 11_999))):
        key = torch.as_tensor(draws.keys(np.arange(n, dtype=np.float32)[:, None], "blocks", 4))
        drawn = draws.bits(key, torch.arange(n) + 7, 5, size)
        assert drawn.shape == (n, size)
        for row in range(n):
            start = ((row + 7) * 64 + 5) * 2**32
            for place in places:
                assert int(drawn[row, place]) == squares(start + place, int(key[row]) % 2**64)
    assert draws.bits(key, torch.arange(3), 0, 0).shape == (3, 0)
