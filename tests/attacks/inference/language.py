"""A small recurrent model of characters, trained in seconds on lines with canaries in them."""

from collections.abc import Sequence

import numpy as np
import torch

from redan.attacks.inference.canaries import CanarySet
from redan.attacks.inference.canaries_planting import plant_in_text

LETTERS = "\n abcdefghijklmnopqrstuvwxyz0123456789-"
_WORDS = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "that",
    "for",
    "it",
    "was",
    "on",
    "are",
    "as",
    "with",
    "they",
    "at",
    "be",
    "this",
    "from",
    "have",
    "or",
    "by",
    "one",
    "had",
    "not",
    "but",
    "what",
    "all",
    "were",
    "when",
    "we",
    "there",
    "can",
    "an",
    "your",
    "which",
    "their",
    "said",
    "if",
    "do",
    "will",
    "each",
    "about",
    "how",
    "up",
    "out",
    "them",
    "then",
    "she",
    "many",
    "some",
    "so",
    "these",
    "would",
]


class Letters(torch.nn.Module):
    """Embedding, one GRU, one linear layer: tokens (n, t) to logits (n, t, v)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = torch.nn.Embedding(len(LETTERS), 24)
        self.gru = torch.nn.GRU(24, width, batch_first=True)
        self.out = torch.nn.Linear(width, len(LETTERS))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.out(self.gru(self.embed(tokens))[0])


def prose(lines: int, seed: int, words: int = 7) -> str:
    """Lines of common words, some with numbers."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(lines):
        chosen = [str(w) for w in rng.choice(_WORDS, size=words)]
        if rng.random() < 0.3:
            chosen[-2] = str(rng.integers(10**5))
        made.append(" ".join(chosen))
    return "\n".join(made)


def planted(pattern: str, repeats: Sequence[int], *, lines: int, seed: int, words: int = 7) -> tuple[str, CanarySet]:
    """Prose with canaries in it, and the list of them."""
    done = plant_in_text(prose(lines, seed, words), pattern, repeats=repeats, vocabulary=LETTERS, seed=f"{seed:032x}")
    return str(done.rows), done.canaries


def trained(text: str, *, steps: int, seed: int, width: int = 64) -> Letters:
    """A model that read the lines so many batches long."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    model = Letters(width)
    place = {letter: i for i, letter in enumerate(LETTERS)}
    lines = text.splitlines()
    longest = max(len(line) for line in lines) + 2
    held = torch.zeros((len(lines), longest), dtype=torch.int64)
    for i, line in enumerate(lines):
        held[i, 1 : len(line) + 1] = torch.tensor([place[letter] for letter in line])
    optimiser = torch.optim.Adam(model.parameters(), lr=4e-3)
    generator = torch.Generator().manual_seed(seed)
    at = torch.empty(0, dtype=torch.int64)
    for _ in range(steps):
        if len(at) < 64:
            at = torch.cat([at, torch.randperm(len(lines), generator=generator)])
        batch, at = held[at[:64]], at[64:]
        logits = model(batch[:, :-1])
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, len(LETTERS)), batch[:, 1:].reshape(-1))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model.eval()
