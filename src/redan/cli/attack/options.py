"""Options that verbs of `redan attack` share: one declaration and one help for each meaning."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from redan.attacks.campaign.inputs import Opening
from redan.attacks.campaign.parts import LOCAL, Cluster
from redan.cli.data.answer import there, writable
from redan.errors import UsageError

DEFAULT_WORKERS = 2
_ADDRESS = ("http://", "https://")


def _workable(path: Path | None) -> Path | None:
    """A file of work, which is appended to and so needs its folder; an option's callback.

    Raises:
        UsageError: it cannot be written.
    """
    if path is not None and not path.parent.is_dir():
        raise UsageError("its folder is not there", where=str(path), remedy="make the folder, or name another file")
    return writable(path)


MODEL = typer.Option("--model", metavar="FILE", help="ONNX or skops file, or an endpoint's address.")
Model = Annotated[str, MODEL]
Data = Annotated[
    Path, typer.Option("--data", metavar="FILE", callback=there, help="An .npz with arrays x and y, or a table.")
]
Label = Annotated[str | None, typer.Option("--label", metavar="COLUMN", help="Column of classes; for a table.")]
Name = Annotated[str | None, typer.Option("--name", metavar="MODEL", help="The model's name at an endpoint.")]
Box = Annotated[tuple[float, float], typer.Option("--box", metavar="LOW HIGH", help="Least and largest valid value.")]
Answers = Annotated[
    list[str] | None,
    typer.Option(
        "--answers",
        metavar="FORM",
        help="Such as probabilities:2, top-k:3, label; the first is judged, further ones are compared with it.",
    ),
]
Unsafe = Annotated[bool, typer.Option("--unsafe-format", help="Load formats that run code, such as TorchScript.")]
Trusted = Annotated[
    list[str] | None, typer.Option("--trust-type", metavar="TYPE", help="A type of a skops file; may be repeated.")
]
Work = Annotated[
    Path | None,
    typer.Option(
        "--work", metavar="FILE", callback=_workable, help="Keeps what is done; the same call goes on from it."
    ),
]
Workers = Annotated[
    int, typer.Option("--workers", min=0, metavar="N", help="Processes that share the parts, through Ray; 0 for none.")
]
Ray = Annotated[
    str | None, typer.Option("--ray", metavar="ADDRESS", help="A Ray cluster whose workers share the parts, or local.")
]


def cluster_of(address: str | None, workers: int) -> Cluster | None:
    """The cluster that two options ask for; None where neither does.

    Args:
        address: of Ray, or `local`.
        workers: processes; 0 for the default number.
    """
    return None if address is None and not workers else Cluster(address or LOCAL, workers or DEFAULT_WORKERS)


def opening_of(model: str, name: str | None, trusted: Sequence[str] | None, unsafe_format: bool) -> Opening:
    """A model as the options name it."""
    return Opening(model, name, tuple(trusted or ()), unsafe_format)


def files_of(model: str, *data: Path) -> list[Path]:
    """What an attack reads; an address is no file."""
    return [*data] if model.startswith(_ADDRESS) else [Path(model), *data]


def endpoint_of(model: str | None, name: str | None) -> str:
    """The model at an endpoint, for the head of a page; the empty string for a file."""
    if model is None or not model.startswith(_ADDRESS):
        return ""
    host = urlsplit(model).netloc.rpartition("@")[2]  # who asks stands before it, and with what
    return f"{name} at {host}" if name else host
