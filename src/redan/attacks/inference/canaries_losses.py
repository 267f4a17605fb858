"""What a model knows of canaries: its loss on each and on other secrets of the same space, and the exposure of each."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from redan.attacks.inference.canaries import CanarySet, TableFormat, TextFormat
from redan.attacks.inference.exposure import CanaryTest, canary_test, default_bound, references_needed
from redan.errors import IncompleteError, InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from redan.models import Model

MOST = 200_000  # references of a canary
_LEAST = 1000
_ROOM = 3  # a few references before a canary still leave it exposed
_CHUNK = 1024
_CUBE = 3  # sequences, positions, tokens
_FEW = 20  # rows of a class
_SHORT, _LONG, _LINES = 8, 300, 50  # letters of a line that is tried, and how many are
_LEAST_LINES = 10
_SURE = 3.0  # standard errors
_BITS = 1 << 17  # of a loss that count, some five digits
Tokens: TypeAlias = NDArray[np.int64]
NextToken: TypeAlias = Callable[[Tokens], NDArray[Any]]
Losses: TypeAlias = Callable[[int, NDArray[np.int64]], NDArray[np.float64]]


def try_canaries(
    canaries: CanarySet, losses: Losses, *, bound: float | None = None, references: int | None = None
) -> CanaryTest:
    """The exposure of each canary.

    Args:
        canaries: that were planted.
        losses: the model's loss on secrets, shape (n, parts), in the place of the canary of that number; such as
            `losses_of_text(...)` or `losses_of_rows(...)`.
        bound: exposure in bits that is accepted; see `canary_test`.
        references: other secrets that each is compared with; by default as many as show an exposure above the bound.
            A space that has no more of them is gone through as a whole.

    Raises:
        InputError: the model answers with what is no loss.
        IncompleteError: the space is too small for the bound.
    """
    accepted = default_bound(len(canaries.canaries)) if bound is None else bound
    canary_test([0.0], [1.0], space=canaries.space, bound=accepted) if canaries.space > 2 else None  # noqa: PLR2004
    count = min(MOST, max(_LEAST, _ROOM * references_needed(accepted)) if references is None else references)
    own, others = [], []
    for place, one in enumerate(canaries.canaries):
        told = settled(losses(place, np.concatenate([np.array([one.secret]), canaries.others(place, count)])))
        own.append(float(told[0]))
        others.append(told[1:])
    return canary_test(own, np.stack(others), space=canaries.space, repeats=canaries.repeats, bound=accepted)


def settled(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Losses to five digits, so that secrets which a model does not look at tie.

    The last digits of a row depend on its place in a batch, and would rank it.

    Args:
        losses: shape (n,).
    """
    digits, power = np.frexp(losses)
    return np.asarray(np.ldexp(np.round(digits * _BITS) / _BITS, power))


def next_token(model: object) -> NextToken:
    """What answers tokens of shape (n, t) with logits of the token after each, shape (n, t, v).

    Args:
        model: a model of redan or a session of onnxruntime that reads int64, a module of PyTorch, or a function; the
            first of several outputs counts.

    Raises:
        InputError: it is nothing that answers.
    """
    if hasattr(model, "named_modules"):
        return _of_module(model)
    if not hasattr(model, "predict") and not hasattr(model, "get_inputs") and callable(model):
        return model
    from redan.models.model import Model as Known
    from redan.models.model import model_of

    return (model if isinstance(model, Known) else model_of(model)).predict


def sequence_losses(ask: NextToken, tokens: Tokens) -> NDArray[np.float64]:
    """Negative log-likelihood of each sequence after its first token, in nats.

    Args:
        ask: see `next_token`.
        tokens: shape (n, t).

    Raises:
        InputError: the answer has another shape, fewer tokens than the sequences, or is no number.
    """
    found = []
    for start in range(0, len(tokens), _CHUNK):
        part = tokens[start : start + _CHUNK]
        logits = np.asarray(ask(part[:, :-1]), dtype=np.float64)
        if logits.ndim != _CUBE or logits.shape[:2] != (len(part), part.shape[1] - 1):
            raise InputError(
                f"the model answers sequences of shape {part[:, :-1].shape} in shape {logits.shape}",
                remedy="give logits of shape (sequences, positions, tokens)",
            )
        if int(part.max()) >= logits.shape[2]:
            raise InputError(f"the model knows {logits.shape[2]} tokens, and the canaries have others")
        high = logits.max(axis=2)
        whole = high + np.log(np.exp(logits - high[:, :, None]).sum(axis=2))
        chosen = np.take_along_axis(logits, part[:, 1:, None], axis=2)[:, :, 0]
        found.append((whole - chosen).sum(axis=1))
    return np.concatenate(found)


