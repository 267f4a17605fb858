"""A model, a file of samples and what is wanted: the campaign that fits them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from redan.attacks.campaign.inputs import Arrays, Target, asked_of, read_arrays, read_by, with_gradients
from redan.attacks.campaign.tried import Tried
from redan.attacks.threat import Threat
from redan.errors import UsageError

if TYPE_CHECKING:
    from redan.attacks.evasion.running import Progress


class Wanted(NamedTuple):
    """What is wanted of a campaign.

    Args:
        threat: norm, radius and box.
        suite: attacks.
        label: column of classes.
        constraints: rules of a table's columns.
        samples: at most.
        queries: for each sample.
        radii: further ones.
        work: file that keeps what is done.
        seed: of every choice.
        progress: is told how far it is.
        watched: samples of the failure checks.
    """

    threat: Threat
    suite: str = "standard"
    label: str | None = None
    constraints: Path | None = None
    samples: int = 1000
    queries: int = 1000
    radii: tuple[float, ...] = ()
    work: Path | None = None
    seed: int = 0
    progress: "Callable[[Progress], None] | None" = None
    watched: int = 64


def try_model(target: Callable[[], Target], path: Path, data: Path, wanted: Wanted) -> Tried:
    """Attacks a model with samples of a file: by gradients where it has some, else by queries; a table by its rules.

    Args:
        target: opens the model, once the samples are read.
        path: of the model.
        data: an `.npz` with arrays x and y, or a table.
        wanted: of the campaign.

    Raises:
        UsageError: an option is missing or contradicts another.
        InputError: a file cannot be read, or model and data do not fit.
        IncompleteError: the model does not answer any more.
    """
    arrays = data.suffix.lower() == ".npz"
    if arrays and (wanted.label or wanted.constraints):
        raise UsageError("an .npz has no columns", where=str(data), remedy="leave out --label and --constraints")
    if not arrays and wanted.label is None:
        raise UsageError("a table needs its label", where=str(data), remedy="name it with --label")
    read = read_arrays(data, wanted.samples, wanted.seed) if arrays else None
    if read is None:
        return _on_rows(target(), data, wanted)
    return _on_arrays(target(), path, read, wanted)


def _on_rows(target: Target, data: Path, wanted: Wanted) -> Tried:
    from redan.attacks.campaign.rows import RowsWanted, attack_rows
    from redan.attacks.tables.encode import rows_of
    from redan.attacks.tables.reading import read_rules
    from redan.attacks.tables.rules import Rules as TableRules
    from redan.tables import open_table

    if target.network is not None:
        raise UsageError("a network reads arrays, not a table", where=str(data), remedy="give an .npz with x and y")
    rules = TableRules(others="free") if wanted.constraints is None else read_rules(wanted.constraints)
    table = read_by(target.model, open_table(data), wanted.label or "")
    rows = rows_of(table, wanted.label or "", rules, limit=wanted.samples, seed=wanted.seed)
    order = RowsWanted(wanted.threat, wanted.queries, wanted.seed, ruled=wanted.constraints is not None)
    return attack_rows(target.endpoint if target.model is None else target.model, rows, order)


def _on_arrays(target: Target, path: Path, read: Arrays, wanted: Wanted) -> Tried:
    target = target if wanted.suite == "queries" else with_gradients(target, path, read.x)
    if target.network is None or wanted.suite == "queries":
        from redan.attacks.campaign.black_box import Asking, attack_by_queries

        queries, labels = asked_of(target)
        places = queries.indices(read.y)
        made = attack_by_queries(queries, labels, read.x, places, Asking(wanted.threat, wanted.queries, wanted.seed))
        return replace(made, notes=(*target.notes, *made.notes))
    from redan.attacks.campaign.white_box import Campaign, attack_network

    campaign = Campaign(
        wanted.threat, wanted.suite, wanted.radii, wanted.seed, wanted.work, wanted.progress, wanted.watched
    )
    if wanted.suite == "minimum":
        from redan.attacks.campaign.minimum import attack_minimum

        made = attack_minimum(target.network, read.x, read.y, campaign)
    else:
        made = attack_network(target.network, read.x, read.y, campaign)
    return replace(made, notes=(*target.notes, *made.notes))
