"""Reads what an attack is of: samples with labels, a model, or the address of one."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from redan.errors import IncompleteError, InputError, MissingExtraError, UsageError

if TYPE_CHECKING:
    import ssl

    import numpy as np
    from numpy.typing import NDArray

    from redan.attacks.endpoint import Endpoint
    from redan.attacks.evasion.network import Network
    from redan.attacks.queries import Source
    from redan.models.model import Model
    from redan.tables import Table

LIMIT_BYTES = 8 << 30
_TABLE = 2
_LARGEST = 2**53


class Arrays(NamedTuple):
    """Samples and labels of an `.npz`.

    Args:
        x: shape (n, ...), float32.
        y: shape (n,), as the file has them.
    """

    x: "NDArray[np.float32]"
    y: "NDArray[Any]"


class Target(NamedTuple):
    """What is attacked.

    Args:
        name: for people.
        network: with gradients, where there are some.
        model: as it answers; None of a module of PyTorch, and of an endpoint.
        endpoint: the source of an address.
        notes: what became of the file.
        of: SHA-256 of the file, or address and name.
    """

    name: str
    network: "Network | None" = None
    model: "Model | None" = None
    endpoint: Any = None
    notes: tuple[str, ...] = ()
    of: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """A model that is still to be opened, here or where a part of a campaign runs.

    Args:
        word: a path or an address.
        name: of the model behind an address.
        trusted: types of a skops file that the caller looked at.
        unsafe_format: whether formats that run code are loaded.
        token: that an endpoint asks for, an API key or a JSON Web Token; it stands in no message.
        tls: whom a client of an endpoint trusts; the system's authorities when None.
    """

    word: str
    name: str | None = None
    trusted: tuple[str, ...] = ()
    unsafe_format: bool = False
    token: str | None = field(default=None, repr=False)
    tls: "ssl.SSLContext | None" = field(default=None, repr=False)

    def __call__(self) -> Target:
        """Opens it; see `open_target`."""
        target = open_target(self.word, self.name, trusted=self.trusted, unsafe_format=self.unsafe_format)
        if self.token is None and self.tls is None:
            return target
        return target._replace(endpoint=_known(self, target))


def _known(opening: Opening, target: Target) -> "Endpoint":
    """The endpoint as a client asks it.

    Raises:
        UsageError: a file needs no credentials.
    """
    from redan.attacks.endpoint import Endpoint

    if target.endpoint is None:
        raise UsageError("a file asks nobody who asks", where=opening.word, remedy="leave out --creds")
    headers = {} if opening.token is None else {"Authorization": f"Bearer {opening.token}"}
    return Endpoint(opening.word, target.name, headers=headers, tls=opening.tls)


def read_arrays(path: Path, samples: int, seed: int) -> Arrays:
    """Samples of the arrays x and y of an `.npz`, in the order of the file.

    Raises:
        InputError: the file has no such arrays, or they differ in length.
    """
    import numpy as np

    from redan.files import open_regular
    from redan.measures.drift.array_file import read_member

    found = {}
    for name in ("x", "y"):
        with os.fdopen(open_regular(path), "rb") as file:
            try:
                found[name] = read_member(file, name)
            except InputError as error:
                raise InputError(error.what, where=str(path), remedy=error.remedy) from error
    x, y = found["x"], found["y"].reshape(-1) if found["y"].ndim == _TABLE else found["y"]
    if x.ndim < _TABLE or y.ndim != 1 or len(x) != len(y) or not len(x):
        raise InputError(
            f"x of shape {x.shape} and y of shape {y.shape}", where=str(path), remedy="give one label for each sample"
        )
    if not (np.issubdtype(y.dtype, np.integer) or y.dtype == np.bool_ or bool((y == np.round(y)).all())):
        raise InputError("labels are fractions", where=str(path), remedy="give the number of the class")
    chosen = np.arange(len(x))
    if len(x) > samples:
        chosen = np.sort(np.random.default_rng(seed).choice(len(x), samples, replace=False))
    if bool((np.abs(y.astype(np.float64)) > _LARGEST).any()):
        raise InputError("labels are no numbers of classes", where=str(path), remedy="give the number of the class")
    with np.errstate(over="ignore"):  # what single precision does not hold is told below
        inputs = np.ascontiguousarray(x[chosen], dtype=np.float32)
    if not np.isfinite(inputs).all():
        raise InputError(
            "x holds values that are no numbers, or beyond single precision",
            where=str(path),
            remedy="clean the samples first",
        )
    return Arrays(inputs, y[chosen].astype(np.int64))


def read_boxed(path: Path, samples: int, seed: int, box: tuple[float, float]) -> Arrays:
    """The same, where every number of them is to lie in a box.

    Raises:
        UsageError: the box has no inside.
        InputError: the file has no such arrays, or they leave the box.
    """
    low, high = box
    if not (low < high and math.isfinite(high - low)):
        raise UsageError(
            f"a box from {low:g} to {high:g} is none", remedy="give --box LOW HIGH, two numbers, the lower one first"
        )
    read = read_arrays(path, samples, seed)
    least, most = float(read.x.min()), float(read.x.max())
    if least < low or most > high:
        raise InputError(
            f"samples go from {least:.4g} to {most:.4g}, outside of the box from {low:g} to {high:g}",
            where=str(path),
            remedy="give --box LOW HIGH around them",
        )
    return read


def one_array(target: Target, path: Path) -> None:
    """Looks that a model takes arrays at all.

    Raises:
        InputError: it reads columns by name.
    """
    count = 0 if target.model is None else len(target.model.inputs)
    if count > 1:
        raise InputError(
            f"the model reads {count} columns, and arrays have none", where=str(path), remedy="give a table and --label"
        )


def open_target(word: str, name: str | None, *, trusted: Sequence[str] = (), unsafe_format: bool = False) -> Target:
    """The model of a file, or the address of an endpoint.

    Args:
        word: a path or an address.
        name: of the model behind an address.
        trusted: types of a skops file that the caller looked at.
        unsafe_format: whether formats that run code are loaded.

    Raises:
        UsageError: an address without a name.
        InputError: the file cannot be loaded, or holds numbers without a network.
    """
    if word.startswith(("http://", "https://")):
        from redan.attacks.endpoint import Endpoint

        if name is None:
            raise UsageError("an address holds many models", where=word, remedy="name one with --name")
        return Target(name, endpoint=Endpoint(word, name), of=f"{word}#{name}")
    from redan.models import load
    from redan.models.model import model_of

    path = Path(word)
    try:
        loaded = load(path, seal=None, trust=None, unsafe_unsealed=True, trusted=trusted, unsafe_format=unsafe_format)
    except InputError as error:
        raise InputError(error.what, where=error.where or word, remedy=error.remedy) from error
    runtime = loaded.runtime
    if hasattr(runtime, "named_modules"):
        from redan.attacks.evasion.network import Network

        return Target(path.name, network=Network(runtime.eval()), of=loaded.sha256)  # type: ignore[attr-defined]
    return Target(path.name, model=model_of(runtime), of=loaded.sha256)


def read_by(model: "Model | None", table: "Table", label: str) -> "Table":
    """The columns that a model reads, and the label; all of them where it names none.

    Raises:
        InputError: the table lacks a column that the model reads, or the label is one of them.
    """
    names = [] if model is None else [port.name for port in model.inputs]
    if label in names:
        raise InputError(
            f"the model reads the column {label!r}, so that it cannot be the label",
            where=table.place,
            remedy="name the column of true classes with --label",
        )
    if len(names) == 1 and names[0] not in table.columns:  # one matrix, whose name is none of a column
        return table
    missing = [name for name in names if name not in table.columns]
    if missing:
        shown = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")  # noqa: PLR2004
        raise InputError(
            f"the model reads columns that are not there: {shown}", where=table.place, remedy="give a table with them"
        )
    kept = [name for name in table.columns if name in names or name == label]
    return table.select(kept) if names else table


def with_gradients(target: Target, path: Path, x: "NDArray[np.float32]") -> Target:
    """The same target with a network where its file can be converted; else with the reason why not.

    Raises:
        InputError: the file changed since it was loaded.
    """
    from redan.models.model import OnnxModel

    if target.network is not None or not isinstance(target.model, OnnxModel):
        return target
    from redan.extras import missing_import

    missing = missing_import("torch")
    if missing is not None:
        raise MissingExtraError("torch", missing)
    from redan.attacks.evasion.network import CHUNK, Network
    from redan.models.torch_onnx.conversion import converted

    try:
        data, pieces = _bytes(path)
        made = converted(data, target.model, x, pieces=pieces)
    except MissingExtraError:
        raise
    except IncompleteError as error:
        note = f"There are no gradients, since {_lower(error.what)}; it is attacked by queries."
        return target._replace(notes=(note,))
    note = f"Gradients are those of the {made.ending} of the ONNX graph, which differs from onnxruntime by "
    asked = Network(made.module, chunk=max(1, min(CHUNK, len(x))))  # a few samples are not filled up to many
    return target._replace(network=asked, notes=(note + f"{made.difference:.0e} at most.",))


def _bytes(path: Path) -> tuple[bytes, dict[str, bytes]]:
    """The file again, with its external tensors; the conversion compares its answers with what was loaded."""
    from redan.files import read_bounded
    from redan.models.onnx_external import locations

    data = read_bounded(path, LIMIT_BYTES)
    return data, {name: read_bounded(path.parent / name, LIMIT_BYTES) for name in locations(data)}


def source_of_target(target: Target) -> "Source":
    """What answers, with counts that begin at zero.

    Raises:
        InputError: it cannot be asked with arrays.
    """
    from redan.attacks.sources import source_of

    of: Any = target.endpoint if target.endpoint is not None else target.model
    return source_of(target.network if of is None else of)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