def losses_of_text(canaries: CanarySet, model: object) -> Losses:
    """The losses of a model of sequences on secrets in their line; equal lines are asked once.

    Args:
        canaries: with a format of text.
        model: see `next_token`.

    Raises:
        InputError: the canaries are rows.
    """
    shape, ask = _text(canaries), next_token(model)

    def losses(place: int, secrets: NDArray[np.int64]) -> NDArray[np.float64]:
        del place
        distinct, where = np.unique(secrets, axis=0, return_inverse=True)
        lines = [shape.rendered(row) for row in distinct.tolist()]
        return sequence_losses(ask, shape.tokens(lines))[where.reshape(-1)]

    return losses


def losses_of_rows(canaries: CanarySet, model: "Model", inputs: Sequence[str]) -> Losses:
    """The losses of a classifier on rows: minus the logarithm of what it gives to the label of the canary.

    Args:
        canaries: with a format of tables.
        model: that gives probabilities, logits or labels.
        inputs: columns that it reads, in order.

    Raises:
        InputError: the canaries are text, the model does not fit the rows, or it has other classes.
    """
    table = canaries.table
    if table is None:
        raise InputError("the canaries are lines of text, and the model reads rows")
    absent = [name for name in inputs if any(name not in one.row for one in canaries.canaries)]
    if absent:
        raise InputError(f"the canaries have no column {absent[0]!r} that the model reads")
    place_of = _places(model, table)

    def losses(place: int, secrets: NDArray[np.int64]) -> NDArray[np.float64]:
        label = place_of.get(str(canaries.canaries[place].row[table.label]))
        told = [answered(model, _rows(canaries, place, part, inputs), inputs) for part in _parts(secrets)]
        given = np.concatenate(told)
        if label is None or label >= given.shape[1] or given.shape[1] != len({*place_of.values()}):
            raise InputError(f"the model tells {given.shape[1]} classes, which are not those of the label")
        with np.errstate(divide="ignore"):
            return np.asarray(-np.log(given[:, label]))

    return losses


def sane_of_rows(canaries: CanarySet, model: "Model", inputs: Sequence[str], rows: "pa.Table") -> None:
    """Refuses a model whose answers do not go with the labels of its training data: it is asked about something else.

    Args:
        canaries: with a format of tables.
        model: that is asked.
        inputs: columns that it reads, in order.
        rows: some of the training data.

    Raises:
        IncompleteError: a class is less likely, in the mean, where it is the label than where it is not.
        InputError: the model does not fit the rows.
    """
    if canaries.table is None:
        raise InputError("the canaries are lines of text, and the model reads rows")
    place_of = _places(model, canaries.table)
    told = answered(model, rows, inputs)
    labels = np.array([place_of.get(str(cell), -1) for cell in rows[canaries.table.label].to_pylist()])
    for label in range(told.shape[1]):
        own = labels == label
        few = min(own.sum(), (~own).sum()) < _FEW
        if not few and told[own, label].mean() < told[~own, label].mean():
            raise IncompleteError(
                "the model's answers on its training data do not go with the labels, so it may read other columns or "
                "count its classes in another order",
                remedy="describe the inputs as the model reads them, and give it the labels of the data",
            )


