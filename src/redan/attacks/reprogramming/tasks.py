"""Foreign tasks: what a stranger would have somebody else's model do.

Source: Elsayed, Goodfellow and Sohl-Dickstein, Adversarial Reprogramming of Neural Networks, ICLR 2019
(arXiv 1806.11146), section 4: counting squares, MNIST, and MNIST with its pixels shuffled.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.errors import InputError
from redan.files import open_regular

Array: TypeAlias = NDArray[Any]
SQUARE, GRID = 9, 4
FASHION = Path("/usr/share/datasets/fashion-mnist")
_LEAST = 10
FEWEST = 50  # inputs to learn from, and to judge by
_HELD = 0.3
_IDX_LIMIT = 64 << 20
_PICTURE = 2
_COLUMNS = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """Inputs in [0, 1] with their classes; the test inputs are kept from the attacker.

    Args:
        name: for people.
        x: shape (n, ...): (rows, columns) of a picture, or numbers.
        y: shape (n,), classes from 0.
        x_test: likewise.
        y_test: likewise.
        classes: how many.
    """

    name: str
    x: NDArray[np.float32]
    y: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    classes: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one input."""
        return tuple(self.x.shape[1:])

    @property
    def picture(self) -> bool:
        """Whether inputs are grey pictures."""
        return len(self.shape) == _PICTURE

    @property
    def chance(self) -> float:
        """Share of the test inputs that the most frequent class of the training inputs is right for, or one in classes.

        Who knows nothing of an input reaches the greater of the two.
        """
        most = np.bincount(self.y, minlength=self.classes).argmax()
        return max(1 / self.classes, float((self.y_test == most).mean()))

    def reachable(self, classes: int) -> float:
        """Share of the test inputs that a model of so many classes is right on at most when each stands for one."""
        often = np.sort(np.bincount(self.y_test, minlength=self.classes))[::-1]
        return float(often[:classes].sum() / max(1, len(self.y_test)))

    def some(self, train: int, test: int, seed: int = 0) -> "Task":
        """At most so many inputs of each part, drawn."""
        rng = np.random.default_rng([seed, 31])
        a, b = (rng.permutation(len(one))[:most] for one, most in ((self.x, train), (self.x_test, test)))
        return replace(self, x=self.x[a], y=self.y[a], x_test=self.x_test[b], y_test=self.y_test[b])

    def best(self, values: int) -> "Task":
        """The same with so many numbers of each input: those whose means differ most between classes, best first."""
        x, held = (one.reshape(len(one), -1) for one in (self.x, self.x_test))
        means = np.stack([x[self.y == kind].mean(axis=0) for kind in np.unique(self.y)])
        within = np.mean([x[self.y == kind].var(axis=0) for kind in np.unique(self.y)], axis=0)
        order = np.argsort(-means.var(axis=0) / (within + 1e-6), kind="stable")[:values]
        return replace(self, x=x[:, order], x_test=held[:, order])

    def shuffled_pixels(self, seed: int = 0) -> "Task":
        """The same with the values of each input in another order, one for all: nothing is where eyes look for it."""
        order = np.random.default_rng([seed, 32]).permutation(int(np.prod(self.shape)))
        x, held = (one.reshape(len(one), -1)[:, order].reshape(one.shape) for one in (self.x, self.x_test))
        return replace(self, name=f"{self.name}, pixels shuffled", x=x, x_test=held)

    def shuffled_labels(self, seed: int = 0) -> "Task":
        """The same with classes that say nothing, in both parts: what is learnt of it is right by chance alone."""
        rng = np.random.default_rng([seed, 33])
        y, held = rng.permutation(self.y), rng.permutation(self.y_test)
        return replace(self, name=f"{self.name}, labels shuffled", y=y, y_test=held)


def counting(train: int = 4000, test: int = 2000, *, classes: int = 10, square: int = SQUARE, seed: int = 0) -> Task:
    """Pictures of 36 x 36 pixels with one to ten white squares of 9 x 9, black-framed, on a grid of four by four.

    Args:
        train: pictures to learn from.
        test: pictures to judge by.
        classes: most squares.
        square: side of the place of each, its black frame of a pixel included where it has three or more.
        seed: of the pictures.
    """
    rng = np.random.default_rng([seed, 34])
    y = rng.integers(0, classes, train + test)
    order = rng.permuted(np.tile(np.arange(GRID * GRID), (len(y), 1)), axis=1)
    there = (order <= y[:, None]).reshape(-1, GRID, GRID)
    white = np.ones((square, square), np.float32)
    if square > 2:  # noqa: PLR2004 -- a frame around nothing
        white[[0, -1], :] = white[:, [0, -1]] = 0.0
    x = np.einsum("nij,ab->niajb", there.astype(np.float32), white).reshape(-1, GRID * square, GRID * square)
    return _split("counting squares", x, y, classes, train)


def opposites(train: int = 2000, test: int = 1000, *, seed: int = 0) -> Task:
    """Two numbers, and whether they lie on opposite sides of the middle: no sum of them tells.

    Args:
        train: pairs to learn from.
        test: pairs to judge by.
        seed: of the pairs.
    """
    x = np.random.default_rng([seed, 39]).random((train + test, 2))
    return _split("opposites", x, (x[:, 0] > 0.5) != (x[:, 1] > 0.5), 2, train)  # noqa: PLR2004 -- the middle


