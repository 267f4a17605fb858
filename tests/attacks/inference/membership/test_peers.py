"""Beside SACRO-ML 2.0.1 and TensorFlow Privacy's advanced attacks, on the same scores: equal to 1e-9 where meant to be."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from attacks.inference.membership.plants import drawn
from redan.attacks.inference.membership import difficulty, lira, phi_of_logits, phi_of_probabilities
from redan.attacks.inference.membership.likelihood import log_density, of_global, of_pooled, of_sample
from redan.attacks.inference.membership.moments import sides

PEERS = Path(__file__).parents[4] / ".peers"
SAMPLES = 60


def told(peer, word):
    """The peer's scores for a matrix, with the matrix."""
    python = PEERS / peer / "bin" / "python"
    matrix = drawn(samples=SAMPLES, seed=9)
    rows = matrix.shadows
    split = {
        name: [matrix.phi[rows, k][matrix.inside[rows, k] == inside].tolist() for k in range(SAMPLES)]
        for name, inside in (("there", True), ("gone", False))
    }
    rng = np.random.default_rng(2)
    logits, labels = rng.normal(0, 4, (SAMPLES, 5)), rng.integers(0, 5, SAMPLES)
    held = {"target": matrix.phi[0].tolist(), **split, "logits": logits.tolist(), "labels": labels.tolist()}
    script = Path(__file__).with_name("peer_scores.py")
    done = subprocess.run(
        [str(python), "-W", "ignore", str(script), word],
        input=json.dumps(held),
        capture_output=True,
        text=True,
        check=True,
    )
    found = {name: np.array(scores) for name, scores in json.loads(done.stdout).items()}
    return matrix, found, logits, labels


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.peer
@pytest.mark.skipif(not (PEERS / "sacro" / "bin").is_dir(), reason="the peer is not in .peers/sacro")
def test_scores_are_those_of_sacro():
    """All three modes, with own and with fixed variance; theirs is the spread of all scores of a side."""
    matrix, found, _, _ = told("sacro", "sacro")
    _, (there, gone) = next(sides(matrix))
    x = matrix.phi[0]
    for word, variance, of in (("", "sample", of_sample), ("-fixed", "global", of_global)):
        close(np.exp(-lira(matrix, mode="offline", variance=variance)[0]), found[f"offline{word}"][:, 0])
        close(lira(matrix, variance=variance)[0], -found[f"online-carlini{word}"][:, 0])
        close(log_density(x, of(gone)), found[f"offline-carlini{word}"][:, 0])
        close(log_density(x, of(there)) - log_density(x, of(gone)), found[f"online-carlini{word}"][:, 1])


@pytest.mark.peer
@pytest.mark.skipif(not (PEERS / "tf-privacy" / "bin").is_dir(), reason="the peer is not in .peers/tf-privacy")
def test_scores_are_those_of_tensorflow_privacy():
    """LiRA with own and pooled variance, offsets, and the statistic of logits and of probabilities."""
    matrix, found, logits, labels = told("tf-privacy", "tensorflow")
    _, (_, gone) = next(sides(matrix))
    x = matrix.phi[0]
    close(lira(matrix, variance="sample")[0], -found["lira-both"])
    close(lira(matrix, variance="pooled")[0], -found["lira-both-fixed"])
    close(log_density(x, of_sample(gone)), found["lira-out"])
    close(log_density(x, of_pooled(gone)), found["lira-out-fixed"])
    close(difficulty(matrix)[0], found["offset-out"])
    close(phi_of_logits(logits, labels), found["statistic"])
    shares = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    close(phi_of_probabilities(shares, labels), found["statistic-of-shares"])


@pytest.mark.peer
@pytest.mark.skipif(not (PEERS / "tf-privacy" / "bin").is_dir(), reason="the peer is not in .peers/tf-privacy")
def test_offline_differs_on_purpose():
    """Theirs ranks by the density under non-members alone, by which a score far below is as suspect as one far above."""
    matrix, found, _, _ = told("tf-privacy", "tensorflow")
    _, (_, gone) = next(sides(matrix))
    below = np.argsort((matrix.phi[0] - gone.mean) / np.sqrt(of_sample(gone).variance))[:3]
    ours, theirs = lira(matrix, mode="offline", variance="sample")[0], -found["lira-out"]
    assert (ours[below] < np.median(ours)).all()
    assert (theirs[below] > np.median(theirs)).any()