def sane_of_text(canaries: CanarySet, model: object, lines: Sequence[str]) -> None:
    """Refuses a model that does not tell lines of its training data from the same letters shuffled.

    It learned nothing, or its tokens mean something else; what it says of canaries means nothing then.

    Args:
        canaries: with a format of text.
        model: see `next_token`.
        lines: some of the training data; short and long ones are left out, and fewer than ten are not tried.

    Raises:
        IncompleteError: it does not.
        InputError: the model does not fit.
    """
    shape, ask = _text(canaries), next_token(model)
    rng = np.random.default_rng(0)
    known = None if shape.vocabulary is None else {*shape.vocabulary}
    fit = [line for line in lines if _SHORT <= len(line) <= _LONG and (known is None or known >= {*line})]
    if len(fit) < _LEAST_LINES:
        return
    gains = []
    for line in fit[:_LINES]:
        tokens = shape.tokens([line])
        real, shuffled = sequence_losses(ask, np.concatenate([tokens, rng.permutation(tokens[0])[None]]))
        gains.append((shuffled - real) / tokens.shape[1])
    if np.mean(gains) <= _SURE * np.std(gains) / np.sqrt(len(gains)):
        raise IncompleteError(
            "the model does not tell the text from its letters shuffled: it learned nothing, or its tokens mean "
            "something else",
            remedy="plant with the vocabulary of the model",
        )


def _places(model: "Model", table: TableFormat) -> dict[str, int]:
    """The column of an answer for each label: by the model's own names, else in the order of the label's values."""
    names = getattr(getattr(model, "estimator", None), "classes_", None)
    own = {} if names is None else {str(name): i for i, name in enumerate(names)}
    labels = [str(name) for name in table.classes]
    return own if {*labels} <= own.keys() else {name: i for i, name in enumerate(labels)}


def shares_of(told: NDArray[np.float64]) -> NDArray[np.float64]:
    """Answers as a share of each class.

    Args:
        told: shape (n, classes): shares, or logits; one column is the share, or logit, of the second of two.
    """
    if told.shape[1] == 1:
        share = told if ((told >= 0) & (told <= 1)).all() else 1.0 / (1.0 + np.exp(-np.clip(told, -700, 700)))
        return np.hstack([1.0 - share, share])
    if (told >= 0).all() and (np.abs(told.sum(axis=1) - 1) < 1e-3).all():  # noqa: PLR2004 -- rounding of exporters
        return told
    lifted = np.exp(told - told.max(axis=1, keepdims=True))
    return np.asarray(lifted / lifted.sum(axis=1, keepdims=True))


def _parts(secrets: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [secrets[i : i + 50 * _CHUNK] for i in range(0, len(secrets), 50 * _CHUNK)]


def _rows(canaries: CanarySet, place: int, secrets: NDArray[np.int64], inputs: Sequence[str]) -> "pa.Table":
    """Rows of the canary with other secrets, as a table of pyarrow."""
    import pyarrow as pa

    row, shape = canaries.canaries[place].row, canaries.table
    drawn = {} if shape is None else {c.name: (c.values, at) for c, at in zip(shape.columns, secrets.T, strict=True)}
    cells = {}
    for name in inputs:
        values, at = drawn.get(name, ((row[name],), np.zeros(len(secrets), dtype=np.int64)))
        levels = pa.array(_alike(values))
        cells[name] = levels.take(pa.array(at))
    return pa.table(cells)


def _alike(values: Sequence[Any]) -> list[Any]:
    """Values of one type, which a column of pyarrow has."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) <= 1:
        return [*values]
    change = str if str in kinds else float
    return [None if value is None else change(value) for value in values]


def answered(model: "Model", rows: "pa.Table", inputs: Sequence[str]) -> NDArray[np.float64]:
    """Shares of all classes for rows.

    Raises:
        InputError: the model does not fit the rows, or answers with what is no number.
    """
    from redan.measures.answers import answers, fed

    told = answers(model, fed(model, rows, inputs))
    if np.isnan(told).any() or not told.shape[1]:
        raise InputError("the model answers with values that are no numbers")
    return shares_of(told)


def _text(canaries: CanarySet) -> TextFormat:
    if canaries.text is None:
        raise InputError("the canaries are rows, and the model reads text")
    return canaries.text


def _of_module(module: Any) -> NextToken:  # noqa: ANN401 -- torch.nn.Module
    import torch

    def ask(tokens: Tokens) -> NDArray[Any]:
        with torch.inference_mode():
            told = module(torch.from_numpy(np.ascontiguousarray(tokens)))
        told = told[0] if isinstance(told, tuple) else told
        return np.asarray(told.double().cpu().numpy())

    return ask
