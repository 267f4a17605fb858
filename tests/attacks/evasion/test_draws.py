"""Draws at the ends of their range."""

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