def digits(*, seed: int = 0) -> Task:
    """The digits of scikit-learn, 8 x 8 pixels, 500 of 1,797 for the test.

    Raises:
        MissingExtraError: scikit-learn is not there.
    """
    from redan.extras import missing_import

    missing = missing_import("sklearn")
    if missing is not None:
        from redan.errors import MissingExtraError

        raise MissingExtraError("sklearn", missing)
    from sklearn.datasets import load_digits

    loaded = load_digits()
    order = np.random.default_rng([seed, 35]).permutation(len(loaded.target))
    x = (loaded.images[order] / 16).astype(np.float32)
    return _split("digits", x, loaded.target[order], 10, len(x) - 500)


def fashion(train: int = 6000, test: int = 2000, *, seed: int = 0, folder: Path = FASHION) -> Task:
    """Fashion-MNIST, 28 x 28 pixels, as the Debian package `dataset-fashion-mnist` installs it.

    Raises:
        InputError: it is not there.
    """
    rng = np.random.default_rng([seed, 36])
    x, y = [], []
    for name, most in (("train", train), ("t10k", test)):
        labels = _idx(folder / f"{name}-labels-idx1-ubyte.gz")
        chosen = rng.permutation(len(labels))[:most]
        x.append((_idx(folder / f"{name}-images-idx3-ubyte.gz")[chosen] / np.float32(255)).astype(np.float32))
        y.append(labels[chosen].astype(np.int64))
    return Task(name="Fashion-MNIST", x=x[0], y=y[0], x_test=x[1], y_test=y[1], classes=10)


def tumours(*, seed: int = 0) -> Task:
    """The tumours of scikit-learn: 30 numbers each, benign or not, 200 of 569 for the test.

    Raises:
        MissingExtraError: scikit-learn is not there.
    """
    from redan.extras import missing_import

    missing = missing_import("sklearn")
    if missing is not None:
        from redan.errors import MissingExtraError

        raise MissingExtraError("sklearn", missing)
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    order = np.random.default_rng([seed, 37]).permutation(len(y))
    return _split("tumours", _shares(x[order], len(x) - 200), y[order], 2, len(x) - 200)


def task_of(word: str, seed: int = 0) -> Task:
    """A task by its name, or of a file.

    Args:
        word: `counting`, `digits`, `fashion`, `tumours`, or a path of an `.npz` with arrays x and y.
        seed: of the split.

    Raises:
        InputError: there is no such task.
    """
    known = {"counting": counting, "digits": digits, "fashion": fashion, "opposites": opposites, "tumours": tumours}
    if word in known:
        return known[word](seed=seed)
    if not word.lower().endswith(".npz"):
        raise InputError(f"{word[:40]!r} is no task", remedy=f"name {', '.join(known)} or an .npz with arrays x and y")
    return task_of_file(Path(word), seed)


def task_of_file(path: Path, seed: int = 0) -> Task:
    """A task of an `.npz` with arrays x, shape (n, rows, columns) or (n, numbers), and y; three tenths are the test.

    Raises:
        InputError: the file has no such arrays.
    """
    from redan.attacks.campaign.inputs import read_arrays

    x, y = read_arrays(path, 20_000, seed)
    x = x[:, 0] if x.ndim == _PICTURE + 2 and x.shape[1] == 1 else x
    if x.ndim not in {_COLUMNS + 1, _PICTURE + 1}:
        raise InputError(f"inputs of shape {x.shape[1:]}", where=str(path), remedy="give grey pictures or numbers")
    names, labels, counts = np.unique(y, return_inverse=True, return_counts=True)
    _refuse_few(path, names, counts)
    if bool((x == x[:1]).all()):
        raise InputError("all inputs are the same", where=str(path), remedy="give inputs that tell the classes")
    order = np.random.default_rng([seed, 38]).permutation(len(y))
    train = len(y) - max(1, round(_HELD * len(y)))
    return _split(path.name, _shares(x[order], train), labels[order], len(names), train)


def _refuse_few(path: Path, names: Array, counts: Array) -> None:
    """Refuses what cannot be learnt and judged.

    Raises:
        InputError: there is one class, or too little of one or of all.
    """
    least, n = int(counts.argmin()), int(counts.sum())
    if len(names) < 2:  # noqa: PLR2004 -- classes
        raise InputError(f"{n:,} inputs of one class are no task", where=str(path), remedy="give two classes or more")
    if counts[least] < _LEAST:
        raise InputError(
            f"class {names[least]} has {counts[least]} of {n:,} inputs",
            where=str(path),
            remedy=f"give {_LEAST} or more of each class",
        )
    if round(_HELD * n) < FEWEST:
        raise InputError(
            f"{n} inputs are too few to learn and judge",
            where=str(path),
            remedy=f"give {-(-FEWEST * 10 // round(_HELD * 10))} or more",
        )


def _shares(x: Array, train: int) -> NDArray[np.float32]:
    """Values in [0, 1] by the range of the training part: of each number by itself, of pictures as one."""
    axis = None if x.ndim > _PICTURE else 0
    low, high = x[:train].min(axis=axis), x[:train].max(axis=axis)
    return np.asarray(np.clip((x - low) / np.maximum(high - low, 1e-12), 0, 1), dtype=np.float32)


def _split(name: str, x: Array, y: Array, classes: int, train: int) -> Task:
    x, y = np.ascontiguousarray(x, dtype=np.float32), np.asarray(y, dtype=np.int64)
    return Task(name=name, x=x[:train], y=y[:train], x_test=x[train:], y_test=y[train:], classes=classes)


def _idx(path: Path) -> Array:
    import gzip

    try:
        with os.fdopen(open_regular(path), "rb") as raw, gzip.open(raw) as file:
            data = file.read(_IDX_LIMIT)
    except OSError as error:
        raise InputError("Fashion-MNIST is not there", where=str(path), remedy="give --task FILE.npz") from error
    shape = np.frombuffer(data, ">u4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)
