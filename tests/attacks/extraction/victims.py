"""Weak victims of extraction, with their hardened twins: linear and shallow models, trees, and their data."""

from functools import cache

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

TRAINED = 1000


@cache
def digits():
    """Pictures as rows in [0, 1] and their classes, in a fixed order: to train on, and to test on."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = (x[order] / 16).astype(np.float32), y[order]
    return x[:TRAINED], y[:TRAINED], x[TRAINED:], y[TRAINED:]


@cache
def softmax():
    """A softmax regression on digits: 64 numbers, 10 classes, 585 unknowns."""
    x, y, _, _ = digits()
    return LogisticRegression(max_iter=2000).fit(x, y)


@cache
def tumours():
    """Ten columns of numbers with words as labels."""
    x, y = load_breast_cancer(return_X_y=True)
    order = np.random.default_rng(1).permutation(len(x))
    x = x[order, :10].astype(np.float32)
    return (x - x.min(axis=0)) / np.ptp(x, axis=0), np.array(["malignant", "benign"])[y[order]]


@cache
def logistic():
    """A logistic regression on tumours: 10 numbers, 2 classes, 11 unknowns."""
    x, y = tumours()
    return LogisticRegression(C=10.0, max_iter=2000).fit(x[:300], y[:300])


@cache
def tree():
    """A decision tree on tumours whose leaves have probabilities of their own."""
    x, y = tumours()
    return DecisionTreeClassifier(min_samples_leaf=7, max_depth=5, random_state=0).fit(x[:400], y[:400])
